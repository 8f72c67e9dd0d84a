"""Send finished SDK spans over the wire, as OTLP protobuf and as OTLP JSON, and read them again."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

from collectors.spans.finished import FinishedSpan
from collectors.spans.of_otlp import read_json, read_protobuf

_IDS = frozenset({"traceId", "spanId", "parentSpanId"})


def over_protobuf(spans: Sequence[ReadableSpan]) -> list[FinishedSpan]:
    """The spans as a collector reads them from an OTLP protobuf body."""
    return read_protobuf(encode_spans(spans).SerializeToString())


def over_json(spans: Sequence[ReadableSpan]) -> list[FinishedSpan]:
    """The spans as a collector reads them from an OTLP JSON body."""
    return read_json(json.dumps(otlp_json(spans)))


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
