"""Turn finished runs of this process into records, on a thread of their own."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from collectors.building.pieces import pieces_of_recorded
from collectors.delivery.lanes import APART
from collectors.delivery.road import Finished, Road, RunKey
from collectors.elsewhere.recorded_run import RecordedRun
from collectors.elsewhere.writer import Tally, tally_of, tally_of_places
from collectors.flight_recorder import RunJournal
from collectors.recording.large_runs import LARGE, LargeRuns
from collectors.recording.live import LiveFeed
from collectors.recording.open_runs import FINISHED, OpenRun, OpenRuns
from collectors.worker import Worker
from otel_tracking.columns import RecordColumns, RecordInPieces
from otel_tracking.record import FinishReason

_log = logging.getLogger("otel_tracking")

_PLACE = ("item_type", "stage", "stage_iteration", "loop_iteration")

MAX_UNBUILT = 512
"""Finished runs that may wait, as they are, for sinks that keep up; with more, records are built and put aside."""


class Assembly:
    """Builds records off the pipeline's thread."""

    def __init__(self, road: Road, *, grace: float, max_age: float) -> None:
        self._road, self._grace, self._max_age = road, grace, max_age
        self._worker = Worker("otel-tracking assembly", self._met, gather=APART, is_awaited=road.is_awaited)
        road.hurry_too(self._worker.hurry)
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
        if run.wakers:
            self._worker.hurry()  # somebody watches it, and is told of its end there

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
        recorded = RecordedRun(run.spans(), reason, key[1], run.late_spans)
        self._remember(run)
        if len(run.log) < LARGE:
            return self._carry(run, reason, Finished(key, recorded.build, self._may_go, journal.free, run=recorded))
        return self._large.put(partial(self._look_at_large, run, recorded, key, journal))

    def _look_at_large(self, run: OpenRun, recorded: RecordedRun, key: RunKey, journal: RunJournal) -> None:
        """On the thread of large runs. What stands in the way of it is met where the record is carried on."""
        build: Callable[[], RecordColumns | RecordInPieces]
        tally: Tally | None = None
        try:
            large = pieces_of_recorded(**recorded._asdict())
            build, tally = partial(_given, large.record), tally_of_places(large.record, large.places)
        except Exception as trouble:
            build = partial(_raise, trouble)
        may_go = partial(self._may_go, tally=tally)
        finished = Finished(key, build, may_go, journal.free, survives=partial(_is_all_in_the_map, journal))
        self._worker.put(partial(self._carry, run, recorded.finish_reason, finished))

    def _carry(self, run: OpenRun, reason: FinishReason, finished: Finished) -> None:
        try:
            self._road.carry(finished)
        except Exception as trouble:
            # The run stays in its journal: whoever mends the fault can still recover it.
            self._road.troubles.counts["build"] += 1
            _log.error("a run could not be built into a record (%s); its journal is kept", type(trouble).__name__)
            return self._road.give_up(finished.key)
        run.tell((FINISHED, str(reason)))

    def hear_of(self, tally: Tally) -> None:
        """Count a record that was made elsewhere."""
        self._road.counts["items"] += tally.items
        self._count(tally)

    def _count(self, tally: Tally) -> None:
        for name in ("lossy_values", "late_spans", "dropped"):
            self._road.counts[name] += getattr(tally, name)
        for complaint, count in tally.complaints:
            self._warn_of(complaint, count)

    def _may_go(self, columns: Any, tally: Tally | None = None) -> bool:
        """Every record may; it is counted, and what is unusual in it is told."""
        self._count(tally or tally_of(columns))
        return True

    def _warn_of(self, complaint: str, count: int) -> None:
        if complaint not in self.unusual:
            _log.warning("unusual item: %s (docs/taxonomy.md); it was recorded as it is", complaint)
        self.unusual[complaint] += count

    def _met(self, trouble: BaseException) -> None:
        # Without this thread no run would ever become a record again.
        self._road.troubles.counts["assembly"] += 1
        _log.error("the assembly of records met %s and goes on", type(trouble).__name__)


def _is_all_in_the_map(journal: RunJournal) -> bool:
    return journal.is_in_the_map and not journal.waits


def _given(record: RecordInPieces) -> RecordInPieces:
    return record


def _raise(trouble: Exception) -> RecordColumns:
    raise trouble
