"""Records from the spans of any SDK tracer provider: a span processor that takes them into our runs.

For those who have a provider already. Items arrive as public span events, so they count from the moment their span
ends: the flight recorder and the live feed see spans at once, items only then. A tracker from `Recording.tracker()`
has no such delay and costs a third.
"""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from collectors.recording.open_runs import OpenRuns
from collectors.spans.recorded import SpanData, flat_copy
from otel_tracking.errors import Troubles


class RecordingSpanProcessor(SpanProcessor):
    """Follows every span of the provider it is added to; never raises into the pipeline."""

    def __init__(self, open_runs: OpenRuns, troubles: Troubles) -> None:
        self._open_runs, self._troubles = open_runs, troubles

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Take a started span into its run."""
        try:
            self._open_runs.adopt(_data_of(span))
        except Exception as trouble:
            self._troubles.report("span processor", trouble)

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span with its events."""
        try:
            self._end(span)
        except Exception as trouble:
            self._troubles.report("span processor", trouble)

    def _end(self, span: ReadableSpan) -> None:
        run = self._open_runs.find(span.context.trace_id)
        data = run.open_spans.get(span.context.span_id) if run else None
        if run is None or data is None:
            return self._troubles.report("span processor", "a span ended that had not been seen to start")
        data.attributes, data.attributes_changed = flat_copy(span.attributes or {}), True
        data.status, data.status_description = span.status.status_code, span.status.description
        data.name, data.links, data.events = span.name, span.links, list(span.events)
        data.end_ns = span.end_time
        self._open_runs.end(run, data)


def _data_of(span: Span) -> SpanData:
    context, parent_id = span.context, span.parent.span_id if span.parent else None
    started = span.start_time or 0
    ids = (context.trace_id, context.span_id, parent_id)
    return SpanData(*ids, span.name, span.kind, flat_copy(span.attributes or {}), span.links, started)
