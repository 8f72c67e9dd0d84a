"""Send traces over OTLP/HTTP, best effort: records do not come from there, and nothing ever waits for it.

Ended spans come on the viewers' thread, are made ready to be sent there, and wait in a queue of limited size for a
thread that sends. What a dead, slow or refusing server cannot take is counted and forgotten.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from collectors.viewers.queue import SpanQueue
from collectors.viewers.redacting import ViewerText
from collectors.viewers.runs import HeldRuns
from collectors.viewers.settings import FULL, OtlpSettings
from collectors.viewers.spans import ShownEvent
from otel_tracking import attributes as names
from otel_tracking.errors import Troubles

CLOSING_SECONDS = {"viewer": 2.0, "full": 8.0}
"""How long the end of a recording waits for what is still to be sent, where the server answers at all."""

_THREAD = "otel-tracking otlp"

MakeExporter = Callable[[OtlpSettings], SpanExporter]


class OtlpOutput(SpanProcessor):
    """Sends the spans it is told of to one endpoint."""

    def __init__(
        self,
        settings: OtlpSettings,
        troubles: Troubles,
        *,
        make_exporter: MakeExporter | None = None,
        viewer_text: ViewerText | None = None,
    ) -> None:
        self._settings, self._troubles = settings, troubles
        self._make_exporter = make_exporter or open_exporter
        self._exporter: SpanExporter | None = None
        self._held = None if settings.content == FULL else HeldRuns(settings.ratio, viewer_text)
        self._resource: tuple[Resource, Resource] | None = None
        self._queue = SpanQueue()
        self._is_refused = False
        self.sent = self.failed = 0
        self.last_error: str | None = None
        self._thread = threading.Thread(target=self._work, name=_THREAD, daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span; called on the viewers' thread."""
        self._put([span] if self._held is None else self._held.take(span))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what has come, now; True where the server has taken the last of it."""
        return self._queue.settle(timeout_millis / 1000) and not self._is_refused

    def shutdown(self) -> None:
        """Send what is left for a few seconds, or at once nothing where the server did not answer lately."""
        if self._held is not None:
            self._put(self._held.take_all())
        self._queue.close()
        self._thread.join(0.0 if self._is_refused else CLOSING_SECONDS[self._settings.content])
        if self._exporter is not None:
            self._exporter.shutdown()  # ends its pauses between attempts
        self._queue.drop_all()

    def health(self) -> dict[str, Any]:
        """Counts of spans, and where they go."""
        return {
            "endpoint": self._settings.address,
            "content": self._settings.content,
            "sent": self.sent,
            "failed": self.failed,
            "dropped": self._queue.dropped,
            "waiting": len(self._queue) + (len(self._held) if self._held else 0),
            "last_error": self.last_error,
        }

    def _put(self, spans: Sequence[ReadableSpan]) -> None:
        for span in spans:
            self._queue.put(self._ready(span))

    def _ready(self, span: ReadableSpan) -> ReadableSpan:
        """The span with its events spelt out, once, and with a word on what was left of them."""
        events = tuple(
            event if isinstance(event, ShownEvent) else ShownEvent(event.name, event.timestamp, event.attributes or {})
            for event in span.events
        )
        return ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=self._resource_of(span),
            attributes=span.attributes,
            events=events,  # type: ignore[arg-type]  # they have the shape of the SDK's
            links=span.links,
            kind=span.kind,
            status=span.status,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _resource_of(self, span: ReadableSpan) -> Resource:
        if self._resource is None or self._resource[0] is not span.resource:
            content = {names.OTLP_CONTENT: self._settings.content}
            self._resource = span.resource, Resource({**span.resource.attributes, **content})
        return self._resource[1]

    def _work(self) -> None:
        while batch := self._queue.take():
            try:
                self._send(batch)
            except BaseException as trouble:  # this thread is ours: whatever an exporter does must not end it
                self._note_failure(len(batch), type(trouble).__name__)
            if self._is_refused and self._queue.is_closed:
                return

    def _send(self, batch: Sequence[ReadableSpan]) -> None:
        if self._exporter is None:
            self._exporter = self._make_exporter(self._settings)
        if self._exporter.export(batch) is SpanExportResult.SUCCESS:
            self.sent += len(batch)
            self._is_refused, self.last_error = False, None
        else:
            self._note_failure(len(batch), "the server did not take them")

    def _note_failure(self, spans: int, reason: str) -> None:
        self.failed += spans
        self._is_refused, self.last_error = True, reason
        self._troubles.counts["otlp"] += 1


def open_exporter(settings: OtlpSettings) -> SpanExporter:
    """OpenTelemetry's own exporter: headers and certificates are those of its environment variables."""
    # Here, on a thread of its own: 150 ms that nobody waits for.
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter, _logger

    _logger.addFilter(_is_not_ours)
    compressions = {"gzip": Compression.Gzip, "deflate": Compression.Deflate, "none": Compression.NoCompression}
    return OTLPSpanExporter(settings.endpoint, timeout=settings.timeout, compression=compressions[settings.compression])


def _is_not_ours(entry: logging.LogRecord) -> bool:
    # A line for every attempt at a dead server, with whatever it answered, is of no use: health counts them.
    return entry.threadName != _THREAD
