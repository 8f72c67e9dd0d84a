"""Take the requests of other processes, keep them safe, and see the records of their runs to the sinks."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from collectors.build import build_record
from collectors.delivery import Parcel, Sink, SinkLane
from collectors.otlp import Batch, batches_of_json, batches_of_protobuf
from collectors.otlp_settings import VIEWER
from collectors.receiving.runs import Due, RemoteRuns, Taken
from collectors.receiving.spool import JSON, PROTOBUF, Entry, Spool
from collectors.spans import FinishedSpan
from otel_tracking import attributes as names
from otel_tracking.errors import Troubles
from otel_tracking.tracker import INSTRUMENTATION_NAME

_log = logging.getLogger("otel_tracking")

MOST_WAITING = 512
"""Records on their way to the sinks, after which nothing more is taken until they have caught up."""

LOOK_SECONDS = 1.0
"""How often runs are looked for that have been waited for long enough."""

_READERS: dict[bytes, Callable[[bytes], list[Batch]]] = {PROTOBUF: batches_of_protobuf, JSON: batches_of_json}


class Busy(Exception):
    """Nothing can be taken now; later it can."""


class Accepted(NamedTuple):
    """What was taken of a request: how many spans were not, and why."""

    rejected: int = 0
    message: str = ""


class Collector:
    """Makes records from what arrives. `accept` may be called by many threads."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        spool: Spool,
        *,
        grace: float = 30.0,
        patience: float = 600.0,
        max_age: float = 6 * 3600.0,
        most_waiting: int = MOST_WAITING,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.troubles = Troubles()
        self.counts: Counter[str] = Counter()
        self._sinks, self._spool = sinks, spool
        self._lanes = [SinkLane(sink, self.troubles) for sink in sinks]
        self._runs = RemoteRuns(grace=grace, patience=patience, max_age=max_age)
        self._most_waiting, self._look_seconds = most_waiting, look_seconds
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Due | None] = queue.SimpleQueue()
        self._waiting: set[tuple[int, int]] = set()
        self._closing = threading.Event()
        self._started_ns = time.time_ns()
        self._thread = threading.Thread(target=self._work, name="otel-tracking collector", daemon=True)
        self._thread.start()

    def accept(self, kind: bytes, body: bytes) -> Accepted:
        """Take a request; what it brought of ours is on disk when this returns.

        Raises `RecordError` for a body that is none, `Busy` while sinks are behind, OSError where it cannot be kept.
        """
        if len(self._waiting) >= self._most_waiting:
            self.counts["turned away"] += 1
            raise Busy(f"{len(self._waiting)} records wait to be written")
        batches = _READERS[kind](body)
        self.counts["requests"] += 1
        ours, rejected = self._sort(batches)
        if ours:
            segment = self._spool.append(kind, body, {span.trace_id for span in ours})
            taken = self._take(ours, len(body), segment)
            if taken.too_late:
                rejected["came too late for their run"] += taken.too_late
            for due in taken.due:
                self._jobs.put(due)
        self.counts["spans"] += len(ours)
        self.counts["rejected_spans"] += sum(rejected.values())
        return Accepted(sum(rejected.values()), "; ".join(f"{count} {why}" for why, count in rejected.items()))

    def health(self) -> dict[str, Any]:
        """How the collector is doing, in counts."""
        names_of_counts = ("requests", "spans", "rejected_spans", "duplicate_spans", "too_late_spans", "turned away")
        return {
            **{name.replace(" ", "_"): self.counts[name] for name in names_of_counts},
            "records": self.counts["records"],
            "items": self.counts["items"],
            "stored_already": self.counts["stored_already"],
            "open_runs": len(self._runs),
            "waiting": len(self._waiting),
            "spool_bytes": self._spool.size,
            "guarded_errors": dict(self.troubles.counts),
            "sinks": [lane.health() for lane in self._lanes],
        }

    def close(self, timeout: float = 10.0) -> bool:
        """Write what is whole; what is not stays in the spool for the next start. True where all of it was written."""
        self._closing.set()
        self._jobs.put(None)
        self._thread.join(timeout)
        written = [lane.close(timeout) for lane in self._lanes]
        self._spool.close()
        return all(written) and not self._waiting

    def _take_up(self) -> None:
        """Take what an earlier process had accepted and not seen through, no faster than the sinks do."""
        for entry in self._spool.entries():
            while len(self._waiting) >= self._most_waiting and not self._closing.wait(0.05):
                pass
            if self._closing.is_set():
                return
            self._take_up_entry(entry)
        self._spool.forget_empty()

    def _take_up_entry(self, entry: Entry) -> None:
        try:
            ours, _ = self._sort(_READERS[entry.kind](entry.body))
        except Exception as trouble:  # it was read before: another version of this program took it
            return self.troubles.report("spool", trouble)
        self._spool.hold(entry.segment, {span.trace_id for span in ours})
        for due in self._take(ours, len(entry.body), entry.segment).due:
            self._build(due)

    def _take(self, spans: list[FinishedSpan], size: int, segment: int) -> Taken:
        with self._lock:
            taken = self._runs.take(spans, size, segment)
            self._waiting.update((due.trace_id, due.revision) for due in taken.due)
        for trace_id in taken.unchanged:
            self._spool.release([segment], trace_id)
        self.counts["duplicate_spans"] += taken.duplicates
        self.counts["too_late_spans"] += taken.too_late
        return taken

    def _sort(self, batches: Iterable[Batch]) -> tuple[list[FinishedSpan], Counter[str]]:
        """The spans that are ours, and how many are not, by reason."""
        ours: list[FinishedSpan] = []
        others: list[FinishedSpan] = []
        rejected: Counter[str] = Counter()
        for batch in batches:
            if batch.resource.get(names.OTLP_CONTENT) == VIEWER:
                rejected["were reduced for viewers; their sender needs otlp_content=full"] += len(batch.spans)
                continue
            for span in batch.spans:
                (ours if batch.scope == INSTRUMENTATION_NAME or _is_marked(span) else others).append(span)
        # Other instrumentation may have made spans in our runs.
        traces = {span.trace_id for span in ours}
        with self._lock:
            within = [span for span in others if span.trace_id in traces or self._runs.knows(span.trace_id)]
        if len(within) < len(others):
            rejected["belong to no execution"] += len(others) - len(within)
        return ours + within, rejected

    def _work(self) -> None:
        self._guarded(self._take_up)
        looked_at = time.monotonic()
        while True:
            try:
                due = self._jobs.get(timeout=self._look_seconds)
            except queue.Empty:
                pass  # only look for those that are overdue
            else:
                if due is None:
                    return
                self._guarded(self._build, due)
            if time.monotonic() - looked_at >= self._look_seconds:
                looked_at = time.monotonic()
                self._guarded(self._look_for_overdue)

    def _guarded(self, work: Callable[..., None], *arguments: Any) -> None:
        try:
            work(*arguments)
        except Exception as trouble:
            # Without this thread no run would ever become a record again.
            self.troubles.counts["collector"] += 1
            _log.error("collecting met %s and goes on; what was sent is in the spool", type(trouble).__name__)

    def _look_for_overdue(self) -> None:
        with self._lock:
            overdue = self._runs.overdue()
            self._waiting.update((due.trace_id, due.revision) for due in overdue)
        for due in overdue:
            self._build(due)

    def _build(self, due: Due) -> None:
        if self._is_stored(due):
            self.counts["stored_already"] += 1
            return self._is_durable(due)
        build = partial(
            build_record, due.spans, finish_reason=due.reason, revision=due.revision, late_spans=due.late_spans
        )
        try:
            record = build()
        except Exception:
            # Its spans stay in the spool: whoever mends the fault finds them at the next start.
            self._waiting.discard((due.trace_id, due.revision))
            raise
        self.counts["records"] += 1
        self.counts["items"] += len(record.items)
        parcel = Parcel(record, len(self._lanes), lambda _: self._is_durable(due), build)
        try:
            parcel.prepare_for(self._sinks)
        except Exception as trouble:
            # Its sink will meet the same trouble with the record.
            self.troubles.note("prepare", trouble)
        for lane in self._lanes:
            lane.put(parcel)

    def _is_stored(self, due: Due) -> bool:
        """Whether every sink has the run: an earlier process wrote it, and it is in the spool or was sent again."""
        if min(span.start_ns for span in due.spans) > self._started_ns:
            return False  # nobody else can have it, and to ask a dataset costs more than everything else
        trace_id = f"{due.trace_id:032x}"
        known = [contains(trace_id, due.revision) for sink in self._sinks if (contains := _contains_of(sink))]
        return bool(known) and len(known) == len(self._sinks) and all(known)

    def _is_durable(self, due: Due) -> None:
        self._spool.release(due.segments, due.trace_id)
        self._waiting.discard((due.trace_id, due.revision))


def _is_marked(span: FinishedSpan) -> bool:
    return bool(span.events) or any(name.startswith(names.PREFIX) for name in span.attributes)


def _contains_of(sink: Sink) -> Any:
    return getattr(sink, "contains", None)
