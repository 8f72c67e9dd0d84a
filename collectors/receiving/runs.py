"""Know when a run from elsewhere is whole: by the counts on its root, or when it has been waited for long enough.

Time is that of the spans, not of their arrival: while nothing arrives, because a network or a collector between is
down, nobody's time is up. Only after `patience` seconds without a word from a run its own silence decides.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from collectors.receiving.remote_run import RemoteRun
from collectors.receiving.revisions import OTHER_SENDER, OTHER_SPAN, SECOND_ROOT, complaint_about, is_same_span
from collectors.receiving.spool import InSpool
from collectors.receiving.trace_id import TraceId
from collectors.spans.finished import FinishedSpan
from otel_tracking.record import FinishReason

MOST_OPEN_RUNS = 10_000
MOST_OPEN_BYTES = 256 * 2**20
"""Runs that are waited for; beyond it the oldest becomes a record as it is."""

MOST_SETTLED_BYTES = 16 * 2**20
"""Spans of runs that are records already, kept for the case that late ones come."""

MOST_FORGOTTEN = 100_000
"""Runs of which only the trace id is known: spans that come for them later cannot be added."""

MOST_REVISIONS = 64
"""Each is the whole run once more: late spans that come one by one must not make a small run a large one."""

TOO_LATE = "came too late for their run"
TOO_OFTEN = "came late for a run that has as many revisions as there may be"
WHOLE_ASIDE = "are of a run that is set aside"
NOT_READABLE = "came late for a run whose record cannot be added to"


class Due(NamedTuple):
    """A run of which a record is to be made, as it is now; `fresh` are the ids of the spans that are late."""

    trace_id: TraceId
    spans: tuple[FinishedSpan, ...]
    reason: FinishReason
    revision: int
    late_spans: int
    places: tuple[InSpool, ...]
    sender: str
    fresh: frozenset[int] = frozenset()

    @property
    def key(self) -> tuple[int, int]:
        """Which record it is to be."""
        return self.trace_id, self.revision


class Refusal(NamedTuple):
    """Spans of one request that do not become part of their run, and why."""

    trace_id: int
    reason: str
    spans: int


class Intake(NamedTuple):
    """What came of a request: runs that are due or got nothing new from it, spans that had come before or may not."""

    due: list[Due]
    unchanged: set[int]
    duplicates: int
    refused: list[Refusal]


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
        forgets: bool = True,
    ) -> None:
        """With `forgets` False no run is forgotten until `forget` is called, by whoever needs those just taken."""
        self._grace_ns, self._patience, self._max_age = int(grace * 1e9), patience, max_age
        self._clock, self._now_ns, self._forgets = clock, now_ns, forgets
        self._open: OrderedDict[TraceId, RemoteRun] = OrderedDict()
        self._settled: OrderedDict[TraceId, RemoteRun] = OrderedDict()
        self._forgotten: OrderedDict[TraceId, str] = OrderedDict()
        self._aside: OrderedDict[TraceId, str] = OrderedDict()
        self._open_bytes = self._settled_bytes = 0
        self._newest_ns = 0

    def __len__(self) -> int:
        return len(self._open)

    def knows(self, trace_id: TraceId) -> bool:
        """Whether spans of this trace have come."""
        return self.remembers(trace_id) or trace_id in self._forgotten

    def remembers(self, trace_id: TraceId) -> bool:
        """Whether it is known what the spans of this trace were."""
        return trace_id in self._open or trace_id in self._settled

    def recall(self, run: RemoteRun) -> None:
        """Know a run again that is a record already."""
        if not self.remembers(run.trace_id):
            self._forgotten.pop(run.trace_id, None)
            self._settled[run.trace_id] = run
            self._settled_bytes += run.size

    def reopen(self, run: RemoteRun) -> None:
        """Know a run again that has not ended."""
        if not self.remembers(run.trace_id):
            run.touched, run.touched_ns = self._clock(), self._newest_ns
            self._open[run.trace_id] = run
            self._open_bytes += run.size

    def set_aside(self, trace_id: TraceId, sender: str) -> None:
        """Take nothing more of this trace from its sender: its run is set aside with all that had come."""
        self.drop(trace_id)
        _remember(self._aside, trace_id, sender)

    def readmit(self, trace_id: TraceId) -> None:
        """Take spans of this trace again."""
        self._aside.pop(trace_id, None)

    def held(self) -> list[TraceId]:
        """The runs of which there are spans here."""
        return [*self._open, *self._settled]

    def drop(self, trace_id: TraceId) -> RemoteRun | None:
        """Forget the spans of a run; the run, where it was under way."""
        if run := self._settled.pop(trace_id, None):
            self._settled_bytes -= run.size
        if run := self._open.pop(trace_id, None):
            self._open_bytes -= run.size
        return run

    def take(self, spans: Iterable[FinishedSpan], size: int, place: InSpool, sender: str = "") -> Intake:
        """Take the spans of a request of `size` bytes, in any order, of any runs."""
        came = list(spans)
        arrived: dict[TraceId, dict[int, FinishedSpan]] = {}
        for trace_id, of_trace in groupby(came, attrgetter("trace_id")):
            by_id = arrived.setdefault(TraceId(trace_id), {})
            for span in of_trace:
                by_id.setdefault(span.span_id, span)
        share = size // max(1, len(came))
        taken = Intake([], set(), len(came) - sum(map(len, arrived.values())), [])
        for known, of_run in arrived.items():
            taken = self._take_run(taken, known, of_run, share, place, sender)
        return taken._replace(due=[*taken.due, *self._crowded()])

    def _take_run(
        self, taken: Intake, trace_id: TraceId, spans: dict[int, FinishedSpan], share: int, place: InSpool, sender: str
    ) -> Intake:
        is_aside = self._aside.get(trace_id) == sender
        reason = WHOLE_ASIDE if is_aside else TOO_LATE if trace_id in self._forgotten else None
        run = self._open.get(trace_id) or self._settled.get(trace_id) or RemoteRun(trace_id, sender=sender)
        fresh = [span for span_id, span in spans.items() if span_id not in run.spans]
        reason = reason or self._complaint(run, spans, fresh, sender)
        if reason is not None:
            taken.refused.append(Refusal(trace_id, reason, len(spans)))
        elif not fresh:
            taken.unchanged.add(trace_id)
        elif due := self._grow(run, fresh, share, place, sender):
            taken.due.append(due)
        return taken if reason else taken._replace(duplicates=taken.duplicates + len(spans) - len(fresh))

    def _complaint(
        self, run: RemoteRun, spans: dict[int, FinishedSpan], fresh: list[FinishedSpan], sender: str
    ) -> str | None:
        """Why spans may not become part of a run; None where they may."""
        again = [span for span_id, span in spans.items() if span_id in run.spans] if run.spans else []
        if not all(is_same_span(run.spans[span.span_id], span) for span in again):
            return OTHER_SPAN
        if not fresh:
            return None
        if run.sender != sender and (run.sender != "" or run.revision):
            return OTHER_SENDER
        roots = {span.span_id for span in fresh if span.parent_id is None}
        if len(roots) + (run.root is not None) > 1:
            return SECOND_ROOT
        if not run.revision:
            return None
        if run.is_fixed or run.revision >= MOST_REVISIONS:
            return NOT_READABLE if run.is_fixed else TOO_OFTEN
        return complaint_about(run.spans.values(), fresh, latest_s=self._max_age)

    def overdue(self) -> list[Due]:
        """The runs that have been waited for long enough."""
        now = self._clock()
        due = []
        for run in list(self._open.values()):
            silent = now - run.touched
            if run.root is not None:
                if self._newest_ns >= run.root.due_ns or silent >= self._patience:
                    due.append(self._settle(run, FinishReason.GRACE_EXPIRED))
            elif silent >= self._max_age or self._newest_ns - run.touched_ns >= self._max_age * 1e9:
                due.append(self._settle(run, FinishReason.TOO_OLD))
        return due

    def silent(self, seconds: float) -> list[RemoteRun]:
        """The runs that did not end and of which nothing was heard for that long."""
        now = self._clock()
        return [run for run in self._open.values() if run.root is None and now - run.touched >= seconds]

    def _grow(self, run: RemoteRun, fresh: list[FinishedSpan], share: int, place: InSpool, sender: str) -> Due | None:
        """Add what has come for a run; the run, if that makes it due."""
        is_late = run.trace_id in self._settled
        size = share * len(fresh)
        run.add(fresh)
        run.touched, run.sender = self._clock(), sender
        run.places.append(place)
        run.size += size
        # A clock that is ahead elsewhere must not end everybody's grace here.
        self._newest_ns = max(self._newest_ns, min(run.newest_ns, self._now_ns()))
        # What was sent from an outbox is old when it comes, and is waited for all the same.
        run.touched_ns = self._newest_ns
        if is_late:
            self._settled_bytes += size
            run.late_spans += len(fresh)
            late = frozenset(span.span_id for span in fresh)
            return self._settle(run, FinishReason.LATE_SPAN)._replace(fresh=late)
        self._open[run.trace_id] = run
        self._open_bytes += size
        for root in (span for span in fresh if span.parent_id is None):
            run.due(max(root.end_ns or 0, self._newest_ns) + self._grace_ns)
        return self._settle(run, FinishReason.COUNTS_MET) if run.is_whole else None

    def _settle(self, run: RemoteRun, reason: FinishReason) -> Due:
        if self._open.pop(run.trace_id, None):
            self._open_bytes -= run.size
            self._settled[run.trace_id] = run
            self._settled_bytes += run.size
        run.revision += 1
        places, run.places = tuple(run.places), []
        if self._forgets:
            self.forget()
        spans = tuple(run.spans.values())
        return Due(run.trace_id, spans, reason, run.revision, run.late_spans, places, run.sender or "")

    def _crowded(self) -> list[Due]:
        due = []
        while self._open and (len(self._open) > MOST_OPEN_RUNS or self._open_bytes > MOST_OPEN_BYTES):
            due.append(self._settle(next(iter(self._open.values())), FinishReason.TOO_MANY_OPEN))
        return due

    def forget(self, most_bytes: int | None = None) -> None:
        """Forget the spans of the runs that have been records for longest, where they are too many."""
        most = MOST_SETTLED_BYTES if most_bytes is None else most_bytes
        while self._settled_bytes > most and self._settled:
            trace_id, run = self._settled.popitem(last=False)
            self._settled_bytes -= run.size
            _remember(self._forgotten, trace_id, "")


def _remember(known: OrderedDict[TraceId, str], trace_id: TraceId, sender: str) -> None:
    known[trace_id] = sender
    if len(known) > MOST_FORGOTTEN:
        known.popitem(last=False)
