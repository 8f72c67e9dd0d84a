"""Have sinks keep records that they may have already: each sink those that it lacks, together where it can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from collectors.delivery.sinks import GroupSink, Sink, contains
from otel_tracking.record import ExecutionRecord


@dataclass(slots=True)
class OfferedRecord:
    """What became of a record: the sinks that lacked it, and why one of them lacks it still."""

    record: ExecutionRecord
    missing: list[Sink] = field(default_factory=list)
    trouble: Exception | None = None


def keep_where_missing(sinks: Sequence[Sink], records: Sequence[ExecutionRecord]) -> list[OfferedRecord]:
    """What became of each of the records, which are of different runs.

    One that a sink cannot take is given to no further sink, and stands in nobody's way.
    """
    offered = [OfferedRecord(record) for record in records]
    for sink in sinks:
        lacked = [one for one in offered if not one.trouble and _lacks(sink, one)]
        for one in lacked:
            one.missing.append(sink)
        _keep(sink, lacked)
    return offered


def _keep(sink: Sink, lacked: Sequence[OfferedRecord]) -> None:
    if len(lacked) > 1 and isinstance(sink, GroupSink):
        try:
            return sink.write_all([one.record for one in lacked])
        except Exception:
            # One by one: a record that cannot be taken must not hold up the others, of which some may be there now.
            lacked = [one for one in lacked if _lacks(sink, one)]
    for one in lacked:
        try:
            sink.write(one.record)
        except Exception as trouble:
            one.trouble = trouble


def _lacks(sink: Sink, one: OfferedRecord) -> bool:
    try:
        return not contains(sink, one.record)
    except Exception as trouble:
        one.trouble = trouble
        return False
