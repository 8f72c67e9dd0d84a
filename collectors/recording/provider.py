"""The tracer provider of a recording: nothing is thinned out, nothing is cut, and no variable can change that.

It implements the OpenTelemetry API. Span processors of the SDK (exporters to viewers) may be added; they are told of
ended spans on a thread of their own, so that what they do or raise never reaches the pipeline.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from collectors.recording.ids import SystemIdGenerator
from collectors.recording.open_runs import OpenRuns
from collectors.recording.recorded_span import RecordedSpan
from collectors.spans.recorded import SpanData, flat_copy
from collectors.worker import Worker
from otel_tracking.attributes import PROGRESS_UNITS, FlatAttributes
from otel_tracking.errors import Troubles
from otel_tracking.tracker import INSTRUMENTATION_NAME
from otel_tracking.version import own_version

_NUMBERS = frozenset({int, float})
_NUMBERS_OR_NONE = _NUMBERS | {type(None)}

MOST_WAITING_SPANS = 20_000
"""Ended spans that may wait for span processors."""


def _ids_of(parent: trace.Span) -> tuple[int, int | None]:
    """Trace and span id of a span; of a span of ours without the detour over a span context."""
    if isinstance(parent, RecordedSpan):
        return parent.data.trace_id, parent.span_id
    context = parent.get_span_context()
    return context.trace_id, context.span_id if context.is_valid else None


class RecordingTracer(trace.Tracer):
    """Starts recorded spans."""

    def __init__(self, open_runs: OpenRuns) -> None:
        self._open_runs, self._ids = open_runs, SystemIdGenerator()

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: trace.SpanKind = trace.SpanKind.INTERNAL,
        attributes: Any = None,
        links: Sequence[trace.Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> trace.Span:
        """A started span: a child of the context's span, or the root of a new trace."""
        parent = trace.get_current_span(context)
        now = time.time_ns() if start_time is None else start_time
        return self._start(name, parent, kind, attributes, links or (), now)

    def start_root(self, name: str, attributes: Any, links: Sequence[trace.Link], start_time: int) -> trace.Span:
        """The root of a new trace, whatever span is current."""
        return self._start(name, trace.INVALID_SPAN, trace.SpanKind.INTERNAL, attributes, links, start_time)

    def start_below(
        self, parent: trace.Span, name: str, kind: trace.SpanKind, attributes: Any, start_time: int
    ) -> trace.Span:
        """The same, below a span that is at hand: a context need not be made to carry it here.

        The attributes are flat, and nobody else's.
        """
        if type(parent) is not RecordedSpan:
            return self._start(name, parent, kind, attributes, (), start_time)
        ids = (parent.data.trace_id, self._ids.generate_span_id(), parent.span_id)
        span = SpanData(*ids, name, kind, attributes, (), start_time)
        return RecordedSpan(self._open_runs.adopt(span), span)

    def _start(
        self,
        name: str,
        parent: trace.Span,
        kind: trace.SpanKind,
        attributes: Any,
        links: Sequence[trace.Link],
        start_ns: int,
    ) -> RecordedSpan:
        trace_id, parent_id = (0, None) if parent is trace.INVALID_SPAN else _ids_of(parent)
        if parent_id is None:
            trace_id = self._ids.generate_trace_id()
        kept = attributes if type(attributes) is FlatAttributes else flat_copy(attributes or {})
        span = SpanData(trace_id, self._ids.generate_span_id(), parent_id, name, kind, kept, links, start_ns)
        return RecordedSpan(self._open_runs.adopt(span), span)

    def show_progress(self, span: trace.Span, done: Any, total: Any, unit: Any) -> None:
        """Let readers of the live feed know how far the work of a span is; numbers only, so that no text gets there."""
        if type(done) in _NUMBERS and type(total) in _NUMBERS_OR_NONE and isinstance(span, RecordedSpan):
            span.run.show(span.span_id, (done, total, unit if unit in PROGRESS_UNITS else ""))

    @contextmanager
    def start_as_current_span(  # type: ignore[override]  # the API's own decorator is private
        self,
        name: str,
        context: Context | None = None,
        kind: trace.SpanKind = trace.SpanKind.INTERNAL,
        attributes: Any = None,
        links: Sequence[trace.Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[trace.Span]:
        """The same, as the current span of a `with` block."""
        span = self.start_span(name, context, kind, attributes, links, start_time)
        with trace.use_span(
            span,
            end_on_exit=end_on_exit,
            record_exception=record_exception,
            set_status_on_exception=set_status_on_exception,
        ):
            yield span


class RecordingTracerProvider(trace.TracerProvider):
    """Gives tracers whose every span is recorded."""

    def __init__(self, open_runs: OpenRuns, resource: Resource, troubles: Troubles) -> None:
        self.resource = resource
        self._tracer = RecordingTracer(open_runs)
        self._open_runs, self._troubles = open_runs, troubles
        self._viewers: Viewers | None = None

    def get_tracer(self, *names: Any, **more: Any) -> trace.Tracer:
        """The tracer; all instrumentation shares it."""
        return self._tracer

    def add_span_processor(self, processor: SpanProcessor) -> None:
        """Have a span processor of the SDK told of every ended span, off the pipeline's thread."""
        if self._viewers is None:
            self._viewers = Viewers(self.resource, self._troubles)
            self._open_runs.on_ended_span = self._viewers.put
        self._viewers.processors += (processor,)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until the processors have seen to all spans that have ended; False where time ran out, or one failed."""
        if self._viewers is None:
            return True
        until = time.monotonic() + timeout_millis / 1000
        return self._viewers.worker.settle(timeout_millis / 1000) and self._viewers.flush(until)

    def shutdown(self, timeout: float = 10.0) -> None:
        """Shut the processors down; they may take `timeout` seconds."""
        if self._viewers is not None:
            self._viewers.close(timeout)

    @property
    def dropped(self) -> int:
        """Spans that the processors were not told of, because they were slow; records have them."""
        return 0 if self._viewers is None else self._viewers.dropped


class Viewers:
    """Tells span processors of ended spans, one after the other, on its own thread."""

    def __init__(self, resource: Resource, troubles: Troubles) -> None:
        self.processors: tuple[SpanProcessor, ...] = ()
        self.dropped = 0
        self._resource, self._troubles = resource, troubles
        self._scope = InstrumentationScope(INSTRUMENTATION_NAME, own_version())
        self.worker = Worker("otel-tracking viewers", partial(troubles.note, "span processor"))
        self.worker.start()

    def put(self, span: SpanData) -> None:
        """Queue an ended span, unless too many wait: viewers are best effort, and memory is not for them."""
        if self.worker.waiting < MOST_WAITING_SPANS:
            self.worker.put(partial(self._tell, span))
        else:
            self.dropped += 1

    def flush(self, until: float) -> bool:
        """Have each processor see to what it was told, until a moment of the monotonic clock."""
        is_flushed = True
        for processor in self.processors:
            is_flushed &= processor.force_flush(max(0, int((until - time.monotonic()) * 1000)))
        return is_flushed

    def close(self, timeout: float) -> None:
        """Tell what is queued, then shut the processors down."""
        for processor in self.processors:
            self.worker.put(processor.shutdown)
        self.worker.stop(timeout)

    def _tell(self, span: SpanData) -> None:
        readable = span.readable(self._resource, self._scope)
        for processor in self.processors:
            try:
                processor.on_end(readable)
            except BaseException as trouble:  # its own affair: the next one is told all the same
                self._troubles.note("span processor", trouble)


def make_resource(service_name: str | None, attributes: Mapping[str, str] | None) -> Resource:
    """Who we are. Not `Resource.create`: its detectors run whatever the environment names.

    `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` count, as everywhere; what is handed in goes before them.
    """
    told = OTELResourceDetector().detect().attributes
    name = service_name or os.environ.get("OTEL_SERVICE_NAME") or told.get("service.name") or "devserver"
    return Resource(
        {
            "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.version": version("opentelemetry-sdk"),
            **told,
            "service.name": name,
            **(attributes or {}),
        }
    )
