"""Turn finished runs of this process into records, on a thread of their own."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial

from collectors.building.record import columns_of_recorded
from collectors.delivery.road import Finished, Road, RunKey
from collectors.flight_recorder import RunJournal
from collectors.recording.live import LiveFeed
from collectors.recording.open_runs import FINISHED, OpenRun, OpenRuns
from collectors.worker import Worker
from otel_tracking.columns import RecordColumns
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
        self._road.room.hurry()
        self._worker.stop(timeout)
        self._road.wait_no_more()

    def _assemble(self, run: OpenRun, reason: FinishReason, key: RunKey, journal: RunJournal) -> None:
        if self._worker.waiting < MAX_UNBUILT:
            self._road.room.wait_for_room()
        build = partial(
            columns_of_recorded, run.spans(), finish_reason=reason, revision=key[1], late_spans=run.late_spans
        )
        try:
            self._road.carry(Finished(key, build, partial(self._may_go, run), journal.free))
        except Exception as trouble:
            # The run stays in its journal: whoever mends the fault can still recover it.
            self._road.troubles.counts["build"] += 1
            _log.error("a run could not be built into a record (%s); its journal is kept", type(trouble).__name__)
            return self._road.give_up(key)
        run.tell((FINISHED, str(reason)))

    def _may_go(self, run: OpenRun, columns: RecordColumns) -> bool:
        """Every record may; it is counted, and what is unusual in it is told."""
        counts, head = self._road.counts, columns.head
        counts["lossy_values"] += head.lossy_values
        counts["late_spans"] += head.late_spans
        counts["dropped"] += head.dropped
        for place in zip(*map(columns.items.__getitem__, _PLACE), strict=True):
            for complaint in broken_rules(*place):
                self._warn_of(complaint)
        self._remember(run)
        return True

    def _warn_of(self, complaint: str) -> None:
        if complaint not in self.unusual:
            _log.warning("unusual item: %s (docs/taxonomy.md); it was recorded as it is", complaint)
        self.unusual[complaint] += 1

    def _met(self, trouble: BaseException) -> None:
        # Without this thread no run would ever become a record again.
        self._road.troubles.counts["assembly"] += 1
        _log.error("the assembly of records met %s and goes on", type(trouble).__name__)
