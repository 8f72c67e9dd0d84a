"""Take secrets out of a request for traces before it is kept: who sent it may have looked for none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collectors.spans.of_otlp_json import read_digits
from collectors.spans.outline import nothing_but_the_trace_id, outline_of
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.errors import RecordError
from otel_tracking.secrets.frozen import Redactor, usual_redactor
from otel_tracking.secrets.redaction import marker

_TEXTS = ("stringValue", "name", "message")
"""What holds a text in OTLP's JSON, beside the keys of attributes."""


def without_secrets_in_protobuf(body: bytes) -> bytes:
    """The request without secrets; the same bytes where it has none. Raises `RecordError` for bytes that are none."""
    redactor = usual_redactor()
    if not redactor.may_hold_secret(body):
        return body
    message = ExportTraceServiceRequest()
    try:
        message.ParseFromString(body)
    except Exception:
        return without_secrets_in_pieces(body, redactor)
    return written(message) if clean_message(message, redactor) else body


def without_secrets_in_pieces(body: bytes, redactor: Redactor) -> bytes:
    """The same where a part cannot be read: it alone is left out, and of a span all but its trace id."""
    try:
        request = outline_of(body)
    except Exception as trouble:
        raise RecordError(f"{len(body)} bytes are not an OTLP trace request in protobuf") from trouble
    request.DiscardUnknownFields()
    for group in request.resource_spans:
        group.resource = _part_without_secrets(group.resource, Resource, redactor)
        for scope in group.scope_spans:
            scope.scope = _part_without_secrets(scope.scope, InstrumentationScope, redactor)
            scope.spans[:] = [
                _part_without_secrets(packed, Span, redactor, nothing_but_the_trace_id) for packed in scope.spans
            ]
    return written(request)


def _part_without_secrets(
    packed: bytes, kind: type[Message], redactor: Redactor, rest: Callable[[bytes], bytes] = lambda packed: b""
) -> bytes:
    """A part of a request that is packed; `rest` is what is kept of one that may hold a secret and cannot be read."""
    if not redactor.may_hold_secret(packed):
        return packed
    try:
        part = kind.FromString(packed)
        return written(part) if clean_message(part, redactor) else packed
    except Exception:
        return rest(packed)


def written(message: Message) -> bytes:
    """The bytes of a message."""
    packed: bytes = message.SerializeToString()
    return packed


def clean_message(message: Message, redactor: Redactor) -> bool:
    """Take the secrets out of a message in place, and what nobody knows; whether there were some."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    changed: bool = message.ByteSize() != size
    waiting: list[Any] = [message]
    while waiting:
        part = waiting.pop()
        if isinstance(part, KeyValue):
            changed |= _clean_key_value(part, redactor)
        for field, value in part.ListFields():
            if isinstance(value, str):
                cleaned = redactor.text(value)
                changed |= cleaned != value
                setattr(part, field.name, cleaned)
            elif field.message_type is not None:
                waiting.extend([value] if isinstance(value, Message) else value)
    return changed


def _clean_key_value(attribute: Any, redactor: Redactor) -> bool:
    if not attribute.value.HasField("string_value"):
        return False
    text: str = attribute.value.string_value
    cleaned = _text_of(attribute.key, text, redactor)
    if cleaned != text:
        attribute.value.string_value = cleaned
    return cleaned != text


def without_secrets_in_json(body: bytes) -> bytes:
    """The same for a request in JSON."""
    redactor = usual_redactor()
    if not redactor.may_hold_secret(body) and rb"\u" not in body:
        return body
    try:
        request = json.loads(body, parse_int=read_digits)
    except (ValueError, RecursionError) as trouble:
        raise RecordError(f"{len(body)} characters are not an OTLP trace request in JSON") from trouble
    return json.dumps(request).encode() if _clean(request, redactor) else body


def _clean(request: Any, redactor: Redactor) -> bool:
    """Take the secrets out of a request in place; whether there were some."""
    changed = False
    waiting = [request]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            changed |= _clean_attribute(part, redactor)
            for key, value in part.items():
                if key in _TEXTS and isinstance(value, str):
                    part[key] = redactor.text(value)
                    changed |= part[key] != value
                else:
                    waiting.append(value)
    return changed


def _clean_attribute(part: dict[str, Any], redactor: Redactor) -> bool:
    """The same for `{"key", "value"}`."""
    key, value = part.get("key"), part.get("value")
    text = value.get("stringValue") if isinstance(value, dict) else None
    if not isinstance(key, str) or not isinstance(text, str):
        return False
    cleaned = _text_of(key, text, redactor)
    part["value"] = {"stringValue": cleaned}
    return cleaned != text


def _text_of(key: str, text: str, redactor: Redactor) -> str:
    """The text of an attribute whose key may be a secret's, or which may be one of our payloads."""
    if key == names.PAYLOAD:
        return _payload_without_secrets(text, redactor)
    return marker(key.lower()) if redactor.is_name_of_secret(key) else text


def _payload_without_secrets(text: str, redactor: Redactor) -> str:
    if not redactor.may_hold_secret(text.encode("utf-8", "surrogatepass")):
        return text
    try:
        fields, removed = redactor.clean(canonical.loads(text))
    except (ValueError, RecursionError):
        return redactor.text(text)
    return canonical.dumps(fields) if removed else text
