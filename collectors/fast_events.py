"""Put a frame on an SDK span without expanding it: the fast way, and the public one where that is gone.

`Span.add_event` copies and cleans every attribute on the pipeline's thread. A frame has the shape of an event and
expands itself when an exporter looks, on the exporter's thread; the fast way appends it as it is. It leans on one
private detail of the SDK (a span keeps its events in `_events`, a list around a deque), which is probed once; where the
probe fails, the public call does the work.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span

from otel_tracking.frame import Frame
from otel_tracking.scopes import Emit
from otel_tracking.tracker import add_event


def append_event(span: Span, frame: Frame) -> None:
    """Put a frame on an SDK span, unexpanded."""
    span._events._dq.append(frame)  # type: ignore[attr-defined]


def choose_emit(provider: TracerProvider) -> Emit:
    """`append_event` if spans of this SDK keep what it appends, else the public `add_event`."""
    return append_event if _keeps_appended_events(provider) else add_event


def _keeps_appended_events(provider: TracerProvider) -> bool:
    probe: Any = Frame("probe", 1, 0, b"")
    try:
        span: Any = provider.get_tracer("otel_tracking.probe").start_span("probe")
        append_event(span, probe)
        return list(span.events) == [probe]
    except Exception:
        return False
