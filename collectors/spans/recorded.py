"""What is known of a span that is being recorded, while it is open and afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from otel_tracking.attributes import flat
from otel_tracking.span_event import Frame

_FLAGS = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
PLAIN = frozenset({str, int, bool})
UNSET = StatusCode.UNSET


@dataclass(slots=True, eq=False, repr=False)
class SpanData:
    """What is known of a span; its attributes are flat (`flat_copy`).

    Times are nanoseconds since 1970; `end_ns` is None while it is open.
    It refers to no run: a run holds its spans' data, a span holds its run, and nothing waits for a garbage collector.
    """

    trace_id: int
    span_id: int
    parent_id: int | None
    name: str
    kind: SpanKind
    attributes: dict[str, Any]
    links: Sequence[Link]
    start_ns: int
    end_ns: int | None = None
    status: StatusCode = UNSET
    status_description: str | None = None
    events: list[Frame | Event] = field(default_factory=list)
    attributes_changed: bool = False

    def context_of(self, span_id: int) -> SpanContext:
        """The span context of a span of this trace; always sampled, since records are never thinned out."""
        return SpanContext(self.trace_id, span_id, is_remote=False, trace_flags=_FLAGS)

    def readable(self, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
        """The SDK's view of it, for exporters; its frames expand themselves when they are read."""
        return ReadableSpan(
            name=self.name,
            context=self.context_of(self.span_id),
            parent=None if self.parent_id is None else self.context_of(self.parent_id),
            resource=resource,
            attributes=dict(self.attributes),
            events=tuple(self.events),  # type: ignore[arg-type]  # a frame has the shape of an event
            links=tuple(self.links),
            kind=self.kind,
            status=Status(self.status, self.status_description),
            start_time=self.start_ns,
            end_time=self.end_ns,
            instrumentation_scope=scope,
        )


def flat_copy(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with flat values only."""
    return {key: value if type(value) in PLAIN else flat(value) for key, value in attributes.items()}
