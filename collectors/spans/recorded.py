"""What is known of a span that is being recorded, while it is open and afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


class SpanData:
    """What is known of a span; its attributes are flat (`flat_copy`).

    Times are nanoseconds since 1970; `end_ns` is None while it is open.
    It refers to no run: a run holds its spans' data, a span holds its run, and nothing waits for a garbage collector.
    """

    __slots__ = (
        "attributes",
        "attributes_changed",
        "end_ns",
        "events",
        "kind",
        "links",
        "name",
        "parent_id",
        "span_id",
        "start_ns",
        "status",
        "status_description",
        "trace_id",
    )

    # By hand: half of what a dataclass takes, which looks at each default.
    def __init__(
        self,
        trace_id: int,
        span_id: int,
        parent_id: int | None,
        name: str,
        kind: SpanKind,
        attributes: dict[str, Any],
        links: Sequence[Link],
        start_ns: int,
    ) -> None:
        self.trace_id, self.span_id, self.parent_id = trace_id, span_id, parent_id
        self.name, self.kind, self.attributes, self.links = name, kind, attributes, links
        self.start_ns = start_ns
        self.end_ns: int | None = None
        self.status = UNSET
        self.status_description: str | None = None
        self.events: list[Frame | Event] = []
        self.attributes_changed = False

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
