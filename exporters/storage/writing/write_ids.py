"""Number the writes: every stored record gets a number that is larger than all before it."""

from __future__ import annotations

import secrets
import threading
import time

_RANDOM_BITS = 11
"""Microseconds since 1970 and 11 random bits stay below 2^63 until the year 2112."""


class WriteIds:
    """Hands out write ids: increasing within a process, and practically never the same in two.

    >>> ids = WriteIds()
    >>> ids.next(2)[-1] < ids.next(1)[0]
    True
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self, count: int, above: int = 0) -> range:
        """`count` consecutive ids, all greater than any handed out before and than `above`."""
        now = (time.time_ns() // 1000 << _RANDOM_BITS) + secrets.randbits(_RANDOM_BITS)
        with self._lock:
            first = max(now, self._last + 1, above + 1)
            self._last = first + count
        return range(first, first + count)
