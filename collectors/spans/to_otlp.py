"""Write finished spans as an OTLP trace request in protobuf: `of_otlp.py` reads the same spans from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collectors.spans.batches import KINDS, STATUSES
from collectors.spans.event import FinishedEvent
from collectors.spans.finished import FinishedSpan
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.tracker import INSTRUMENTATION_NAME

_KINDS = {name: number for number, name in KINDS.items()}
_STATUSES = {name: number for number, name in STATUSES.items()}
_INT64 = range(-(2**63), 2**63)


def request_of(spans: Iterable[FinishedSpan], resource: Mapping[str, Any]) -> bytes:
    """The request that holds these spans, made by the process that `resource` describes."""
    ours = ScopeSpans(scope=InstrumentationScope(name=INSTRUMENTATION_NAME), spans=map(_span, spans))
    group = ResourceSpans(resource=Resource(attributes=_attributes(resource)), scope_spans=[ours])
    body: bytes = ExportTraceServiceRequest(resource_spans=[group]).SerializeToString()
    return body


def _span(span: FinishedSpan) -> Span:
    return Span(
        trace_id=span.trace_id.to_bytes(16),
        span_id=span.span_id.to_bytes(8),
        parent_span_id=span.parent_id.to_bytes(8) if span.parent_id else b"",
        name=names.safe_text(span.name),
        kind=_KINDS[span.kind],  # type: ignore[arg-type]  # numbers of the enum
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns or 0,
        status=Status(
            code=_STATUSES[span.status],  # type: ignore[arg-type]
            message=names.safe_text(span.status_description or ""),
        ),
        attributes=_attributes(span.attributes),
        events=[_event(event) for event in span.events],
        links=[
            Span.Link(
                trace_id=bytes.fromhex(link["trace_id"]),
                span_id=bytes.fromhex(link["span_id"]),
                attributes=_attributes(link["attributes"]),
            )
            for link in span.links
        ],
        dropped_events_count=span.dropped,
    )


def _event(event: FinishedEvent) -> Span.Event:
    """All that is read of an event is its payload: the flat attributes beside it are for viewers."""
    payload = KeyValue(key=names.PAYLOAD, value=AnyValue(string_value=canonical.dumps(event.fields)))
    return Span.Event(name="item", time_unix_nano=event.fields.get("timestamp_ns", 0), attributes=[payload])


def _attributes(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=names.safe_text(key), value=_value(value)) for key, value in attributes.items()]


def _value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and value in _INT64:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    if isinstance(value, Mapping):
        return AnyValue(kvlist_value=KeyValueList(values=_attributes(value)))
    if isinstance(value, list | tuple):
        return AnyValue(array_value=ArrayValue(values=map(_value, value)))
    return AnyValue() if value is None else AnyValue(string_value=names.safe_text(value))
