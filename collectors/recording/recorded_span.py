"""A span as we record it: the OpenTelemetry API's `Span`, without what the SDK does for spans that may be thinned out.

Opening and closing an SDK span costs 25 µs and cleans, counts and limits what we neither limit nor drop. This one
keeps what it is given: a name, times, flat attributes, frames. Readers get an SDK `ReadableSpan` of it, made off the
pipeline's thread (`docs/decisions/own-spans.md`).
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.trace import Event
from opentelemetry.trace import Link, Span, SpanContext, Status, StatusCode

from collectors.recording.open_runs import OpenRun
from collectors.spans.recorded import PLAIN, SpanData, flat_copy
from otel_tracking.attributes import FlatAttributes, flat


class RecordedSpan(Span):
    """A span that is being recorded: the API's view of `data`, which belongs to `run`."""

    __slots__ = ("_context", "data", "run", "span_id")

    def __init__(self, run: OpenRun, data: SpanData) -> None:
        self.run, self.data, self.span_id = run, data, data.span_id
        self._context: SpanContext | None = None

    @property
    def trace_id(self) -> int:
        """Its trace's id."""
        return self.data.trace_id

    def get_span_context(self) -> SpanContext:
        """Its ids."""
        if self._context is None:
            self._context = self.data.context_of(self.data.span_id)
        return self._context

    def is_recording(self) -> bool:
        """Whether it is still open."""
        return self.data.end_ns is None

    def end(self, end_time: int | None = None) -> None:
        """Close it; once."""
        data, run = self.data, self.run
        if data.end_ns is None:
            data.end_ns = end_time if end_time is not None else time.time_ns()
            run.runs.end(run, data)

    def set_attribute(self, key: str, value: Any) -> None:
        """Set one attribute; what is not flat becomes text."""
        if self.data.end_ns is None:
            self.data.attributes[key] = value if type(value) in PLAIN else flat(value)
            self.data.attributes_changed = True

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several attributes."""
        if type(attributes) is FlatAttributes and self.data.end_ns is None:
            self.data.attributes.update(attributes)
            self.data.attributes_changed = True
            return
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status; OK is final, as the specification has it."""
        data, code = self.data, status.status_code if isinstance(status, Status) else status
        if data.end_ns is None and data.status is not StatusCode.OK and code is not StatusCode.UNSET:
            text = status.description if isinstance(status, Status) else description
            data.status, data.status_description = code, text if code is StatusCode.ERROR else None

    def update_name(self, name: str) -> None:
        """Rename it."""
        self.data.name = self._text(name)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Add a plain span event, as instrumentation of others may; items come as frames."""
        if self.data.end_ns is None:
            kept = self.run.runs.redactor.attributes(flat_copy(attributes or {}))
            self.data.events.append(Event(self._text(name), kept, timestamp))

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        """Add a link."""
        self.data.links = (
            *self.data.links,
            Link(context, self.run.runs.redactor.attributes(flat_copy(attributes or {}))),
        )

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Add an `exception` event."""
        words_of = self.run.runs.redactor.words_of
        described = {
            "exception.type": type(exception).__qualname__,
            "exception.message": words_of(str(exception)),
            "exception.stacktrace": words_of("".join(traceback.format_exception(exception))),
            "exception.escaped": str(escaped),
        }
        self.add_event("exception", {**described, **(attributes or {})}, timestamp)

    def _text(self, text: str) -> str:
        return self.run.runs.redactor.text(text)
