"""Send finished SDK spans over the wire, as OTLP protobuf and as OTLP JSON, and read them again."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

from collectors.spans.batches import Batch
from collectors.spans.finished import FinishedSpan, from_recorded
from collectors.spans.of_otlp import batches_of_protobuf
from collectors.spans.of_otlp_json import batches_of_json
from collectors.spans.recorded import SpanData
from otel_tracking.errors import RecordError

_IDS = frozenset({"traceId", "spanId", "parentSpanId"})


def over_protobuf(spans: Sequence[ReadableSpan]) -> list[FinishedSpan]:
    """The spans as a collector reads them from an OTLP protobuf body."""
    return read_protobuf(encode_spans(spans).SerializeToString())


def over_json(spans: Sequence[ReadableSpan]) -> list[FinishedSpan]:
    """The spans as a collector reads them from an OTLP JSON body."""
    return read_json(json.dumps(otlp_json(spans)))


def read_protobuf(body: bytes) -> list[FinishedSpan]:
    """The spans of a body, all of them. Raises `RecordError` where it is none, or one of its spans is none."""
    return _all_spans(batches_of_protobuf(body))


def read_json(body: bytes | str) -> list[FinishedSpan]:
    """The same for a body in JSON."""
    return _all_spans(batches_of_json(body))


def _all_spans(batches: list[Batch]) -> list[FinishedSpan]:
    for odd in (odd for batch in batches for odd in batch.odd):
        raise RecordError(f"one of its spans cannot be taken: such spans {odd.reason}")
    return [span for batch in batches for span in batch.spans]


def from_sdk(span: ReadableSpan) -> FinishedSpan:
    """The finished span of an SDK span, as it would be if it had been recorded by us."""
    context, parent = span.get_span_context(), span.parent.span_id if span.parent else None
    ids = (context.trace_id, context.span_id, parent)
    data = SpanData(*ids, span.name, span.kind, dict(span.attributes or {}), span.links, span.start_time)
    data.events, data.end_ns = list(span.events), span.end_time
    data.status, data.status_description = span.status.status_code, span.status.description
    return from_recorded(data)._replace(dropped=span.dropped_attributes + span.dropped_events + span.dropped_links)


def otlp_json(spans: Sequence[ReadableSpan]) -> dict[str, Any]:
    """OTLP's own JSON: as protobuf's, with ids in hex and enumerations as numbers."""
    plain = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
    return _with_hex_ids(plain)


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_hex_ids(entry) for entry in value]
    if isinstance(value, dict):
        return {key: b64decode(entry).hex() if key in _IDS else _with_hex_ids(entry) for key, entry in value.items()}
    return value
