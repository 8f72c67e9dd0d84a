"""The calls of a record, each with its attempts in the order in which they left."""

from __future__ import annotations

from typing import Any, NamedTuple

from otel_tracking import ExecutionItem, ExecutionRecord, SpanRecord


class RecordedCall(NamedTuple):
    """A backend call: its own span, and the spans of its attempts, which may be itself alone."""

    span: SpanRecord
    attempts: tuple[SpanRecord, ...]


def recorded_calls(record: ExecutionRecord) -> list[RecordedCall]:
    """Every call of a run, in order.

    A call over HTTP speaks of its last request; earlier ones, and questions, have spans below it (see
    `otel_tracking/capture/wire.py`). Together they are its attempts.
    """
    by_id = {span.span_id: span for span in record.attempts}
    exchanges: dict[str, list[SpanRecord]] = {}
    calls = []
    for span in record.attempts:
        if span.parent_span_id in by_id and span.backend_used is None:
            exchanges.setdefault(str(span.parent_span_id), []).append(span)
        else:
            calls.append(span)
    return [RecordedCall(call, _attempts(call, exchanges.get(call.span_id, []))) for call in calls]


def is_http(span: SpanRecord) -> bool:
    """Whether a request was recorded on this span."""
    return isinstance(span.passed, dict) and {"method", "url", "headers"} <= span.passed.keys()


def answered_body(span: SpanRecord) -> Any:
    """The body of the recorded answer, where there is one."""
    return span.response.get("body") if isinstance(span.response, dict) else None


def said_of(item: ExecutionItem, name: str) -> Any:
    """What the metadata of an item has under a name."""
    return item.metadata.get(name) if isinstance(item.metadata, dict) else None


def _attempts(call: SpanRecord, exchanges: list[SpanRecord]) -> tuple[SpanRecord, ...]:
    if not exchanges:
        return (call,)
    own = [call] if call.passed is not None else []
    return tuple(sorted([*own, *exchanges], key=_number))


def _number(span: SpanRecord) -> Any:
    """Which request of its call it was; one that was never sent comes last."""
    number = span.passed.get("attempt") if isinstance(span.passed, dict) else None
    return (not isinstance(number, int), number if isinstance(number, int) else 0)
