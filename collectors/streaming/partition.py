"""What has come in one partition of a stream and is not stored yet, and up to where it may be forgotten.

The position of a partition is the place of the first message that something unfinished came in: a run that is open, or
one that is due and not committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from collectors.receiving.remote_run import RemoteRun
from collectors.receiving.runs import Due, Refusal, RemoteRuns
from collectors.receiving.sorting import Sorted
from collectors.receiving.spool import InSpool
from collectors.receiving.trace_id import TraceId
from collectors.streaming.messages import Message

SETTLED_BYTES = 2**20
"""Of messages whose runs are records and still in memory: the table has them all, and there are many partitions."""


class StreamPatience(NamedTuple):
    """How long a run is waited for, in seconds of the messages' time.

    `grace` for what is missing after its end, `spill` for a run of which nothing more is heard, `age` for one that
    could not be spilled. A run that is whole waits for nothing; what is missing of another may be in a queue of a
    Collector that was down, behind minutes of what it has taken since.
    """

    grace: float = 600.0
    spill: float = 1800.0
    age: float = 6 * 3600.0


class TakenSpans(NamedTuple):
    """What came of a message: runs that are due, and what is not taken of it.

    `missed` is how many messages before it the broker had no more; it is negative where the topic has begun anew.
    """

    due: list[Due]
    refused: list[Refusal]
    missed: int = 0


class Partition:
    """One partition, from a position on."""

    def __init__(
        self,
        number: int,
        position: int | None,
        patience: StreamPatience,
        is_at_end: Callable[[], bool],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.number, self._next, self._patience = number, position, patience
        self._is_at_end, self._now, self._newest = is_at_end, now, 0.0
        self._runs = RemoteRuns(
            grace=patience.grace,
            patience=patience.spill,
            max_age=patience.age,
            clock=self._time,
            now_ns=self._now_ns,
            forgets=False,
        )
        self._unfinished: dict[int, set[TraceId]] = {}

    @property
    def position(self) -> int | None:
        """Where somebody else would have to read on; None where nothing has been read."""
        # Not the first that came: a topic that was made anew begins with small numbers again.
        return min(self._unfinished, default=self._next)

    @property
    def open_runs(self) -> int:
        """How many runs have not ended."""
        return len(self._runs)

    def knows(self, trace_id: TraceId) -> bool:
        """Whether it is known what the spans of this trace were."""
        return self._runs.remembers(trace_id)

    def recall(self, run: RemoteRun) -> None:
        """Know a run again: one that is a record, or one that was spilled, which has no revision yet."""
        if run.revision:
            self._runs.recall(run)
        else:
            self._runs.reopen(run)

    def take(self, message: Message, found: Sorted) -> TakenSpans:
        """Take what a message brought of our runs."""
        missed = 0 if self._next is None else message.offset - self._next
        # Whoever wrote a message has a clock too, and it may be wrong: nothing was written later than now.
        self._newest = max(self._newest, min(message.time_s, self._now()))
        self._next = message.offset + 1
        taken = TakenSpans([], [], missed)
        place, share = InSpool(self.number, message.offset), len(message.body) // max(1, found.span_count)
        for trace_id, spans in found.ours.items():
            self._unfinished.setdefault(message.offset, set()).add(trace_id)
            intake = self._runs.take(spans, share * len(spans), place)
            taken.due.extend(intake.due)
            taken.refused.extend(intake.refused)
            if trace_id in intake.unchanged or any(refusal.trace_id == trace_id for refusal in intake.refused):
                self.finish(trace_id, [place])
        return taken

    def overdue(self) -> list[Due]:
        """The runs that have been waited for long enough."""
        return self._runs.overdue()

    def silent(self) -> list[RemoteRun]:
        """The runs that did not end and of which nothing more is heard."""
        return self._runs.silent(self._patience.spill)

    def drop(self, run: RemoteRun) -> None:
        """Forget a run that was spilled."""
        self._runs.drop(run.trace_id)
        self.finish(run.trace_id, run.places)

    def finish(self, trace_id: TraceId, places: Iterable[InSpool]) -> None:
        """What these messages brought of a run is durable, or will never be more than it is."""
        for _, offset in places:
            traces = self._unfinished.get(offset)
            if traces is not None:
                traces.discard(trace_id)
                if not traces:
                    del self._unfinished[offset]

    def give_up(self, offset: int) -> None:
        """A message could not be taken, for whatever reason: nothing more will come of it."""
        self._next = max(self._next or 0, offset + 1)
        self._unfinished.pop(offset, None)

    def forget(self) -> None:
        """What was taken so far is committed: of runs that are records the table knows, and memory has an end."""
        self._runs.forget(SETTLED_BYTES)

    def position_after(self, committed: Collection[Due]) -> int | None:
        """The position that will be the partition's once these runs are committed."""
        done = {(offset, due.trace_id) for due in committed for _, offset in due.places}
        waiting = (
            offset
            for offset, traces in self._unfinished.items()
            if any((offset, trace_id) not in done for trace_id in traces)
        )
        return min(waiting, default=self._next)

    def _time(self) -> float:
        # At the end of what there is, nothing will come to say that time has passed.
        return max(self._newest, self._now()) if self._is_at_end() else self._newest

    def _now_ns(self) -> int:
        return int(self._now() * 1e9)
