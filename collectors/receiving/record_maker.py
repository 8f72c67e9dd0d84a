"""Make the records of runs that are due, one by one: what cannot be made or stored is set aside and stops nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from collectors.building.record import build_columns, build_record
from collectors.delivery.parcel import is_of_the_place
from collectors.delivery.road import Finished, Road, RunKey
from collectors.receiving.revisions import extends
from collectors.receiving.runs import Due
from collectors.receiving.senders import Senders
from collectors.receiving.setting_aside import SettingAside
from collectors.receiving.spool import Spool
from collectors.receiving.stored_runs import LESS_OR_OTHER, OTHER_IDENTITY, OTHER_RECORD, StoredRuns
from otel_tracking.columns import RecordColumns

MOST_TRIES = 10
"""How often a record is tried that a disk stands in the way of, before it is set aside."""

NOT_MADE, NOT_WRITTEN = "could not be made a record", "made a record that a sink cannot take"


class RecordMaker:
    """Makes records of runs from elsewhere. For one thread, but for `count_in` and what sinks call.

    `on_aside` is told of a run that was set aside, and whether nothing of it is stored.
    """

    def __init__(
        self,
        road: Road,
        stored: StoredRuns,
        senders: Senders,
        aside: SettingAside,
        spool: Spool,
        *,
        on_aside: Callable[[Due, bool], None],
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._road, self._stored, self._senders = road, stored, senders
        self._aside, self._spool = aside, spool
        self._on_aside, self._later = on_aside, later
        self._ids_on_their_way: dict[RunKey, str] = {}
        self._put_off: list[Due] = []
        self._tries: Counter[RunKey] = Counter()

    def count_in(self, due: Due) -> None:
        """A run has become due; `make` comes later."""
        self._road.expect(due.key)

    def make(self, due: Due) -> None:
        """Make the record of a run and see it to the sinks. Never raises."""
        build = partial(
            build_columns, due.spans, finish_reason=due.reason, revision=due.revision, late_spans=due.late_spans
        )
        try:
            let_go, refused = partial(self._let_go, due), partial(self._is_refused, due)
            self._road.carry(Finished(due.key, build, partial(self._may_go, due), let_go, refused))
            self._tries.pop(due.key, None)
        except Exception as trouble:
            self._tries[due.key] += 1
            if is_of_the_place(trouble) and self._tries[due.key] < MOST_TRIES:
                self._road.troubles.report("spool", trouble)
                self._put_off.append(due)
            else:
                del self._tries[due.key]
                self._set_aside(due, f"{NOT_MADE} ({type(trouble).__name__})")

    def try_again(self) -> None:
        """Make what a disk stood in the way of."""
        again, self._put_off = self._put_off, []
        for due in again:
            self.make(due)

    def _may_go(self, due: Due, columns: RecordColumns) -> bool:
        """Whether a record may be stored: one that is there already is done, one that may not be is set aside."""
        if self._stored.is_there(columns):
            self._road.counts["stored_already"] += 1
            self._is_done(due)
            return False
        complaint = self._complaint(due, columns)
        if complaint is not None:
            self._set_aside(due, complaint)
            return False
        self._senders.remember(due.trace_id, due.sender)
        self._ids_on_their_way[due.key] = columns.head.execution_id
        return True

    def _complaint(self, due: Due, columns: RecordColumns) -> str | None:
        on_their_way = list(self._ids_on_their_way.items())
        if any(name == columns.head.execution_id and key[0] != due.trace_id for key, name in on_their_way):
            return OTHER_IDENTITY
        complaint = self._stored.complaint(columns)
        if complaint is None and due.fresh:
            # The revision before may be on its way still: what it says is what its spans say.
            before = build_record(span for span in due.spans if span.span_id not in due.fresh)
            complaint = None if extends(before, columns.record()) else LESS_OR_OTHER
        return complaint

    def _is_refused(self, due: Due, trouble: BaseException) -> None:
        self._ids_on_their_way.pop(due.key, None)
        # A sink's thread says so, and has others to write.
        self._later(partial(self._set_aside, due, f"{NOT_WRITTEN} ({type(trouble).__name__})"))

    def _set_aside(self, due: Due, reason: str) -> None:
        # Of a run that is stored only what came now is set aside, and it may go on.
        is_whole = due.revision == 1 and reason != OTHER_RECORD
        # Before anybody can see the entry: whoever takes it up at once lets the run in again.
        self._on_aside(due, is_whole)
        try:
            self._aside.run(due, reason, is_whole=is_whole)
            self._is_done(due)
        except Exception as trouble:
            # It stays in the spool, for the next start.
            self._road.troubles.report("quarantine", trouble)
            self._road.forget(due.key)

    def _let_go(self, due: Due) -> None:
        self._ids_on_their_way.pop(due.key, None)
        self._spool.release(due.places, due.trace_id)

    def _is_done(self, due: Due) -> None:
        self._let_go(due)
        self._road.forget(due.key)
