"""Decide whether what comes for a run may become a part of it: additions may, other words for what was said may not."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from collectors.building.head import HEAD_FIELDS, seed_of
from collectors.spans.event import FinishedEvent
from collectors.spans.finished import FinishedSpan
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord
from otel_tracking.run import EXECUTION_FACT
from otel_tracking.taxonomy import ItemType

OTHER_SENDER = "are of a run of another sender"
SECOND_ROOT = "would be a second root of their run"
AFTER_END = "began after the end of their run"
OTHER_SPAN = "have the id of another span of their run"
OTHER_WORDS = "say otherwise what their run has said"
NO_IDENTITY = "their execution id is not that of their trace"

_EXECUTION_ID = re.compile(r"exec_(\d{8}_\d{6})_([0-9a-f]{8})", re.ASCII)
_ONE_DAY = dt.timedelta(days=1)


class IdentifiedRecord(Protocol):
    """What a record is called, and what tells it from others: its identity, or the record itself."""

    @property
    def execution_id(self) -> str:
        """What it is called."""

    @property
    def trace_id(self) -> str | None:
        """Of which run it is, in hex."""

    @property
    def timestamp(self) -> dt.datetime:
        """When that began."""

    @property
    def revision(self) -> int:
        """Which of its records it is."""


def complaint_about(spans: Iterable[FinishedSpan], fresh: Iterable[FinishedSpan], *, latest_s: float) -> str | None:
    """Why these spans cannot be added to those of a run that is a record already; None where they can.

    A span that says what came late may begin up to `latest_s` seconds after the run's end, any other not at all.
    """
    spans, fresh = list(spans), list(fresh)
    ends = [span.end_ns for span in spans if span.parent_id is None and span.end_ns is not None]
    for span in fresh if ends else ():
        allowed = int(latest_s * 1e9) if span.name == names.LATE_SPAN else 0
        if span.start_ns > ends[0] + allowed:
            return AFTER_END
    said, told = _said_by(spans), _said_by(fresh)
    says_otherwise = any(not _is_equal(said[key], value) for key, value in told.items() if said.get(key) is not None)
    return OTHER_WORDS if says_otherwise else None


def is_same_span(known: FinishedSpan, again: FinishedSpan) -> bool:
    """Whether two spans of one id are the same: known ones may have been read back, to the microsecond."""
    return _identity(known) == _identity(again)


def _identity(span: FinishedSpan) -> tuple[Any, ...]:
    took = None if span.end_ns is None else span.end_ns - span.start_ns
    return span.name, span.parent_id, span.start_ns // 1000, took


def _said_by(spans: Iterable[FinishedSpan]) -> dict[tuple[Any, ...], Any]:
    """What spans say, by what it is about: an item by its number, a fact by its span, the head's fields one by one."""
    said: dict[tuple[Any, ...], Any] = {}
    for span in spans:
        late = span.name == names.LATE_SPAN and span.parent_id is not None
        owner = span.parent_id if late else span.span_id
        for event in span.events:
            said.update(_said_by_event(event, owner))
    return said


