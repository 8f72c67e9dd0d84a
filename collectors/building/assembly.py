"""Turn finished runs into records, on a thread of their own, and see them to the sinks."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from collectors.building.record import build_record
from collectors.delivery.lanes import Parcel, SinkLane
from collectors.delivery.spill import Spill
from collectors.delivery.waiting_room import WaitingRoom
from collectors.flight_recorder import RunJournal
from collectors.recording.live import LiveFeed
from collectors.recording.open_runs import FINISHED, OpenRun, OpenRuns
from collectors.recording.recorded_span import SpanData
from collectors.spans.finished import from_recorded
from otel_tracking.errors import Troubles
from otel_tracking.record import ExecutionRecord, FinishReason
from otel_tracking.taxonomy import broken_rules

_log = logging.getLogger("otel_tracking")

MAX_UNBUILT = 512
"""Finished runs that may wait, as they are, for sinks that keep up; with more, records are built and put aside."""

_Key = tuple[int, int]
_Job = tuple[OpenRun, FinishReason, int, RunJournal]


class Assembly:
    """Builds records off the pipeline's thread; knows which of them are not durable yet."""

    def __init__(
        self,
        lanes: Sequence[SinkLane],
        troubles: Troubles,
        *,
        grace: float,
        max_age: float,
        waiting_room: WaitingRoom | None = None,
    ) -> None:
        self._lanes, self._troubles = lanes, troubles
        self._grace, self._max_age = grace, max_age
        self.waiting_room = waiting_room or WaitingRoom(Spill(None, "default"), troubles)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._outstanding: set[_Key] = set()
        self._unbuilt: set[_Key] = set()
        self._closed = False
        self._durable = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="otel-tracking assembly", daemon=True)
        self.counts: Counter[str] = Counter()
        self.unusual: Counter[str] = Counter()
        self.open_runs: OpenRuns | None = None
        self.live: LiveFeed | None = None

    def start(self, open_runs: OpenRuns, live: LiveFeed) -> None:
        """Begin with the runs of `open_runs`."""
        self.open_runs, self.live = open_runs, live
        self._thread.start()

    def take(self, run: OpenRun, reason: FinishReason) -> None:
        """Queue a finished run; called on the pipeline's thread, so it only remembers."""
        self._outstanding.add((run.trace_id, run.revision))
        # Its journal too: a late span may give the run a new one before this is built.
        self._jobs.put((run, reason, run.revision, run.journal))

    def flush(self, timeout: float | None) -> bool:
        """Wait until every record that is on its way now is durable; False where time ran out or one cannot be."""
        waited_for = set(self._outstanding)
        with self._durable:
            self._durable.wait_for(lambda: self._closed or waited_for & self._outstanding <= self._unbuilt, timeout)
            return waited_for.isdisjoint(self._outstanding)

    @property
    def outstanding(self) -> int:
        """Records that are not durable yet."""
        return len(self._outstanding)

    def close(self, timeout: float) -> None:
        """Build what is queued and stop."""
        self.waiting_room.hurry()
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)
        with self._durable:
            self._closed = True
            self._durable.notify_all()

    def _work(self) -> None:
        looked_at = time.monotonic()
        while True:
            try:
                job = self._jobs.get(timeout=min(1.0, self._grace / 4))
            except queue.Empty:
                job = (None, None, 0, None)  # type: ignore[assignment]  # nobody finished: only look for overdue runs
            if job is None:
                return
            try:
                if job[0] is not None:
                    if self._jobs.qsize() < MAX_UNBUILT:
                        self.waiting_room.wait_for_room()
                    self._assemble(*job)
                if time.monotonic() - looked_at >= min(1.0, self._grace / 4) and self.open_runs:
                    looked_at = time.monotonic()
                    self.open_runs.take_overdue(grace=self._grace, max_age=self._max_age)
            except Exception as trouble:
                # Without this thread no run would ever become a record again.
                self._troubles.counts["assembly"] += 1
                _log.error("the assembly of records met %s and goes on", type(trouble).__name__)
            # Otherwise the last run, and its media, would live on until the next.
            del job

    def _assemble(self, run: OpenRun, reason: FinishReason, revision: int, journal: RunJournal) -> None:
        build = partial(_build, run.spans(), reason, revision, run.late_spans)
        try:
            record = build()
        except Exception as trouble:
            # The run stays in its journal: whoever mends the fault can still recover it.
            self._troubles.counts["build"] += 1
            _log.error("a run could not be built into a record (%s); its journal is kept", type(trouble).__name__)
            return self._cannot_be_built((run.trace_id, revision))
        self._count(record)
        if self.live:
            self.live.remember(run)

        self._deliver(record, build, (run.trace_id, revision), journal)
        run.tell((FINISHED, str(reason)))

    def _deliver(
        self, record: ExecutionRecord, build: Callable[[], ExecutionRecord], key: _Key, journal: RunJournal
    ) -> None:
        parcel = Parcel(record, len(self._lanes), partial(self._is_durable, key, journal), build)
        if not self._lanes:
            return self._is_durable(key, journal, parcel)
        self._prepare(parcel)
        self.waiting_room.admit(parcel, journal)
        for lane in self._lanes:
            lane.put(parcel)

    def _prepare(self, parcel: Parcel) -> None:
        try:
            parcel.prepare_for([lane.sink for lane in self._lanes])
        except Exception as trouble:
            # Its sink will meet the same trouble with the record.
            self._troubles.note("prepare", trouble)

    def _is_durable(self, key: _Key, journal: RunJournal, parcel: Parcel) -> None:
        journal.free()
        self.waiting_room.leave(parcel)
        with self._durable:
            self._outstanding.discard(key)
            self._durable.notify_all()

    def _cannot_be_built(self, key: _Key) -> None:
        with self._durable:
            self._unbuilt.add(key)
            self._durable.notify_all()

    def _count(self, record: ExecutionRecord) -> None:
        self.counts["records"] += 1
        self.counts["items"] += len(record.items)
        self.counts["lossy_values"] += record.lossy_values
        self.counts["late_spans"] += record.late_spans
        self.counts["dropped"] += record.dropped
        for item in record.items:
            for complaint in broken_rules(item.item_type, item.stage, item.stage_iteration, item.loop_iteration):
                self._warn_of(complaint)

    def _warn_of(self, complaint: str) -> None:
        if complaint not in self.unusual:
            _log.warning("unusual item: %s (docs/taxonomy.md); it was recorded as it is", complaint)
        self.unusual[complaint] += 1


def _build(spans: Sequence[SpanData], reason: FinishReason, revision: int, late_spans: int) -> ExecutionRecord:
    finished = map(from_recorded, spans)
    return build_record(finished, finish_reason=reason, revision=revision, late_spans=late_spans)
