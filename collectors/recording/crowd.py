"""Which of the open runs makes room when there are too many: the one that has been idle longest, and each but once.

Handing a run over makes room where nobody will go on with it. One that is gone on with is held by its scope all the
same, and its next item opens it again: after that it is no longer counted, or a crowd would be handed over in turns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from otel_tracking.span_event import Frame

RUN_BYTES = 8 * 1024
"""What an open run takes in memory before anything is logged."""

ENTRY_BYTES = 400
"""What an entry of its log takes beside the values."""


class Logged(Protocol):
    """What there is to know of an open run: its log, how far it was weighed, and how often it was handed over."""

    trace_id: int
    log: list[Any]
    revision: int
    weighed: int
    weight: int


R = TypeVar("R", bound=Logged)


class Crowd:
    """Who has been idle longest, without a step on the way of an item: each run's log says when it was last busy.

    The caller holds the lock of the open runs.
    """

    def __init__(self) -> None:
        self._line: list[tuple[int, int]] = []

    def idlest(self, runs: Mapping[int, R]) -> R | None:
        """The run that has been idle longest of those that were never handed over; None where there is none."""
        # Whoever moved since they were lined up is busier than all who did not: one sorting serves for many.
        found = self._next(runs)
        if found is None:
            self._line_up(runs)
            found = self._next(runs)
        return found

    def _next(self, runs: Mapping[int, R]) -> R | None:
        while self._line:
            trace_id, entries = self._line.pop()
            run = runs.get(trace_id)
            if run is not None and not run.revision and len(run.log) == entries:
                return run
        return None

    def _line_up(self, runs: Mapping[int, Logged]) -> None:
        busy = [(_busy_at(run), run.trace_id, len(run.log)) for run in runs.values() if run.log and not run.revision]
        self._line = [(trace_id, entries) for _, trace_id, entries in sorted(busy, reverse=True)]


def weigh(run: Logged) -> int:
    """Bytes that an open run holds; what was weighed before is not looked at again. For one thread at a time."""
    if len(run.log) > run.weighed:
        fresh = run.log[run.weighed :]
        frames = [entry for entry in fresh if isinstance(entry, Frame)]
        run.weighed += len(fresh)
        run.weight += ENTRY_BYTES * len(fresh) + sum([len(frame.payload) for frame in frames])
        run.weight += sum([len(frame.media.data) for frame in frames if frame.media])
    return RUN_BYTES + run.weight


def _busy_at(run: Logged) -> float:
    """When something was last logged in a run, as its own clock says."""
    last = run.log[-1]
    if isinstance(last, Frame):
        return last.timestamp
    span = last[1]
    return float(span.end_ns or span.start_ns or math.inf)
