"""How long our calls keep the pipeline waiting: the last few thousand, and the worst of all."""

from __future__ import annotations

from collections import deque

REMEMBERED = 4096


class Timings:
    """Durations in nanoseconds. Taking one needs no lock.

    >>> timings = Timings()
    >>> for nanoseconds in (5_000, 7_000, 6_000):
    ...     timings.take(nanoseconds)
    >>> timings.seconds()
    {'p50': 6e-06, 'p99': 7e-06, 'max': 7e-06}
    """

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=REMEMBERED)
        self._worst = 0

    def take(self, nanoseconds: int) -> None:
        """Remember one duration."""
        self._recent.append(nanoseconds)
        if nanoseconds > self._worst:
            self._worst = nanoseconds

    def seconds(self) -> dict[str, float]:
        """Median and 99th percentile of the recent ones, and the longest of all; empty where there are none."""
        recent = sorted(self._recent.copy())
        if not recent:
            return {}
        p50, p99 = recent[len(recent) // 2], recent[int(len(recent) * 0.99)]
        return {"p50": p50 / 1e9, "p99": p99 / 1e9, "max": self._worst / 1e9}
