"""Requests with spans of a planted run and of others, as senders send them."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from places_stage import OTHER, PLANTED

from collectors import start_recording
from collectors.receiving.entries import JSON, PROTOBUF
from otel_tracking import ItemType


class _KeepSpans(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


def spans_by_user(*users: str, hops: int = 2) -> dict[str, list[ReadableSpan]]:
    """The spans of a run of each user; the root is the last of them."""
    kept = _KeepSpans()
    found = {}
    with start_recording(journal=False) as recording:
        recording.provider.add_span_processor(kept)
        for user in users:
            with recording.tracker().execution("dada", user_id=user) as run, run.stage(2) as stage:
                for hop in range(1, hops + 1):
                    with stage.iteration(hop) as iteration:
                        iteration.item(ItemType.INTERCEPTION_ITERATION, content=f"{user} writes {hop}")
            assert recording.provider.force_flush(30_000)
            found[user] = [span for span in kept.spans if f"{span.context.trace_id:032x}" == run.trace_id]
    return found


def request_of(spans: list[ReadableSpan], kind: bytes = PROTOBUF) -> bytes:
    """The body of a request."""
    request = encode_spans(spans)
    return request.SerializeToString() if kind == PROTOBUF else json.dumps(_as_json(request)).encode()


def _as_json(request: Any) -> Any:
    """As OTLP has it in JSON: ids in hex."""
    plain, spans = MessageToDict(request, use_integers_for_enums=True), iter(_spans(request))
    for group in plain["resourceSpans"]:
        for scope in group["scopeSpans"]:
            for span, packed in zip(scope["spans"], spans, strict=False):
                span["traceId"], span["spanId"] = packed.trace_id.hex(), packed.span_id.hex()
                if packed.parent_span_id:
                    span["parentSpanId"] = packed.parent_span_id.hex()
    return plain


def _spans(request: Any) -> list[Any]:
    return [span for group in request.resource_spans for scope in group.scope_spans for span in scope.spans]


RUNS = spans_by_user(PLANTED, OTHER)
PLANTED_SPANS, OTHER_SPANS = RUNS[PLANTED], RUNS[OTHER]
PLANTED_TRACE, OTHER_TRACE = (spans[0].context.trace_id for spans in RUNS.values())
KINDS = (PROTOBUF, JSON)
