"""Put a frame on an SDK span without expanding it: the fast way, and the public one where that is gone.

`Span.add_event` copies and cleans every attribute on the pipeline's thread. The fast way appends an event that
expands itself when an exporter looks, on the exporter's thread. It leans on one private detail of the SDK (a span
keeps its events in `_events`), which is probed once; where the probe fails, the public call does the work.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from opentelemetry.sdk.trace import EventBase, TracerProvider
from opentelemetry.trace import Span

from otel_tracking.frame import Frame
from otel_tracking.scopes import Emit
from otel_tracking.tracker import add_event


class FrameEvent(EventBase):
    """A span event whose attributes are made when somebody reads them."""

    dropped_attributes = 0

    def __init__(self, frame: Frame) -> None:
        self._name = frame.name
        self._timestamp = frame.timestamp_ns
        self.frame = frame

    @cached_property
    def attributes(self) -> Any:
        """The canonical payload and the flat attributes."""
        return self.frame.attributes()


def append_event(span: Span, frame: Frame) -> None:
    """Put a frame on an SDK span, unexpanded."""
    span._events.append(FrameEvent(frame))  # type: ignore[attr-defined]


def choose_emit(provider: TracerProvider) -> Emit:
    """`append_event` if spans of this SDK keep what it appends, else the public `add_event`."""
    return append_event if _keeps_appended_events(provider) else add_event


def _keeps_appended_events(provider: TracerProvider) -> bool:
    probe = FrameEvent(Frame("probe", 1, b"", is_item=False))
    try:
        span: Any = provider.get_tracer("otel_tracking.probe").start_span("probe")
        span._events.append(probe)
        return any(event is probe for event in span.events)
    except Exception:
        return False
