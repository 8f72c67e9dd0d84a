"""Trace and span ids from the operating system's random numbers.

The SDK's generator draws from Python's global `random`: a pipeline that seeds it would repeat ids, and tracking
would change the pipeline's random numbers.
"""

from __future__ import annotations

import os
import threading

from collectors.forks import watch

_DRAWN_AT_ONCE = 1024


class SystemIdGenerator:
    """Ids from `os.urandom`, never zero. Bytes are drawn many at once, per thread and never across a fork."""

    def __init__(self) -> None:
        self.after_fork()
        watch(self)

    def generate_span_id(self) -> int:
        """A random 64-bit id."""
        return int.from_bytes(self._draw()) or self.generate_span_id()

    def generate_trace_id(self) -> int:
        """A random 128-bit id."""
        return int.from_bytes(self._draw() + self._draw()) or self.generate_trace_id()

    def _draw(self) -> bytes:
        try:
            word: bytes = self._pool.words.pop()
        except (AttributeError, IndexError):
            drawn = os.urandom(8 * _DRAWN_AT_ONCE)
            words: list[bytes] = [drawn[at : at + 8] for at in range(0, len(drawn), 8)]
            self._pool.words = words
            word = words.pop()
        return word

    def after_fork(self) -> None:
        """Forget what was drawn: a child that kept its parent's bytes would give out its parent's ids."""
        self._pool = threading.local()