def _said_by_event(event: FinishedEvent, owner: int | None) -> Mapping[tuple[Any, ...], Any]:
    fields = event.fields
    if not fields:
        return {}
    if event.is_item:
        # By the span it belongs to, too: it is that of whoever says it last. Read back, it is known to the microsecond.
        item = {**fields, "timestamp_ns": fields["timestamp_ns"] // 1000, "file_path": None, "span": owner}
        is_start = fields["item_type"] == ItemType.PIPELINE_START and fields["sequence_number"] == 1
        return {("item", fields["sequence_number"]): item, **(_head(fields.get("metadata")) if is_start else {})}
    if fields["fact"] == EXECUTION_FACT:
        return _head(fields.get("value"))
    return {("fact", owner, fields["fact"]): fields.get("value")}


def _head(fields: Any) -> dict[tuple[Any, ...], Any]:
    return {("head", name): value for name, value in fields.items()} if isinstance(fields, dict) else {}


def _is_equal(one: Any, other: Any) -> bool:
    return bool(one is other) or canonical.dumps(one) == canonical.dumps(other)


def fits(record: IdentifiedRecord) -> bool:
    """Whether the record's execution id is that of its trace, and names the day of its start, give or take one."""
    found = _EXECUTION_ID.fullmatch(record.execution_id)
    if found is None or not (record.trace_id or "").startswith(found[2]):
        return False
    try:
        named = dt.datetime.fromisoformat(f"{found[1].replace('_', 'T')}Z")
    except ValueError:
        return False
    return abs(named - record.timestamp) <= _ONE_DAY


def extends(stored: ExecutionRecord, record: ExecutionRecord) -> bool:
    """Whether everything that `stored` says stands in `record` as it was said."""
    return (
        _has_same_identity(stored, record)
        and all(_keeps(stored, record, name) for name in HEAD_FIELDS - {"metadata", "used_seed", "config_name"})
        and _keeps_head(stored, record)
        and _keeps_all(stored.items, record.items, lambda item: item.sequence_number, _keeps_item)
        and _keeps_all(stored.spans, record.spans, lambda span: span.span_id, _keeps_span)
        and len(stored.links) <= len(record.links)
        and all(_is_equal(*pair) for pair in zip(stored.links, record.links, strict=False))
    )


def _has_same_identity(stored: ExecutionRecord, record: ExecutionRecord) -> bool:
    if stored.trace_id != record.trace_id:
        return False
    roots = [{span.span_id for span in one.spans if span.parent_span_id is None} for one in (stored, record)]
    if not roots[0]:
        # Nobody had said what it was called, or when it began; now its root has come.
        return len(roots[1]) <= 1
    return (roots[0], stored.execution_id, stored.timestamp) == (roots[1], record.execution_id, record.timestamp)


def _keeps_head(stored: ExecutionRecord, record: ExecutionRecord) -> bool:
    is_unknown = stored.config_name == "unknown" and not any(item.sequence_number == 1 for item in stored.items)
    seed_was_chosen = not _is_equal(stored.used_seed, seed_of(stored.items))
    return (
        (is_unknown or _keeps(stored, record, "config_name"))
        and (not seed_was_chosen or _keeps(stored, record, "used_seed"))
        and _keeps(stored, record, "error")
        and _keeps(stored, record, "total_execution_time")
        and _keeps_entries(stored.metadata, record.metadata)
    )


def _keeps(stored: Any, record: Any, name: str) -> bool:
    """Whether a field that said something says it still."""
    said = getattr(stored, name)
    return said is None or _is_equal(said, getattr(record, name))


def _keeps_entries(said: Any, now: Any) -> bool:
    if isinstance(said, dict) and isinstance(now, dict):
        return all(name in now and _keeps_entries(value, now[name]) for name, value in said.items())
    return said is None or _is_equal(said, now)


def _keeps_all(stored: Iterable[Any], now: Iterable[Any], key: Any, keeps: Any) -> bool:
    by_key: dict[Any, list[Any]] = {}
    for entry in now:
        by_key.setdefault(key(entry), []).append(entry)
    return all(any(keeps(one, other) for other in by_key.get(key(one), ())) for one in stored)


def _keeps_item(stored: ExecutionItem, item: ExecutionItem) -> bool:
    return _is_equal({**stored.to_dict(), "file_path": None}, {**item.to_dict(), "file_path": None})


_DERIVED = frozenset({"not_passed", "configured", "passed", "response", "facts", "execution_time", "status", "error"})


def _keeps_span(stored: SpanRecord, span: SpanRecord) -> bool:
    was, now = stored.to_dict(), span.to_dict()
    flat = {name for name in was if name not in _DERIVED}
    is_open = stored.execution_time is None
    return (
        all(_is_equal(was[name], now[name]) or (is_open and was[name] is None) for name in flat)
        and all(_keeps(stored, span, name) for name in ("configured", "passed", "response", "execution_time"))
        and (is_open or _is_equal([was["status"], was["error"]], [now["status"], now["error"]]))
        and _keeps_entries(stored.facts, span.facts)
    )
