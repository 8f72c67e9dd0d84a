"""Read a record back into the spans it was built from, so that spans which come later can join them.

`build_record` of what this gives is the same record again, for every record that was built from spans; whoever needs
that looks whether it holds (`is_exact`). Media are described in it, their bytes are in their files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectors.building.head import HEAD_FIELDS
from collectors.building.record import build_record
from collectors.spans.event import FinishedEvent
from collectors.spans.finished import FinishedSpan
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.frame import ITEM_FIELDS
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord
from otel_tracking.run import EXECUTION_FACT

_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_ATTRIBUTES = {
    names.STAGE: "stage",
    names.STAGE_ITERATION: "stage_iteration",
    names.LOOP_ITERATION: "loop_iteration",
    names.CONFIG_USED: "config_used",
    names.BACKEND_USED: "backend_used",
    names.MODEL_USED: "model_used",
}
_SAME = tuple(name for name in ITEM_FIELDS if name not in ("timestamp_ns", "media", "item_type", "media_type"))


def spans_of_record(record: ExecutionRecord) -> list[FinishedSpan]:
    """The spans of a stored record, by which it can be built again. Raises where it has no trace or spans."""
    trace_id = int(record.trace_id or "", 16)
    spans = [_span(trace_id, span) for span in record.spans]
    spans = _with_items(spans, record.items)
    first = next((span for span in spans if span.parent_id is None), spans[0])
    cancelled = {names.CANCELLED: True} if record.status == Status.CANCELLED else {}
    first = first._replace(attributes={**first.attributes, **cancelled}, links=tuple(record.links))
    others = [span for span in spans if span.span_id != first.span_id]
    built = build_record([first, *others])
    amended = _amendments(built, record)
    if amended:
        first = first._replace(events=(*first.events, FinishedEvent({"fact": EXECUTION_FACT, "value": amended})))
    return [_with_missing(first, record.dropped - built.dropped, len(spans)), *others]


def counted_spans_of(record: ExecutionRecord) -> list[FinishedSpan]:
    """The spans of a stored record; the root of a run that is whole says so, and whoever reads it waits for no more."""
    first, *others = spans_of_record(record)
    if record.dropped or first.parent_id is not None or first.end_ns is None:
        return [first, *others]
    spans = sum(span.name != names.LATE_SPAN for span in (first, *others))
    counts = {names.SPAN_COUNT: spans, names.ITEM_COUNT: len(record.items)}
    return [first._replace(attributes={**first.attributes, **counts}), *others]


def is_exact(spans: Iterable[FinishedSpan], record: ExecutionRecord) -> bool:
    """Whether these spans make that record, byte for byte of its canonical text."""
    built = build_record(
        spans,
        finish_reason=record.finish_reason,  # type: ignore[arg-type]  # a later version's reason is its text
        revision=record.revision,
        late_spans=record.late_spans,
    )
    return canonical.dumps(built.to_dict()) == canonical.dumps(record.to_dict())


def _span(trace_id: int, span: SpanRecord) -> FinishedSpan:
    start_ns = _nanoseconds(span.timestamp)
    error = span.error if isinstance(span.error, dict) else {}
    attributes = {name: value for name, field in _ATTRIBUTES.items() if (value := getattr(span, field)) is not None}
    if span.error is not None:
        attributes[names.ERROR_TYPE] = error.get("error_type")
    return FinishedSpan(
        trace_id=trace_id,
        span_id=int(span.span_id, 16),
        parent_id=int(span.parent_span_id, 16) if span.parent_span_id else None,
        name=span.name,
        kind=span.kind,
        start_ns=start_ns,
        end_ns=None if span.execution_time is None else start_ns + round(span.execution_time * 1e9),
        status=span.status,
        status_description=error.get("error_message"),
        attributes=attributes,
        events=tuple(_facts(span)),
    )


def _facts(span: SpanRecord) -> Iterator[FinishedEvent]:
    said = {"configured": span.configured, "passed": span.passed, "response": span.response, **(span.facts or {})}
    for name, value in said.items():
        if value is not None or name in (span.facts or {}):
            yield FinishedEvent({"fact": name, "value": value})


def _with_items(spans: Iterable[FinishedSpan], items: Iterable[ExecutionItem]) -> list[FinishedSpan]:
    events: dict[str | None, list[FinishedEvent]] = {}
    for item in items:
        events.setdefault(item.span_id, []).append(FinishedEvent(_fields(item)))
    return [span._replace(events=(*events.get(f"{span.span_id:016x}", ()), *span.events)) for span in spans]


def _fields(item: ExecutionItem) -> dict[str, Any]:
    fields = {name: value for name in _SAME if (value := getattr(item, name)) is not None}
    media = item.media
    if media is not None:
        fields["media"] = {"sha256": media.sha256, "bytes": media.bytes, "type": media.type}
    return {
        **fields,
        "timestamp_ns": _nanoseconds(item.timestamp),
        "item_type": str(item.item_type),
        "media_type": str(item.media_type),
    }


def _with_missing(first: FinishedSpan, missing: int, spans: int) -> FinishedSpan:
    """Say how much is known to be missing, beside the items whose numbers show it: spans, where there is a root."""
    if missing <= 0:
        return first
    if first.parent_id is not None:
        return first._replace(dropped=missing)
    return first._replace(attributes={**first.attributes, names.SPAN_COUNT: spans + missing})


def _amendments(built: ExecutionRecord, record: ExecutionRecord) -> Mapping[str, Any]:
    """The head's fields that are not what the run's first item says of them."""
    pairs = {name: (getattr(built, name), getattr(record, name)) for name in sorted(HEAD_FIELDS)}
    fields = {name: said for name, (made, said) in pairs.items() if canonical.dumps(made) != canonical.dumps(said)}
    metadata = fields.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("unknown_fields"), dict):
        known = {name: value for name, value in metadata.items() if name != "unknown_fields"}
        fields = {**metadata["unknown_fields"], **fields, "metadata": known}
    if built.execution_id != record.execution_id:
        fields["execution_id"] = record.execution_id
    return fields


def _nanoseconds(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND * 1000
