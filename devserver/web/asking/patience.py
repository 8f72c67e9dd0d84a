"""How long somebody will wait, judged by the runs of the last while."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from statistics import median

REMEMBERED = 16
"""How many runs the judgement rests on."""

UNKNOWN_SECONDS = 30
LEAST_SECONDS, MOST_SECONDS = 3, 900


def seconds_until(turns: int, lasted: Sequence[float], slots: int) -> int:
    """In how many seconds so many more runs will have ended, where the last ones lasted so long and `slots` go at once.

    >>> seconds_until(3, [20.0, 10.0, 500.0], slots=2)
    30
    >>> seconds_until(1, [], slots=2)
    30
    """
    if not lasted:
        return UNKNOWN_SECONDS
    return min(max(ceil(turns * median(lasted) / max(slots, 1)), LEAST_SECONDS), MOST_SECONDS)
