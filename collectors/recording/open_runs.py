"""The runs that are under way in this process.

Everything here runs on the pipeline's thread, in memory: a run's spans and frames go into its log (for live readers)
and into its journal (for the case that the process dies), and a finished run is handed over to be built elsewhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from collectors.flight_recorder import FlightRecorder, RunJournal
from collectors.recording.crowd import Crowd, weigh
from collectors.spans import of_journal
from collectors.spans.recorded import SpanData
from collectors.spans.secrets import clean_span
from otel_tracking.errors import Troubles
from otel_tracking.record import FinishReason
from otel_tracking.secrets.frozen import Redactor
from otel_tracking.span_event import Frame

STARTED, LOGGED, ENDED, FINISHED = "started", "logged", "ended", "finished"
"""What can happen in a run's log."""

MOST_PROGRESS = 64
"""Spans of a run whose progress is remembered; when there are more, those that have ended are forgotten."""

MAX_OPEN_RUNS = 20_000
"""As many as have a journal each (`collectors/flight_recorder`)."""

MAX_OPEN_BYTES = 2**30
"""What all open runs may hold."""

LogEntry = Frame | tuple[Any, ...]
"""A frame that was logged, or one of the other things with its details."""


class OpenRun:
    """A run's spans and frames as far as they are known. A span keeps its run alive, so that late spans find it."""

    def __init__(self, runs: OpenRuns, trace_id: int, journal: RunJournal, now: float) -> None:
        self.runs = runs
        self.trace_id = trace_id
        self.journal = journal
        self.lock = threading.Lock()
        self.log: list[LogEntry] = []
        self.wakers: tuple[Callable[[], None], ...] = ()
        self.progress: dict[int, tuple[Any, ...]] = {}
        self.open_spans: dict[int, SpanData] = {}
        self.ended_spans: list[SpanData] = []
        self.opened_at = now
        self.root_ended_at: float | None = None
        self.revision = 0
        self.late_spans = 0
        self.weighed = self.weight = 0

    def tell(self, entry: LogEntry) -> None:
        """Append to the log and wake who follows it."""
        self.log.append(entry)
        self.wake()

    def wake(self) -> None:
        """Wake who follows the log."""
        for wake in self.wakers:
            wake()

    def show(self, span_id: int, progress: tuple[Any, ...]) -> None:
        """Keep the latest word on how far a span's work is, outside of the log, and wake who follows."""
        self.progress[span_id] = progress
        if len(self.progress) > MOST_PROGRESS:
            self.progress = {known: said for known, said in list(self.progress.items()) if known in self.open_spans}
        self.wake()

    def spans(self) -> list[SpanData]:
        """All spans, ended or still open, at this moment."""
        ended = {span.span_id: span for span in list(self.ended_spans)}
        return [*ended.values(), *(span for span in list(self.open_spans.values()) if span.span_id not in ended)]


