"""Read OTLP trace requests, protobuf or JSON, into finished spans."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from collectors.spans import FinishedEvent, FinishedSpan, event_of_attributes, link_to_dict
from otel_tracking import attributes as names
from otel_tracking.errors import RecordError

_KINDS = {0: "internal", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_STATUSES = {0: "unset", 1: "ok", 2: "error"}


class Batch(NamedTuple):
    """The spans that one instrumentation of one process made: `resource` says which process, `scope` what made them."""

    resource: Mapping[str, Any]
    scope: str
    spans: list[FinishedSpan]


def read_protobuf(body: bytes) -> list[FinishedSpan]:
    """The spans of an OTLP/HTTP protobuf body. Raises `RecordError` for bytes that are none."""
    return [span for batch in batches_of_protobuf(body) for span in batch.spans]


def read_json(body: bytes | str) -> list[FinishedSpan]:
    """The spans of an OTLP/HTTP JSON body. Raises `RecordError` for text that is none."""
    return [span for batch in batches_of_json(body) for span in batch.spans]


def batches_of_protobuf(body: bytes) -> list[Batch]:
    """The spans with whose they are. Raises `RecordError` as `read_protobuf` does."""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except Exception as trouble:
        raise RecordError(f"{len(body)} bytes are not an OTLP trace request in protobuf") from trouble
    return [
        Batch(_read_attributes(group.resource.attributes), scope.scope.name, list(map(_read_span, scope.spans)))
        for group in request.resource_spans
        for scope in group.scope_spans
    ]


def batches_of_json(body: bytes | str) -> list[Batch]:
    """The spans with whose they are. Raises `RecordError` as `read_json` does."""
    try:
        request = json.loads(body)
        return [
            Batch(
                _read_json_attributes(group.get("resource", {})),
                str(scope.get("scope", {}).get("name", "")),
                list(map(_read_json_span, scope.get("spans", ()))),
            )
            for group in request.get("resourceSpans", ())
            for scope in group.get("scopeSpans", ())
        ]
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
        events=_ours(_payload_of(event.attributes) for event in span.events),
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


def _payload_of(attributes: Any) -> dict[str, Any]:
    """The one attribute of an event that is read; the flat ones beside it are for viewers, and cost twice as much."""
    # As a dict has it: where a key came twice, the last one counts.
    for attribute in reversed(attributes):
        if attribute.key == names.PAYLOAD:
            return {names.PAYLOAD: _read_value(attribute.value)}
    return {}


def _ours(events: Iterable[Mapping[str, Any]]) -> tuple[FinishedEvent, ...]:
    return tuple(event for event in map(event_of_attributes, events) if event is not None)


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
