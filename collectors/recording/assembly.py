"""Turn finished runs of this process into records, on a thread of their own."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from collectors.building.pieces import LargeRun, pieces_of_recorded
from collectors.building.record import columns_of_recorded
from collectors.delivery.road import Finished, Road, RunKey
from collectors.flight_recorder import RunJournal
from collectors.recording.large_runs import LARGE, LargeRuns
from collectors.recording.live import LiveFeed
from collectors.recording.open_runs import FINISHED, OpenRun, OpenRuns
from collectors.worker import Worker
from otel_tracking.columns import RecordColumns, RecordInPieces
from otel_tracking.record import FinishReason
from otel_tracking.taxonomy import broken_rules

_log = logging.getLogger("otel_tracking")

_PLACE = ("item_type", "stage", "stage_iteration", "loop_iteration")

MAX_UNBUILT = 512
"""Finished runs that may wait, as they are, for sinks that keep up; with more, records are built and put aside."""


class Assembly:
    """Builds records off the pipeline's thread."""

    def __init__(self, road: Road, *, grace: float, max_age: float) -> None:
        self._road, self._grace, self._max_age = road, grace, max_age
        self._worker = Worker("otel-tracking assembly", self._met)
        self._large = LargeRuns(self._met)
        self._remember: Callable[[OpenRun], None] = lambda run: None
        self.unusual: Counter[str] = Counter()

    def start(self, open_runs: OpenRuns, live: LiveFeed) -> None:
        """Begin with what was taken; from now on look for runs of `open_runs` that are overdue."""
        self._remember = live.remember
        look = partial(open_runs.take_overdue, grace=self._grace, max_age=self._max_age)
        self._worker.start(look, min(1.0, self._grace / 4))

    def take(self, run: OpenRun, reason: FinishReason) -> None:
        """Queue a finished run; called on the pipeline's thread, so it only remembers."""
        key = (run.trace_id, run.revision)
        self._road.expect(key)
        # Its journal too: a late span may give the run a new one before this is built.
        self._worker.put(partial(self._assemble, run, reason, key, run.journal))

    def close(self, timeout: float) -> None:
        """Build what is queued and stop."""
        time_is_up = time.monotonic() + timeout

        def left() -> float:
            return max(0.1, time_is_up - time.monotonic())

        self._road.room.hurry()
        # Large runs are sent off by what is queued here, and come back once they were looked at.
        self._worker.settle(left())
        self._large.stop(left())
        self._worker.stop(left())
        self._road.wait_no_more()

    def _assemble(self, run: OpenRun, reason: FinishReason, key: RunKey, journal: RunJournal) -> None:
        if self._worker.waiting < MAX_UNBUILT:
            self._road.room.wait_for_room()
        ending: dict[str, Any] = {"finish_reason": reason, "revision": key[1], "late_spans": run.late_spans}
        spans, carry = run.spans(), partial(self._carry, run, reason, key, journal)
        if len(run.log) < LARGE:
            return carry(partial(columns_of_recorded, spans, **ending))
        return self._large.put(partial(self._look_at_large, partial(pieces_of_recorded, spans, **ending), carry))

    def _look_at_large(self, look: Callable[[], LargeRun], carry: Callable[..., None]) -> None:
        """On the thread of large runs. What stands in the way of it is met where the record is carried on."""
        try:
            large = look()
            complaints = _complaints_of(large.places)
            self._worker.put(partial(carry, lambda: large.record, complaints))
        except Exception as trouble:
            self._worker.put(partial(carry, partial(_raise, trouble)))

    def _carry(
        self,
        run: OpenRun,
        reason: FinishReason,
        key: RunKey,
        journal: RunJournal,
        build: Callable[[], RecordColumns | RecordInPieces],
        complaints: Counter[str] | None = None,
    ) -> None:
        try:
            self._road.carry(Finished(key, build, partial(self._may_go, run, complaints), journal.free))
        except Exception as trouble:
            # The run stays in its journal: whoever mends the fault can still recover it.
            self._road.troubles.counts["build"] += 1
            _log.error("a run could not be built into a record (%s); its journal is kept", type(trouble).__name__)
            return self._road.give_up(key)
        run.tell((FINISHED, str(reason)))

    def _may_go(self, run: OpenRun, complaints: Counter[str] | None, columns: RecordColumns | RecordInPieces) -> bool:
        """Every record may; it is counted, and what is unusual in it is told."""
        counts, head = self._road.counts, columns.head
        counts["lossy_values"] += head.lossy_values
        counts["late_spans"] += head.late_spans
        counts["dropped"] += head.dropped
        if isinstance(columns, RecordColumns):
            complaints = _complaints_of(zip(*map(columns.items.__getitem__, _PLACE), strict=True))
        for complaint, count in (complaints or {}).items():
            self._warn_of(complaint, count)
        self._remember(run)
        return True

    def _warn_of(self, complaint: str, count: int) -> None:
        if complaint not in self.unusual:
            _log.warning("unusual item: %s (docs/taxonomy.md); it was recorded as it is", complaint)
        self.unusual[complaint] += count

    def _met(self, trouble: BaseException) -> None:
        # Without this thread no run would ever become a record again.
        self._road.troubles.counts["assembly"] += 1
        _log.error("the assembly of records met %s and goes on", type(trouble).__name__)


def _complaints_of(places: Iterable[tuple[Any, ...]]) -> Counter[str]:
    """What is unusual about where items are, and how often."""
    return Counter(complaint for place in places for complaint in broken_rules(*place))


def _raise(trouble: Exception) -> RecordColumns:
    raise trouble
