"""Read a stream, build the records of its runs, and commit them with the positions that they came from."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from collectors.receiving.erased_runs import IsErased
from collectors.receiving.runs import Due
from collectors.receiving.trace_id import TraceId
from collectors.streaming.intake import MessageIntake
from collectors.streaming.ledger import Ledger
from collectors.streaming.messages import Message, MessageSource
from collectors.streaming.partition import Partition, StreamPatience
from collectors.streaming.records import make_record, so_far, spans_of
from otel_tracking.record import ExecutionRecord

_log = logging.getLogger("otel_tracking")

Form = TypeVar("Form")

COMMIT_SECONDS, COMMIT_RUNS, COMMIT_BYTES = 2.0, 2_000, 32 * 2**20
"""A commit on object storage takes some 100 ms, whatever is in it: rarely enough, and nobody waits for long.
What was read is in memory until then."""
POLL_SECONDS, RETRY_SECONDS = 0.2, 1.0
NOT_WRITTEN = "made a record that no row can be made of"

COUNTS = (
    *("messages", "spans", "not_ours", "reduced", "erased", "missed"),
    *("records", "items", "set_aside", "spilled", "commits", "fenced"),
)


class _Run(NamedTuple, Generic[Form]):
    """A run that is to be committed; `form` is None where it is set aside."""

    partition: int
    due: Due
    form: Form | None
    items: int


class StreamWorker(Generic[Form]):
    """One member of a group that reads a topic. For one thread; `health` may be asked by others."""

    def __init__(
        self,
        source: MessageSource,
        ledger: Ledger[Form],
        *,
        patience: StreamPatience | None = None,
        is_erased: IsErased | None = None,
        commit_seconds: float = COMMIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._ledger, self._patience = source, ledger, patience or StreamPatience()
        self._commit_seconds, self._clock = commit_seconds, clock
        self._partitions: dict[int, Partition] = {}
        self._to_open: set[int] = set()
        self.counts: Counter[str] = Counter(dict.fromkeys(COUNTS, 0))
        self._intake = MessageIntake(ledger, is_erased or (lambda _: False), self.counts)
        self._not_taken: Sequence[Message] = ()
        self._runs: list[_Run[Form]] = []
        self._is_dirty, self._next_commit = False, clock() + commit_seconds
        self._taken_bytes, self._is_leaving = 0, False
        self.trouble = ""

    def run(self, stop: threading.Event) -> dict[str, Any]:
        """How the worker was doing when it left the group, having read and committed until `stop` was set."""
        try:
            while not stop.is_set():
                self.step()
            self.commit()
            return self.health()
        finally:
            self._is_leaving = True
            self._source.close()

    def step(self) -> None:
        """Read some messages, and commit where it is time for that. Trouble with the ledger is waited out."""
        polled = self._source.poll(POLL_SECONDS, self)
        # What came of a partition before it is known where to begin is read again from there.
        messages = [*self._not_taken, *(message for message in polled if message.partition in self._partitions)]
        try:
            self._open_new()
            self._intake.take(messages, self._partitions)
        except Exception as trouble:
            self._not_taken = messages
            return self._is_held_up(trouble)
        self._not_taken, self._is_dirty = (), self._is_dirty or bool(messages)
        self._taken_bytes += sum(len(message.body) for message in messages)
        is_much = len(self._intake.due) >= COMMIT_RUNS or self._taken_bytes >= COMMIT_BYTES
        if (is_much and not self.trouble) or self._clock() >= self._next_commit:
            self._look_for_overdue()
            self.commit()

    def health(self) -> dict[str, Any]:
        """How the worker is doing, in counts; `positions` by partition."""
        partitions = dict(self._partitions)
        return {
            **self.counts,
            "open_runs": sum(partition.open_runs for partition in partitions.values()),
            "waiting": len(self._intake.due) + len(self._runs),
            "positions": {number: partition.position for number, partition in sorted(partitions.items())},
            "trouble": self.trouble,
        }

    # What the source says while it is polled.

    def assigned(self, partitions: Sequence[int]) -> None:
        """Begin with these where their last owner had come to, as soon as the ledger says where that is."""
        self._to_open.update(partitions)

    def revoked(self, partitions: Sequence[int]) -> None:
        """Commit what is whole, and forget the rest: whoever is next reads it again."""
        if not self._is_leaving:
            self.commit()
        self.lost(partitions)

    def lost(self, partitions: Sequence[int]) -> None:
        """Forget what came in these."""
        self._ledger.let_go(partitions)
        for number in partitions:
            self._forget(number)

    def _open_new(self) -> None:
        if not self._to_open:
            return
        for number, position in self._ledger.open(sorted(self._to_open)).items():
            self._source.seek(number, position)
            is_at_end = partial(self._source.is_at_end, number)
            self._partitions[number] = Partition(number, position, self._patience, is_at_end)
            self._to_open.discard(number)

    def _forget(self, number: int) -> None:
        self._partitions.pop(number, None)
        self._to_open.discard(number)
        self._intake.forget(number)
        self._runs = [run for run in self._runs if run.partition != number]
        self._not_taken = [message for message in self._not_taken if message.partition != number]

    # Committing.

    def _look_for_overdue(self) -> None:
        for number, partition in self._partitions.items():
            self._intake.due += ((number, due) for due in partition.overdue())
            silent = {run.trace_id: run for run in partition.silent()}
            records = [record for run in silent.values() if (record := so_far(run))]
            if records and self._is_spilled(records):
                for record in records:
                    partition.drop(silent[TraceId(record.trace_id or "0", 16)])
                self.counts["spilled"] += len(records)
                self._is_dirty = True

    def _is_spilled(self, records: Sequence[ExecutionRecord]) -> bool:
        try:
            self._ledger.spill(records)
        except Exception as trouble:  # they hold their partition's position until it can be done
            self._is_held_up(trouble)
            return False
        return True

    def commit(self) -> None:
        """Commit what is due, and how far was read; where that cannot be now, it is kept and tried again."""
        self._next_commit = self._clock() + self._commit_seconds
        due, self._intake.due = self._intake.due, []
        self._runs += [self._prepared(number, one) for number, one in due]
        if not (self._is_dirty or self._runs):
            return self._goes_on()
        forms = [run.form for run in self._runs if run.form is not None]
        positions = self._positions()
        try:
            others = self._ledger.commit(forms, positions, self._intake.asides)
        except Exception as trouble:
            self._runs = [run if self._fits(run) else self._aside(run, NOT_WRITTEN) for run in self._runs]
            return self._is_held_up(trouble)
        if others:
            self._is_fenced(others)
        else:
            self._is_committed(positions)

    def _prepared(self, number: int, due: Due) -> _Run[Form]:
        made = make_record(due)
        complaint = made.complaint
        try:
            if made.columns is not None:
                return _Run(number, due, self._ledger.prepare_columns(made.columns), made.columns.item_count)
        except Exception as trouble:
            complaint = f"{NOT_WRITTEN} ({type(trouble).__name__})"
        return self._aside(_Run(number, due, None, 0), complaint)

    def _fits(self, run: _Run[Form]) -> bool:
        return run.form is None or self._ledger.fits(run.form)

    def _aside(self, run: _Run[Form], reason: str) -> _Run[Form]:
        """Set a run aside, so that it holds nobody up."""
        first = min((place.offset for place in run.due.places), default=0)
        self._intake.set_aside(run.partition, first, run.due.trace_id, reason, spans_of(run.due))
        return run._replace(form=None, items=0)

    def _positions(self) -> dict[int, int]:
        """Where each partition will be once the runs that wait are committed."""
        done: dict[int, list[Due]] = {number: [] for number in self._partitions}
        for run in self._runs:
            done[run.partition].append(run.due)
        after = {number: self._partitions[number].position_after(dues) for number, dues in done.items()}
        return {number: position for number, position in after.items() if position is not None}

    def _is_committed(self, positions: Mapping[int, int]) -> None:
        for run in self._runs:
            self._partitions[run.partition].finish(run.due.trace_id, run.due.places)
            self.counts["records"] += run.form is not None
            self.counts["items"] += run.items
        self.counts["commits"] += 1
        self._runs, self._intake.asides, self._is_dirty, self._taken_bytes = [], [], False, 0
        for partition in self._partitions.values():
            partition.forget()
        self._goes_on()
        self._source.note(positions)

    def _goes_on(self) -> None:
        """What stood in the way is over."""
        if self.trouble:
            _log.warning("records are committed again")
            self.trouble = ""
            self._source.hold(False)

    def _is_fenced(self, others: frozenset[int]) -> None:
        """Another worker has committed: begin again from where it came to, as long as the partition is still ours."""
        self.counts["fenced"] += 1
        mine = [number for number in others if number in self._partitions]
        self.lost(mine)
        self._to_open.update(mine)
        self._next_commit = self._clock()

    def _is_held_up(self, trouble: Exception) -> None:
        """Nothing more is read until it can be committed: what was read is kept, and the group is not left."""
        if not self.trouble:
            _log.error("records cannot be committed, and wait: %s", trouble)
            self._source.hold(True)
        self.trouble = str(trouble)
        self._next_commit = self._clock() + RETRY_SECONDS
