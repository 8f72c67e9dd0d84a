"""Tell a stored record as the events that a watcher of the run saw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

from collectors.recording.live import LiveEvent
from collectors.recording.open_runs import ENDED, FINISHED, LOGGED, STARTED
from devserver.web.run_state import SAFETY_LEVEL
from otel_tracking import attributes as names
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord

_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)

_PLACE = {
    "stage": names.STAGE,
    "stage_iteration": names.STAGE_ITERATION,
    "loop_iteration": names.LOOP_ITERATION,
    "config_used": names.CONFIG_USED,
    "backend_used": names.BACKEND_USED,
    "model_used": names.MODEL_USED,
}


class _Moment(NamedTuple):
    """Something that happened; of two at the same time the lower `rank` was first."""

    timestamp_ns: int
    rank: int
    order: int
    event: LiveEvent


def events_of(record: ExecutionRecord) -> tuple[LiveEvent, ...]:
    """The events of a run that is over, in the order of their times, numbered from 1.

    They are those of the live feed as far as a record tells: its spans, its items, and where each hop went. The last
    one, `finished`, says the record's status.
    """
    moments = sorted([*_of_spans(record), *_of_items(record)], key=lambda moment: moment[:3])
    events = [moment.event for moment in moments]
    if not any(span.parent_span_id is None for span in record.spans):
        # A record of an earlier tracker has no spans; who it is stands at the beginning all the same.
        events.insert(0, LiveEvent(0, STARTED, name=names.EXECUTION_SPAN, fields=_head(record)))
    last = LiveEvent(0, FINISHED, name=str(record.finish_reason), fields={"status": str(record.status)})
    return tuple(_numbered(event, number) for number, event in enumerate([*events, last], start=1))


def _numbered(event: LiveEvent, number: int) -> LiveEvent:
    return LiveEvent(number, event.kind, event.span_id, event.parent_id, event.name, event.timestamp_ns, event.fields)


def _of_spans(record: ExecutionRecord) -> Iterator[_Moment]:
    for order, span in enumerate(record.spans):
        span_id, start = _id(span.span_id) or 0, _nanoseconds(span.timestamp)
        parent_id, place = _id(span.parent_span_id), _place(span)
        if parent_id is None:
            place |= _head(record)
        yield _Moment(start, 0, order, LiveEvent(0, STARTED, span_id, parent_id, span.name, start, place))
        if span.name == names.ITERATION_SPAN and span.configured is not None:
            said = {"fact": "configured", "value": span.configured}
            yield _Moment(start, 1, order, LiveEvent(0, LOGGED, span_id, None, "configured", start, said))
        if span.execution_time is not None:
            end = start + round(span.execution_time * 1e9)
            yield _Moment(end, 3, -order, LiveEvent(0, ENDED, span_id, None, span.status, end, _end(span, record)))


def _head(record: ExecutionRecord) -> dict[str, Any]:
    said = {names.EXECUTION_ID: record.execution_id, names.CONFIG_NAME: record.config_name}
    return said if record.safety_level is None else {**said, SAFETY_LEVEL: record.safety_level}


def _end(span: SpanRecord, record: ExecutionRecord) -> dict[str, Any]:
    failed = span.error.get("error_type") if isinstance(span.error, dict) else span.error
    fields = {names.ERROR_TYPE: str(failed)} if failed else {}
    is_cancelled = span.parent_span_id is None and record.status == Status.CANCELLED
    return {**fields, names.CANCELLED: True} if is_cancelled else fields


def _of_items(record: ExecutionRecord) -> Iterator[_Moment]:
    for order, item in enumerate(record.items):
        moment = _nanoseconds(item.timestamp)
        event = LiveEvent(0, LOGGED, _id(item.span_id) or 0, None, str(item.item_type), moment, _fields(item))
        yield _Moment(moment, 2, order, event)


def _fields(item: ExecutionItem) -> dict[str, Any]:
    fields = {name: value for name, value in item.to_dict().items() if value is not None}
    return {**fields, "timestamp_ns": _nanoseconds(item.timestamp)}


def _place(span: SpanRecord) -> dict[str, Any]:
    return {name: value for field, name in _PLACE.items() if (value := getattr(span, field)) is not None}


def _id(text: str | None) -> int | None:
    try:
        return int(text, 16) if text else None
    except ValueError:
        return None


def _nanoseconds(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND * 1000