class OpenRuns:
    """Starts and follows the spans of a recording; calls `on_finished(run, reason)` when a run is over."""

    def __init__(
        self,
        recorder: FlightRecorder,
        on_finished: Callable[[OpenRun, FinishReason], None],
        troubles: Troubles,
        *,
        max_open_runs: int = MAX_OPEN_RUNS,
        max_open_bytes: int = MAX_OPEN_BYTES,
        clock: Callable[[], float] = time.monotonic,
        redactor: Redactor | None = None,
    ) -> None:
        self.redactor = redactor or Redactor()
        self._recorder, self._on_finished, self._troubles = recorder, on_finished, troubles
        self._max_open_runs, self._max_open_bytes, self._clock = max_open_runs, max_open_bytes, clock
        self._lock = threading.Lock()
        self._runs_by_trace_id: dict[int, OpenRun] = {}
        self._crowd, self._counted = Crowd(), 0
        self._settled: WeakValueDictionary[int, OpenRun] = WeakValueDictionary()
        self.on_ended_span: Callable[[SpanData], None] | None = None
        self.recording: object = None
        self.inert = False
        self._refusal = ("", "")

    def __len__(self) -> int:
        return len(self._runs_by_trace_id)

    def find(self, trace_id: int) -> OpenRun | None:
        """The run of a trace, while it is open or somebody still holds one of its scopes."""
        return self._runs_by_trace_id.get(trace_id) or self._settled.get(trace_id)

    def adopt(self, span: SpanData) -> OpenRun:
        """Take a span that has just been started into its run."""
        if self.inert:
            self._troubles.report(*self._refusal)
            # Nobody's: the lock that guards the others may have been held by a thread that a fork left behind.
            return OpenRun(self, span.trace_id, self._recorder.begin(span.trace_id), self._clock())
        entry = of_journal.start_entry(span)
        if self.redactor.search(entry):
            entry = self._without_secrets(span, of_journal.start_entry)
        run = self._runs_by_trace_id.get(span.trace_id) or self._begin(span.trace_id)
        run.open_spans[span.span_id] = span
        run.log.append((STARTED, span))
        if run.wakers:
            run.wake()
        run.journal.append(entry)
        return run

    def _without_secrets(self, span: SpanData, write: Callable[[SpanData], bytes]) -> bytes:
        """What `write` makes of a span that loses its secrets before anybody sees it."""
        try:
            clean_span(span, self.redactor)
        except Exception as trouble:
            self._troubles.report("redaction", trouble)
        return write(span)

    def record(self, span: Any, frame: Frame) -> None:
        """Keep a frame: on its span, in its run's log, in the journal. This is the tracker's `emit`."""
        if self.inert:
            return self._troubles.report(*self._refusal)
        run: OpenRun = span.run
        if run.revision and run.trace_id not in self._runs_by_trace_id:
            self._begin(run.trace_id)  # its record is written already; this frame needs another
        span.data.events.append(frame)
        run.log.append(frame)
        if run.wakers:
            run.wake()
        run.journal.append(frame.payload)
        if frame.media is not None:
            run.journal.append_later(partial(of_journal.media_entry, frame))

    def end(self, run: OpenRun, span: SpanData) -> None:
        """Take an ended span; hand the run over when its root has ended and nothing is open."""
        if self.inert:
            return
        try:
            if run.revision and run.trace_id not in self._runs_by_trace_id:
                self._begin(run.trace_id)
            entry = of_journal.end_entry(span)
            # What has not changed was looked at when the span was started.
            if (span.attributes_changed or span.status_description) and self.redactor.search(entry):
                entry = self._without_secrets(span, of_journal.end_entry)
            run.journal.append(entry)
            if run.revision:
                with run.lock:
                    run.late_spans += 1
            # In this order, so that whoever finds no span open finds every one ended; each step is one under the GIL.
            run.ended_spans.append(span)
            if span.parent_id is None:
                run.root_ended_at = self._clock()
            run.open_spans.pop(span.span_id, None)
            over = run.root_ended_at is not None and not run.open_spans
            run.log.append((ENDED, span))
            if run.wakers:
                run.wake()
            if self.on_ended_span is not None:
                self.on_ended_span(span)
            if over:
                self._hand_over(run, FinishReason.LATE_SPAN if run.revision else FinishReason.ROOT_ENDED)
        except Exception as trouble:
            self._troubles.report("span end", trouble)

    def take_overdue(self, *, grace: float, max_age: float) -> None:
        """Hand over the runs whose root ended `grace` seconds ago, that are older than `max_age` or hold too much.

        A run that was handed over and goes on has as long again: otherwise each of its items would make a record.
        """
        now, held = self._clock(), 0
        for run in list(self._runs_by_trace_id.values()):
            if run.root_ended_at is not None and now - max(run.root_ended_at, run.opened_at) >= grace:
                self._hand_over(run, FinishReason.GRACE_EXPIRED)
            elif now - run.opened_at >= max_age:
                self._hand_over(run, FinishReason.TOO_OLD)
            elif not run.revision:
                held += weigh(run)
        while held > self._max_open_bytes and self._counted > 1 and (idlest := self._idlest()):
            held -= weigh(idlest)
            self._hand_over(idlest, FinishReason.TOO_MANY_OPEN)

    def stop(self, kind: str, reason: str) -> None:
        """Follow nothing from now on: what is still logged is counted as trouble of this kind."""
        self._refusal = (kind, reason)
        self.inert = True

    def take_all(self) -> None:
        """Hand over every open run: the recording is being closed."""
        for run in list(self._runs_by_trace_id.values()):
            self._hand_over(run, FinishReason.CLOSED)

    def _begin(self, trace_id: int) -> OpenRun:
        """The open run of a trace: a settled one that a late span reopens, or a new one."""
        crowded: OpenRun | None = None
        reopened = False
        with self._lock:
            run = self._runs_by_trace_id.get(trace_id)
            if run is None:
                settled = self._settled.pop(trace_id, None)
                reopened = settled is not None
                now = self._clock()
                run = settled or OpenRun(self, trace_id, self._recorder.begin(trace_id), now)
                run.opened_at = now
                self._runs_by_trace_id[trace_id] = run
                self._counted += not reopened
                if self._counted > self._max_open_runs:
                    crowded = self._crowd.idlest(self._runs_by_trace_id)
        if reopened:
            self._journal_again(run)
        if crowded is not None:
            self._hand_over(crowded, FinishReason.TOO_MANY_OPEN)
        return run

    def _idlest(self) -> OpenRun | None:
        with self._lock:
            return self._crowd.idlest(self._runs_by_trace_id)

    def _hand_over(self, run: OpenRun, reason: FinishReason) -> None:
        with self._lock:
            if self._runs_by_trace_id.pop(run.trace_id, None) is None:
                return
            self._settled[run.trace_id] = run
            self._counted -= not run.revision
            run.revision += 1
        self._on_finished(run, reason)

    def _journal_again(self, run: OpenRun) -> None:
        # The first journal was freed with the first record; a death from here on must not lose the late spans.
        run.journal = self._recorder.begin(run.trace_id)
        run.journal.append(of_journal.revision_entry(run.revision + 1, run.late_spans))
        for entry in of_journal.entries_of(run.ended_spans, list(run.open_spans.values())):
            run.journal.append(entry)
        for span in run.spans():
            for frame in span.events:
                if isinstance(frame, Frame) and frame.media is not None:
                    run.journal.append_later(partial(of_journal.media_entry, frame))
