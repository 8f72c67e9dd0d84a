"""Trace and span ids from the operating system's random numbers.

The SDK's generator draws from Python's global `random`: a pipeline that seeds it would repeat ids, and tracking
would change the pipeline's random numbers.
"""

from __future__ import annotations

import os
import struct

from collectors.forks import watch

_DRAWN_AT_ONCE = 512
_WORDS = struct.Struct(f"{_DRAWN_AT_ONCE}Q")


class SystemIdGenerator:
    """Ids from `os.urandom`, never zero. Many are drawn at once, and none is ever given out twice, or across a fork."""

    def __init__(self) -> None:
        self.after_fork()
        watch(self)

    def generate_span_id(self) -> int:
        """A random 64-bit id."""
        try:
            return self._take()  # one step in C: no two threads take the same
        except IndexError:
            return self._draw()

    def generate_trace_id(self) -> int:
        """A random 128-bit id."""
        return self.generate_span_id() << 64 | self.generate_span_id()

    def after_fork(self) -> None:
        """Forget what was drawn: a child that kept its parent's numbers would give out its parent's ids."""
        self._drawn: list[int] = []
        self._take = self._drawn.pop

    def _draw(self) -> int:
        drawn: list[int] = [word for word in _WORDS.unpack(os.urandom(_WORDS.size)) if word]
        number = drawn.pop()
        self._drawn.extend(drawn)
        return number
