"""The runs that are under way in this process, and the span processor that follows them.

Everything here runs on the pipeline's thread, in memory: a run's spans and frames go into its log (for live readers)
and into its journal (for the case that the process dies), and a finished run is handed over to be built elsewhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakValueDictionary

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from collectors import journal_entries
from collectors.flight_recorder import FlightRecorder, RunJournal
from otel_tracking.errors import Troubles
from otel_tracking.frame import Frame
from otel_tracking.record import FinishReason
from otel_tracking.scopes import Emit

STARTED, LOGGED, ENDED, FINISHED = "started", "logged", "ended", "finished"
"""What can happen in a run's log."""

_RUN = "_devserver_run"


LogEntry = Frame | tuple[Any, ...]
"""A frame that was logged, or one of the other things with its details."""


class OpenRun:
    """A run's spans and frames as far as they are known. A span keeps its run alive, so that late spans find it."""

    def __init__(self, trace_id: int, journal: RunJournal, now: float) -> None:
        self.trace_id = trace_id
        self.journal = journal
        self.lock = threading.Lock()
        self.log: list[LogEntry] = []
        self.wakers: tuple[Callable[[], None], ...] = ()
        self.open_spans: dict[int, Span] = {}
        self.ended_spans: list[ReadableSpan] = []
        self.started_at = now
        self.root_ended_at: float | None = None
        self.revision = 0
        self.late_spans = 0

    def tell(self, entry: LogEntry) -> None:
        """Append to the log and wake who follows it."""
        self.log.append(entry)
        for wake in self.wakers:
            wake()


class OpenRuns(SpanProcessor):
    """Follows every span of a provider; calls `on_finished(run, reason)` when a run is over."""

    def __init__(
        self,
        recorder: FlightRecorder,
        on_finished: Callable[[OpenRun, FinishReason], None],
        troubles: Troubles,
        *,
        max_open_runs: int = 1_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recorder, self._on_finished, self._troubles = recorder, on_finished, troubles
        self._max_open_runs, self._clock = max_open_runs, clock
        self._lock = threading.Lock()
        self._runs_by_trace_id: dict[int, OpenRun] = {}
        self._settled: WeakValueDictionary[int, OpenRun] = WeakValueDictionary()
        self.inert = False

    def __len__(self) -> int:
        return len(self._runs_by_trace_id)

    def find(self, trace_id: int) -> OpenRun | None:
        """The run of a trace, while it is open or somebody still holds one of its scopes."""
        return self._runs_by_trace_id.get(trace_id) or self._settled.get(trace_id)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Take a started span into its run; the first span of a trace begins one."""
        if self.inert:
            return
        try:
            self._start(span)
        except Exception as trouble:
            self._troubles.report("span start", trouble)

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span; hand the run over when its root has ended and nothing is open."""
        if self.inert:
            return
        try:
            self._end(span)
        except Exception as trouble:
            self._troubles.report("span end", trouble)

    def emit(self, put_on_span: Emit) -> Emit:
        """An emit that puts a frame on its span and into the run's log and journal."""

        def emit(span: Any, frame: Frame) -> None:
            if self.inert:
                return self._troubles.report("after fork", "an inherited tracker was used in a child process")
            put_on_span(span, frame)
            run = getattr(span, _RUN, None)
            if run is None:
                return self._troubles.report("no run", "a frame came on a span that no run knows")
            run.tell(frame)
            run.journal.append(frame.payload)
            if frame.media is not None:
                run.journal.append_later(journal_entries.media_entry(frame))

        return emit

    def take_overdue(self, *, grace: float, max_age: float) -> None:
        """Hand over the runs whose root ended more than `grace` seconds ago, or that are older than `max_age`."""
        now = self._clock()
        for run in list(self._runs_by_trace_id.values()):
            if run.root_ended_at is not None and now - run.root_ended_at >= grace:
                self._hand_over(run, FinishReason.GRACE_EXPIRED)
            elif now - run.started_at >= max_age:
                self._hand_over(run, FinishReason.TOO_OLD)

    def take_all(self) -> None:
        """Hand over every open run: the recording is being closed."""
        for run in list(self._runs_by_trace_id.values()):
            self._hand_over(run, FinishReason.CLOSED)

    def shutdown(self) -> None:
        """Nothing to do; `Recording.close` sees to it."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held back here."""
        return True

    def _start(self, span: Span) -> None:
        context, parent = span.context, span.parent
        run = self._runs_by_trace_id.get(context.trace_id) or self._begin(context.trace_id)
        setattr(span, _RUN, run)
        run.open_spans[context.span_id] = span
        parent_id = parent.span_id if parent else None
        run.tell((STARTED, context.span_id, parent_id, span.name, span.start_time, span.attributes))
        run.journal.append(journal_entries.start_entry(span))

    def _end(self, span: ReadableSpan) -> None:
        context = span.context
        run = self._runs_by_trace_id.get(context.trace_id) or self._begin(context.trace_id)
        run.journal.append(journal_entries.end_entry(span))
        if run.revision:
            with run.lock:
                run.late_spans += 1
        # In this order, so that whoever finds no span open finds every one ended; each step is one under the GIL.
        run.ended_spans.append(span)
        if span.parent is None:
            run.root_ended_at = self._clock()
        run.open_spans.pop(context.span_id, None)
        over = run.root_ended_at is not None and not run.open_spans
        run.tell((ENDED, context.span_id, span.end_time, span.status.status_code.name.lower()))
        if over:
            self._hand_over(run, FinishReason.LATE_SPAN if run.revision else FinishReason.ROOT_ENDED)

    def _begin(self, trace_id: int) -> OpenRun:
        """The open run of a trace: a settled one that a late span reopens, or a new one."""
        crowded = []
        with self._lock:
            run = self._runs_by_trace_id.get(trace_id)
            if run is None:
                run = self._settled.pop(trace_id, None) or OpenRun(
                    trace_id, self._recorder.begin(trace_id), self._clock()
                )
                self._runs_by_trace_id[trace_id] = run
                if len(self._runs_by_trace_id) > self._max_open_runs:
                    crowded.append(next(iter(self._runs_by_trace_id.values())))
        if run.revision:
            self._journal_again(run)
        for oldest in crowded:
            self._hand_over(oldest, FinishReason.TOO_MANY_OPEN)
        return run

    def _hand_over(self, run: OpenRun, reason: FinishReason) -> None:
        with self._lock:
            if self._runs_by_trace_id.pop(run.trace_id, None) is None:
                return
            self._settled[run.trace_id] = run
            run.revision += 1
        self._on_finished(run, reason)

    def _journal_again(self, run: OpenRun) -> None:
        # The first journal was freed with the first record; a death from here on must not lose the late spans.
        run.journal = self._recorder.begin(run.trace_id)
        run.journal.append(journal_entries.revision_entry(run.revision + 1, run.late_spans))
        for entry in journal_entries.entries_of(run.ended_spans, run.open_spans.values()):
            run.journal.append(entry)


def spans_of(run: OpenRun) -> Iterable[ReadableSpan]:
    """All spans of a run, ended or still open, at this moment."""
    with run.lock:
        ended = {span.context.span_id: span for span in list(run.ended_spans)}
        still_open = [span for span in list(run.open_spans.values()) if span.context.span_id not in ended]
        return [*ended.values(), *still_open]
