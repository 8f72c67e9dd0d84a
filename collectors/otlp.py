"""Read OTLP trace requests, protobuf or JSON, into finished spans."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from collectors.spans import FinishedEvent, FinishedSpan, event_of_attributes, link_to_dict
from otel_tracking.errors import RecordError

_KINDS = {0: "internal", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_STATUSES = {0: "unset", 1: "ok", 2: "error"}


def read_protobuf(body: bytes) -> list[FinishedSpan]:
    """The spans of an OTLP/HTTP protobuf body. Raises `RecordError` for bytes that are none."""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except Exception as trouble:
        raise RecordError(f"{len(body)} bytes are not an OTLP trace request in protobuf") from trouble
    return [_read_span(span) for group in request.resource_spans for scope in group.scope_spans for span in scope.spans]


def read_json(body: bytes | str) -> list[FinishedSpan]:
    """The spans of an OTLP/HTTP JSON body. Raises `RecordError` for text that is none."""
    try:
        request = json.loads(body)
        return [_read_json_span(span) for span in _json_spans(request)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as trouble:
        raise RecordError(f"{len(body)} characters are not an OTLP trace request in JSON") from trouble


def _read_span(span: trace_pb2.Span) -> FinishedSpan:
    return FinishedSpan(
        trace_id=int.from_bytes(span.trace_id),
        span_id=int.from_bytes(span.span_id),
        parent_id=int.from_bytes(span.parent_span_id) if span.parent_span_id else None,
        name=span.name,
        kind=_KINDS.get(span.kind, "internal"),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano or None,
        status=_STATUSES.get(span.status.code, "unset"),
        status_description=span.status.message or None,
        attributes=_read_attributes(span.attributes),
        events=_ours(_read_attributes(event.attributes) for event in span.events),
        links=tuple(
            link_to_dict(int.from_bytes(link.trace_id), int.from_bytes(link.span_id), _read_attributes(link.attributes))
            for link in span.links
        ),
        dropped=span.dropped_attributes_count + span.dropped_events_count + span.dropped_links_count,
    )


def _read_attributes(attributes: Any) -> dict[str, Any]:
    return {attribute.key: _read_value(attribute.value) for attribute in attributes}


def _read_value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_read_value(entry) for entry in value.array_value.values]
    if kind == "kvlist_value":
        pairs: list[KeyValue] = list(value.kvlist_value.values)
        return {pair.key: _read_value(pair.value) for pair in pairs}
    return getattr(value, kind)


def _ours(events: Iterator[Mapping[str, Any]] | Any) -> tuple[FinishedEvent, ...]:
    return tuple(event for event in map(event_of_attributes, events) if event is not None)


def _json_spans(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in request.get("resourceSpans", ()):
        for scope in group.get("scopeSpans", ()):
            yield from scope.get("spans", ())


def _read_json_span(span: dict[str, Any]) -> FinishedSpan:
    status = span.get("status", {})
    dropped = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")
    return FinishedSpan(
        trace_id=int(span["traceId"], 16),
        span_id=int(span["spanId"], 16),
        parent_id=int(span["parentSpanId"], 16) if span.get("parentSpanId") else None,
        name=span["name"],
        kind=_KINDS.get(span.get("kind", 0), "internal"),
        start_ns=int(span["startTimeUnixNano"]),
        end_ns=int(span.get("endTimeUnixNano", 0)) or None,
        status=_STATUSES.get(status.get("code", 0), "unset"),
        status_description=status.get("message") or None,
        attributes=_read_json_attributes(span),
        events=_ours(_read_json_attributes(event) for event in span.get("events", ())),
        links=tuple(
            link_to_dict(int(link["traceId"], 16), int(link["spanId"], 16), _read_json_attributes(link))
            for link in span.get("links", ())
        ),
        dropped=sum(int(span.get(name, 0)) for name in dropped),
    )


def _read_json_attributes(owner: dict[str, Any]) -> dict[str, Any]:
    return {attribute["key"]: _read_json_value(attribute["value"]) for attribute in owner.get("attributes", ())}


def _read_json_value(value: dict[str, Any]) -> Any:
    if not value:
        return None
    [(kind, payload)] = value.items()
    readers: dict[str, Any] = {
        "intValue": int,
        "doubleValue": float,
        "bytesValue": b64decode,
        "arrayValue": lambda array: [_read_json_value(entry) for entry in array.get("values", ())],
        "kvlistValue": lambda pairs: {pair["key"]: _read_json_value(pair["value"]) for pair in pairs.get("values", ())},
    }
    return readers.get(kind, lambda plain: plain)(payload)
