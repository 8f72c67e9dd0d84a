"""Read OTLP trace requests in protobuf into finished spans, one by one: what cannot be a span is left out alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collectors.spans.batches import KINDS, STATUSES, Batch, batch_of
from collectors.spans.event import FinishedEvent, event_of_payload
from collectors.spans.finished import FinishedSpan, link_to_dict
from collectors.spans.glance import event_at_a_glance
from collectors.spans.outline import outline_of, trace_id_in
from otel_tracking import attributes as names
from otel_tracking.errors import RecordError
from otel_tracking.secrets.frozen import usual_redactor


def batches_of_protobuf(body: bytes) -> list[Batch]:
    """The spans with whose they are. Raises `RecordError` for bytes that are no request at all."""
    request = message_of(body)
    if request is None:
        return batches_of_pieces(body)
    return batches_of_message(request, may_hold_secret=usual_redactor().is_worth_a_look(body))


def message_of(body: bytes) -> ExportTraceServiceRequest | None:
    """The request; None where something in it cannot be read."""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except Exception:
        return None
    return request


def batches_of_message(request: ExportTraceServiceRequest, *, may_hold_secret: bool) -> list[Batch]:
    """The spans of a request. Where what it came in holds no part of a secret, its payloads are not searched again."""
    read = _read_span if may_hold_secret else _read_span_of_searched
    return [
        batch_of(_read_attributes(group.resource.attributes), scope.scope.name, scope.spans, read, _trace_id_of)
        for group in request.resource_spans
        for scope in group.scope_spans
    ]


def batches_of_pieces(body: bytes) -> list[Batch]:
    """The same where something in the body cannot be read: a text that is no Unicode, a value that is too deep."""
    try:
        outline = outline_of(body)
    except Exception as trouble:
        raise RecordError(f"{len(body)} bytes are not an OTLP trace request in protobuf") from trouble
    return [
        batch_of(_read_resource(group.resource), _read_scope(scope.scope), scope.spans, _read_packed, trace_id_in)
        for group in outline.resource_spans
        for scope in group.scope_spans
    ]


def _read_resource(packed: bytes) -> Mapping[str, Any]:
    try:
        return _read_attributes(Resource.FromString(packed).attributes)
    except Exception:
        return {}


def _read_scope(packed: bytes) -> str:
    try:
        name: str = InstrumentationScope.FromString(packed).name
    except Exception:
        return ""
    return name


def _read_packed(packed: bytes) -> FinishedSpan:
    return _read_span(Span.FromString(packed))


def _trace_id_of(span: Span) -> int:
    return int.from_bytes(span.trace_id)


_number_of, _kind_of, _status_of = int.from_bytes, KINDS.get, STATUSES.get


def _read_span_of_searched(span: Span) -> FinishedSpan:
    return _read_span(span, may_hold_secret=False)


def _read_span(span: Span, *, may_hold_secret: bool = True) -> FinishedSpan:
    status, events, links = span.status, span.events, span.links
    return FinishedSpan(  # in the order of its fields: with their names it takes twice as long
        _number_of(span.trace_id),
        _number_of(span.span_id),
        # Eight zero bytes are no id: some senders write them where others leave it out.
        _number_of(span.parent_span_id) or None,
        span.name,
        _kind_of(span.kind, "internal"),
        span.start_time_unix_nano,
        span.end_time_unix_nano or None,
        _status_of(status.code, "unset"),
        status.message or None,
        _read_attributes(span.attributes),
        tuple(_read_events(events, may_hold_secret)) if events else (),
        tuple(map(_read_link, links)) if links else (),
        span.dropped_attributes_count + span.dropped_events_count + span.dropped_links_count,
    )


def _read_link(link: Span.Link) -> dict[str, Any]:
    ids = int.from_bytes(link.trace_id), int.from_bytes(link.span_id)
    return link_to_dict(*ids, _read_attributes(link.attributes))


def _read_events(events: Any, may_hold_secret: bool) -> Iterator[FinishedEvent]:
    for event in events[:]:  # as a list: one by one they take a third longer, here as below
        payload = _payload_of(event.attributes)
        if payload is not None:
            ours = event_of_payload(payload) if may_hold_secret else event_at_a_glance(payload)
            if ours is not None:
                yield ours


def _payload_of(attributes: Any) -> str | None:
    """The one attribute of an event that is read; the flat ones beside it are for viewers, and cost twice as much."""
    # As a dict has it: where a key came twice, the last one counts. Ours is the last: one look mostly finds it.
    for place in range(len(attributes) - 1, -1, -1):
        attribute = attributes[place]
        if attribute.key == names.PAYLOAD:
            return attribute.value.string_value or None
    return None


def _read_attributes(attributes: Any) -> dict[str, Any]:
    return {attribute.key: _read_value(attribute.value) for attribute in attributes[:]}


def _read_value(value: AnyValue) -> Any:
    # Nearly all values are texts and numbers, and seldom nothing: what is not empty needs no further look.
    if plain := value.string_value or value.int_value:
        return plain
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_read_value(entry) for entry in value.array_value.values]
    if kind == "kvlist_value":
        pairs: list[KeyValue] = list(value.kvlist_value.values)
        return {pair.key: _read_value(pair.value) for pair in pairs}
    return getattr(value, kind)
