"""Make the records of runs that are due, one by one: what cannot be made or stored is set aside and stops nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from collectors.building.record import build_record
from collectors.delivery.lanes import is_of_the_place
from collectors.receiving.deliveries import Deliveries
from collectors.receiving.revisions import extends
from collectors.receiving.runs import Due
from collectors.receiving.senders import Senders
from collectors.receiving.setting_aside import SettingAside
from collectors.receiving.spool import Spool
from collectors.receiving.stored_runs import LESS_OR_OTHER, OTHER_IDENTITY, OTHER_RECORD, StoredRuns
from otel_tracking.errors import Troubles

MOST_TRIES = 10
"""How often a record is tried that a disk stands in the way of, before it is set aside."""

NOT_MADE, NOT_WRITTEN = "could not be made a record", "made a record that a sink cannot take"


class RecordMaker:
    """Makes records and sees them to the sinks. For one thread, but for `count_in`, `waiting` and what sinks call.

    `on_aside` is told of a run that was set aside, and whether nothing of it is stored.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        stored: StoredRuns,
        senders: Senders,
        aside: SettingAside,
        spool: Spool,
        troubles: Troubles,
        counts: Counter[str],
        *,
        on_aside: Callable[[Due, bool], None],
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._deliveries, self._stored, self._senders = deliveries, stored, senders
        self._aside, self._spool, self._troubles, self._counts = aside, spool, troubles, counts
        self._on_aside, self._later = on_aside, later
        self._waiting: set[tuple[int, int]] = set()
        self._put_off: list[Due] = []
        self._tries: Counter[tuple[int, int]] = Counter()

    @property
    def waiting(self) -> int:
        """Runs that are due and whose records are not durable yet."""
        return len(self._waiting)

    def count_in(self, due: Due) -> None:
        """A run has become due; `make` comes later."""
        self._waiting.add((due.trace_id, due.revision))

    def make(self, due: Due) -> None:
        """Make the record of a run and see it to the sinks. Never raises."""
        key = (due.trace_id, due.revision)
        try:
            self._make(due)
            self._tries.pop(key, None)
        except Exception as trouble:
            self._tries[key] += 1
            if is_of_the_place(trouble) and self._tries[key] < MOST_TRIES:
                self._troubles.report("spool", trouble)
                self._put_off.append(due)
            else:
                del self._tries[key]
                self._set_aside(due, f"{NOT_MADE} ({type(trouble).__name__})")

    def try_again(self) -> None:
        """Make what a disk stood in the way of."""
        again, self._put_off = self._put_off, []
        for due in again:
            self.make(due)

    def _make(self, due: Due) -> None:
        build = partial(
            build_record, due.spans, finish_reason=due.reason, revision=due.revision, late_spans=due.late_spans
        )
        record = build()
        if self._stored.is_there(record):
            self._counts["stored_already"] += 1
            return self._is_durable(due)
        complaint = OTHER_IDENTITY if self._deliveries.clashes(record) else self._stored.complaint(record)
        if complaint is None and due.fresh:
            # The revision before may be on its way still: what it says is what its spans say.
            before = build_record(span for span in due.spans if span.span_id not in due.fresh)
            complaint = None if extends(before, record) else LESS_OR_OTHER
        if complaint is not None:
            return self._set_aside(due, complaint)
        self._senders.remember(due.trace_id, due.sender)
        self._counts["records"] += 1
        self._counts["items"] += len(record.items)
        self._deliveries.deliver(
            record, build, on_durable=partial(self._is_durable, due), on_refused=partial(self._is_refused, due)
        )

    def _is_refused(self, due: Due, trouble: BaseException) -> None:
        # A sink's thread says so, and has others to write.
        self._later(partial(self._set_aside, due, f"{NOT_WRITTEN} ({type(trouble).__name__})"))

    def _set_aside(self, due: Due, reason: str) -> None:
        # Of a run that is stored only what came now is set aside, and it may go on.
        is_whole = due.revision == 1 and reason != OTHER_RECORD
        # Before anybody can see the entry: whoever takes it up at once lets the run in again.
        self._on_aside(due, is_whole)
        try:
            self._aside.run(due, reason, is_whole=is_whole)
            self._is_durable(due)
        except Exception as trouble:
            # It stays in the spool, for the next start.
            self._troubles.report("quarantine", trouble)
            self._waiting.discard((due.trace_id, due.revision))

    def _is_durable(self, due: Due) -> None:
        self._spool.release(due.places, due.trace_id)
        self._waiting.discard((due.trace_id, due.revision))
