"""Make the records of runs that are due, and say why some may not be stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from collectors.building.record import build_columns, build_record
from collectors.building.spans_of_record import is_exact, spans_of_record
from collectors.receiving.record_maker import NOT_MADE
from collectors.receiving.remote_run import RemoteRun
from collectors.receiving.revisions import NO_IDENTITY, extends, fits
from collectors.receiving.runs import Due
from collectors.receiving.stored_runs import LESS_OR_OTHER, run_of
from collectors.spans.finished import FinishedSpan
from collectors.spans.to_otlp import request_of
from otel_tracking.columns import RecordColumns
from otel_tracking.record import ExecutionRecord, FinishReason

_ONE_DAY = dt.timedelta(days=1)


class MadeRecord(NamedTuple):
    """The record of a run that is due, as columns; or None, and why there is none."""

    columns: RecordColumns | None
    complaint: str = ""


def make_record(due: Due) -> MadeRecord:
    """The record, where one can be made that may be stored. Never raises."""
    try:
        columns = build_columns(due.spans, finish_reason=due.reason, revision=due.revision, late_spans=due.late_spans)
        complaint = _complaint(due, columns)
    except Exception as trouble:
        return MadeRecord(None, f"{NOT_MADE} ({type(trouble).__name__})")
    return MadeRecord(None, complaint) if complaint else MadeRecord(columns)


def _complaint(due: Due, columns: RecordColumns) -> str:
    if not fits(columns.head):
        return NO_IDENTITY
    if due.fresh:
        before = build_record(span for span in due.spans if span.span_id not in due.fresh)
        return "" if extends(before, columns.record()) else LESS_OR_OTHER
    return ""


def spans_of(due: Due) -> bytes:
    """The spans that a record could not be made of, as one message; of a run that is a record, those that came late."""
    spans = [span for span in due.spans if not due.fresh or span.span_id in due.fresh]
    try:
        return request_of(spans, {})
    except Exception:  # what cannot be written either: where it came from is known
        return b""


def so_far(run: RemoteRun) -> ExecutionRecord | None:
    """What there is of a run that did not end, if that can be read back as it is."""
    try:
        record = build_record(run.spans.values(), finish_reason=FinishReason.TOO_OLD, revision=1)
        return record if is_exact(spans_of_record(record), record) else None
    except Exception:
        return None


def run_again(record: ExecutionRecord, *, has_ended: bool) -> RemoteRun:
    """The run of a record that was stored, or spilled before it had ended, as if its spans had just come."""
    run = run_of(record, sender="")
    if not has_ended:
        run.revision = 0
    return run


def days_of(spans: Iterable[FinishedSpan]) -> frozenset[str]:
    """The days that a run may be stored under, by spans of it."""
    return frozenset(day for span in spans for day in _days_about(span.start_ns))


def _days_about(start_ns: int) -> Iterator[str]:
    try:
        day = dt.datetime.fromtimestamp(start_ns / 1e9, dt.UTC).date()
        yield from ((day + offset * _ONE_DAY).isoformat() for offset in (-1, 0, 1))
    except (OverflowError, ValueError, OSError):  # no clock says so; its record will say why it is none
        return


def hex_of(trace_id: int) -> str:
    """A trace id as it is stored."""
    return f"{trace_id:032x}"
