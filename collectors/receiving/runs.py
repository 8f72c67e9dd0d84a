"""Know when a run from elsewhere is whole: by the counts on its root, or when it has been waited for long enough.

Time is that of the spans, not of their arrival: while nothing arrives, because a network or a collector between is
down, nobody's time is up. Only after `patience` seconds without a word from a run its own silence decides.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from collectors.spans import FinishedSpan
from otel_tracking import attributes as names
from otel_tracking.record import FinishReason

MOST_OPEN_RUNS = 10_000
MOST_OPEN_BYTES = 256 * 2**20
"""Runs that are waited for; beyond it the oldest becomes a record as it is."""

MOST_SETTLED_BYTES = 16 * 2**20
"""Spans of runs that are records already, kept for the case that late ones come."""

MOST_FORGOTTEN = 100_000
"""Runs of which only the trace id is known: spans that come for them later cannot be added."""


@dataclass(slots=True)
class RemoteRun:
    """The spans of one trace that have come."""

    trace_id: int
    touched: float
    size: int = 0
    newest_ns: int = 0
    root_due_ns: int | None = None
    revision: int = 0
    late_spans: int = 0
    span_count: int | None = None
    item_count: int | None = None
    spans: dict[int, FinishedSpan] = field(default_factory=dict)
    counted_spans: int = 0
    numbers: set[int] = field(default_factory=set)
    segments: list[int] = field(default_factory=list)

    def add(self, span: FinishedSpan) -> bool:
        """Take a span; False where it had come before."""
        if span.span_id in self.spans:
            return False
        self.spans[span.span_id] = span
        self.newest_ns = max(self.newest_ns, span.end_ns or span.start_ns)
        # What comes late has a span of its own, which the root does not count.
        self.counted_spans += span.name != names.LATE_SPAN
        self.numbers.update(event.fields["sequence_number"] for event in span.events if event.is_item)
        if span.parent_id is None:
            self.span_count = _count(span, names.SPAN_COUNT)
            self.item_count = _count(span, names.ITEM_COUNT)
        return True

    @property
    def is_whole(self) -> bool:
        """Whether everything that the root knows of is here."""
        if self.span_count is None or self.item_count is None or self.counted_spans < self.span_count:
            return False
        return len(self.numbers) >= self.item_count and self.numbers.issuperset(range(1, self.item_count + 1))


class Due(NamedTuple):
    """A run of which a record is to be made, as it is now."""

    trace_id: int
    spans: tuple[FinishedSpan, ...]
    reason: FinishReason
    revision: int
    late_spans: int
    segments: tuple[int, ...]


class Taken(NamedTuple):
    """What came of a request: runs that are due or got nothing new from it, spans that were there or came too late."""

    due: list[Due]
    unchanged: set[int]
    duplicates: int
    too_late: int


class RemoteRuns:
    """The runs that are under way elsewhere. Not for several threads at once."""

    def __init__(
        self,
        *,
        grace: float,
        patience: float,
        max_age: float,
        clock: Callable[[], float] = time.monotonic,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._grace_ns, self._patience, self._max_age = int(grace * 1e9), patience, max_age
        self._clock, self._now_ns = clock, now_ns
        self._open: OrderedDict[int, RemoteRun] = OrderedDict()
        self._settled: OrderedDict[int, RemoteRun] = OrderedDict()
        self._forgotten: OrderedDict[int, None] = OrderedDict()
        self._open_bytes = self._settled_bytes = 0
        self._newest_ns = 0

    def __len__(self) -> int:
        return len(self._open)

    def knows(self, trace_id: int) -> bool:
        """Whether spans of this trace have come."""
        return trace_id in self._open or trace_id in self._settled or trace_id in self._forgotten

    def take(self, spans: Iterable[FinishedSpan], size: int, segment: int) -> Taken:
        """Take the spans of a request of `size` bytes, in any order, of any runs."""
        arrived = list(spans)
        share = size // max(1, len(arrived))
        fresh: dict[int, list[FinishedSpan]] = {}
        duplicates = too_late = 0
        for span in arrived:
            if span.trace_id in self._forgotten:
                too_late += 1
            elif self._run_of(span.trace_id).add(span):
                fresh.setdefault(span.trace_id, []).append(span)
            else:
                duplicates += 1
        due = [run for trace_id, new in fresh.items() if (run := self._grow(trace_id, new, share, segment))]
        unchanged = {span.trace_id for span in arrived} - fresh.keys()
        return Taken([*due, *self._crowded()], unchanged, duplicates, too_late)

    def overdue(self) -> list[Due]:
        """The runs that have been waited for long enough."""
        now = self._clock()
        due = []
        for run in list(self._open.values()):
            silent = now - run.touched
            if run.root_due_ns is not None:
                if self._newest_ns >= run.root_due_ns or silent >= self._patience:
                    due.append(self._settle(run, FinishReason.GRACE_EXPIRED))
            elif silent >= self._max_age or self._newest_ns - run.newest_ns >= self._max_age * 1e9:
                due.append(self._settle(run, FinishReason.TOO_OLD))
        return due

    def _run_of(self, trace_id: int) -> RemoteRun:
        run = self._open.get(trace_id) or self._settled.get(trace_id)
        if run is None:
            run = self._open[trace_id] = RemoteRun(trace_id, self._clock())
        return run

    def _grow(self, trace_id: int, fresh: list[FinishedSpan], share: int, segment: int) -> Due | None:
        """Count what has come for a run; the run, if that makes it due."""
        is_late = trace_id in self._settled
        run = self._run_of(trace_id)
        size = share * len(fresh)
        run.touched = self._clock()
        run.segments.append(segment)
        run.size += size
        # A clock that is ahead elsewhere must not end everybody's grace here.
        self._newest_ns = max(self._newest_ns, min(run.newest_ns, self._now_ns()))
        if is_late:
            self._settled_bytes += size
            run.late_spans += len(fresh)
            return self._settle(run, FinishReason.LATE_SPAN)
        self._open_bytes += size
        for root in (span for span in fresh if span.parent_id is None):
            run.root_due_ns = max(root.end_ns or 0, self._newest_ns) + self._grace_ns
        return self._settle(run, FinishReason.COUNTS_MET) if run.is_whole else None

    def _settle(self, run: RemoteRun, reason: FinishReason) -> Due:
        if self._open.pop(run.trace_id, None):
            self._open_bytes -= run.size
            self._settled[run.trace_id] = run
            self._settled_bytes += run.size
        run.revision += 1
        segments, run.segments = tuple(run.segments), []
        self._forget()
        return Due(run.trace_id, tuple(run.spans.values()), reason, run.revision, run.late_spans, segments)

    def _crowded(self) -> list[Due]:
        due = []
        while self._open and (len(self._open) > MOST_OPEN_RUNS or self._open_bytes > MOST_OPEN_BYTES):
            due.append(self._settle(next(iter(self._open.values())), FinishReason.TOO_MANY_OPEN))
        return due

    def _forget(self) -> None:
        while self._settled_bytes > MOST_SETTLED_BYTES and self._settled:
            trace_id, run = self._settled.popitem(last=False)
            self._settled_bytes -= run.size
            self._forgotten[trace_id] = None
            if len(self._forgotten) > MOST_FORGOTTEN:
                self._forgotten.popitem(last=False)


def _count(span: FinishedSpan, name: str) -> int | None:
    count = span.attributes.get(name)
    return count if type(count) is int else None
