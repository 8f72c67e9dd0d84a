"""Take secrets out of a request for traces before it is kept: who sent it may have looked for none."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
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
        return _without_secrets_in_pieces(body, redactor)
    try:
        request = MessageToDict(message)
        if not _clean(request, redactor):
            return body
        cleaned: bytes = ParseDict(request, ExportTraceServiceRequest()).SerializeToString()
    except Exception as trouble:
        raise RecordError(f"{len(body)} bytes are not an OTLP trace request in protobuf") from trouble
    return cleaned


def _without_secrets_in_pieces(body: bytes, redactor: Redactor) -> bytes:
    """The same where one of the spans cannot be read: it alone is left out, all of it but its trace id."""
    try:
        request = outline_of(body)
    except Exception as trouble:
        raise RecordError(f"{len(body)} bytes are not an OTLP trace request in protobuf") from trouble
    for group in request.resource_spans:
        for scope in group.scope_spans:
            scope.spans[:] = [_span_without_secrets(packed, redactor) for packed in scope.spans]
    cleaned: bytes = request.SerializeToString()
    return cleaned


def _span_without_secrets(packed: bytes, redactor: Redactor) -> bytes:
    if not redactor.may_hold_secret(packed):
        return packed
    try:
        span = MessageToDict(Span.FromString(packed))
        cleaned: bytes = ParseDict(span, Span()).SerializeToString() if _clean(span, redactor) else packed
    except Exception:
        return nothing_but_the_trace_id(packed)
    return cleaned


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
    """Take the secrets out of `{"key", "value"}` where its key is a secret's, or it holds one of our payloads."""
    key, value = part.get("key"), part.get("value")
    text = value.get("stringValue") if isinstance(value, dict) else None
    if not isinstance(key, str) or not isinstance(text, str):
        return False
    cleaned = marker(key.lower()) if redactor.is_name_of_secret(key) else text
    if key == names.PAYLOAD:
        cleaned = _clean_payload(text, redactor)
    part["value"] = {"stringValue": cleaned}
    return cleaned != text


def _clean_payload(text: str, redactor: Redactor) -> str:
    try:
        fields, removed = redactor.clean(canonical.loads(text))
    except (ValueError, RecursionError):
        return redactor.text(text)
    return canonical.dumps(fields) if removed else text
