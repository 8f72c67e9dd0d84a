"""Make the records of runs that are due, one by one: what cannot be made or stored is set aside and stops nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from collectors.building.identity import RecordIdentity, identity_of_first
from collectors.building.record import build_record
from collectors.delivery.parcel import is_of_the_place
from collectors.delivery.road import Finished, Road, RunKey
from collectors.elsewhere.received_run import ReceivedRun
from collectors.receiving.revisions import IdentifiedRecord, extends
from collectors.receiving.runs import Due
from collectors.receiving.senders import Senders
from collectors.receiving.setting_aside import SettingAside
from collectors.receiving.spool import Spool
from collectors.receiving.stored_runs import LESS_OR_OTHER, OTHER_IDENTITY, OTHER_RECORD, StoredRuns
from otel_tracking import attributes as names
from otel_tracking.columns import RecordColumns

MOST_TRIES = 10
"""How often a record is tried that a disk stands in the way of, before it is set aside."""

NOT_MADE, NOT_WRITTEN = "could not be made a record", "made a record that a sink cannot take"


class RecordMaker:
    """Makes records of runs from elsewhere. For one thread, but for `count_in` and what sinks call.

    `on_aside` is told of a run that was set aside, and whether nothing of it is stored. With `is_elsewhere` all sinks
    make records themselves; so they do of a run of which its root says all that has to be known before.
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
        is_elsewhere: bool = False,
    ) -> None:
        self._road, self._stored, self._senders = road, stored, senders
        self._aside, self._spool = aside, spool
        self._on_aside, self._later, self._is_elsewhere = on_aside, later, is_elsewhere
        self._ids_on_their_way: dict[RunKey, str] = {}
        self._put_off: list[Due] = []
        self._tries: Counter[RunKey] = Counter()

    def count_in(self, due: Due) -> None:
        """A run has become due; `make` comes later."""
        self._road.expect(due.key)

    def make(self, due: Due) -> None:
        """Make the record of a run and see it to the sinks. Never raises."""
        try:
            self._carry(due)
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

    def _carry(self, due: Due) -> None:
        run = ReceivedRun(due.spans, due.reason, due.revision, due.late_spans)
        identity = _identity_said_by_root(due) if self._is_elsewhere else None
        made_there = identity is not None and not self._stored.has(identity)
        if identity and made_there and not self._may_go_unmade(due, identity):
            return
        self._road.carry(
            Finished(
                due.key,
                run.build,
                partial(self._may_go, due),
                partial(self._let_go, due),
                partial(self._is_refused, due),
                run=run if made_there else None,
                on_unbuildable=partial(self._is_unbuildable, due),
            )
        )

    def _may_go_unmade(self, due: Due, identity: RecordIdentity) -> bool:
        """The same as `_may_go` of a run of which nothing is stored, and no record made yet."""
        complaint = self._complaint_about_identity(due, identity) or self._stored.complaint_about_identity(identity)
        return self._may_leave(due, identity, complaint)

    def _may_go(self, due: Due, columns: RecordColumns) -> bool:
        """Whether a record may be stored: one that is there already is done, one that may not be is set aside."""
        if self._stored.is_there(columns):
            self._road.counts["stored_already"] += 1
            self._is_done(due)
            return False
        return self._may_leave(due, columns.head, self._complaint(due, columns))

    def _may_leave(self, due: Due, head: IdentifiedRecord, complaint: str | None) -> bool:
        if complaint is not None:
            self._set_aside(due, complaint)
            return False
        self._senders.remember(due.trace_id, due.sender)
        self._ids_on_their_way[due.key] = head.execution_id
        return True

    def _complaint_about_identity(self, due: Due, head: IdentifiedRecord) -> str | None:
        if head.execution_id not in list(self._ids_on_their_way.values()):
            return None
        on_their_way = list(self._ids_on_their_way.items())
        is_of_another = any(name == head.execution_id and key[0] != due.trace_id for key, name in on_their_way)
        return OTHER_IDENTITY if is_of_another else None

    def _complaint(self, due: Due, columns: RecordColumns) -> str | None:
        if about_identity := self._complaint_about_identity(due, columns.head):
            return about_identity
        complaint = self._stored.complaint(columns)
        if complaint is None and due.fresh:
            # The revision before may be on its way still: what it says is what its spans say.
            before = build_record(span for span in due.spans if span.span_id not in due.fresh)
            complaint = None if extends(before, columns.record()) else LESS_OR_OTHER
        return complaint

    def _is_refused(self, due: Due, trouble: BaseException) -> None:
        self._cannot_be_stored(due, f"{NOT_WRITTEN} ({type(trouble).__name__})")

    def _is_unbuildable(self, due: Due, trouble: BaseException) -> None:
        self._cannot_be_stored(due, f"{NOT_MADE} ({trouble})")

    def _cannot_be_stored(self, due: Due, reason: str) -> None:
        self._ids_on_their_way.pop(due.key, None)
        # A sink's thread says so, and has others to write.
        self._later(partial(self._set_aside, due, reason))

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


def _identity_said_by_root(due: Due) -> RecordIdentity | None:
    """The identity that this run's record will have, by its root alone; None where more may say it."""
    if due.revision > 1 or any(span.name == names.LATE_SPAN for span in due.spans):
        return None
    root = next((span for span in due.spans if span.parent_id is None), None)
    return None if root is None else identity_of_first(root)
