"""Spans and items in OTLP's JSON, as anybody may write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from otel_tracking import attributes as names
from otel_tracking import canonical

SECOND = 10**9
COUNTS = {names.SPAN_COUNT: 1, names.ITEM_COUNT: 1}
"""What a root of one span and one item says."""


def span_of(
    trace_id: int,
    span_id: int = 0xF1,
    parent: int | None = None,
    *,
    events: Sequence[str] = (),
    name: str = "execution",
    start: int | None = None,
    counts: Mapping[str, int] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A span in OTLP's JSON, for the attacker to send."""
    start = 1_795_408_740 * SECOND if start is None else start
    attributes = [{"key": key, "value": {"intValue": str(value)}} for key, value in (counts or {}).items()]
    return {
        "traceId": f"{trace_id:032x}",
        "spanId": f"{span_id:016x}",
        **({"parentSpanId": f"{parent:016x}"} if parent else {}),
        "name": name,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + SECOND),
        "attributes": attributes,
        "events": [{"attributes": [{"key": names.PAYLOAD, "value": {"stringValue": text}}]} for text in events],
        **more,
    }


def request_of(*spans: Any) -> bytes:
    """A request with these spans."""
    scope = {"scope": {"name": "otel_tracking"}, "spans": list(spans)}
    return json.dumps({"resourceSpans": [{"scopeSpans": [scope]}]}).encode()


def item(
    number: int, item_type: str = "user_input_text", *, timestamp: int = 1_795_408_740 * SECOND, **fields: Any
) -> str:
    """The payload of an item."""
    return canonical.dumps(
        {"sequence_number": number, "timestamp_ns": timestamp, "item_type": item_type, "media_type": "text", **fields}
    )
