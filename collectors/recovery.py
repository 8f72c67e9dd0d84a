"""Make records of the runs whose process died: every item that was logged, exactly once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.build import build_record
from collectors.delivery import Sink
from collectors.flight_recorder import ClaimedJournals, DeadRun, find_dead
from collectors.journal_entries import JournalledRun, read_run
from otel_tracking.record import ExecutionRecord, FinishReason

_log = logging.getLogger("otel_tracking")


@dataclass(frozen=True)
class RecoveryReport:
    """What recovery found: records written, runs that were durable already, runs that cannot be read or written."""

    recovered: tuple[str, ...] = ()
    already_durable: int = 0
    failed: int = 0

    def __add__(self, other: RecoveryReport) -> RecoveryReport:
        return RecoveryReport(
            self.recovered + other.recovered, self.already_durable + other.already_durable, self.failed + other.failed
        )


def recover(
    sinks: Sequence[Sink], *, directory: Path | str | None = None, namespace: str | None = None
) -> RecoveryReport:
    """Write records of the dead runs of a journal namespace (default: that of the sinks) to the sinks.

    A run that the process had finished keeps its status; one that was under way is `interrupted`. What cannot be
    written stays in its journal for the next time.
    """
    report = RecoveryReport()
    for owner in find_dead(directory, namespace=namespace or namespace_of(sinks)):
        claimed = owner.claim()
        if claimed is not None:
            report += _recover_owner(claimed, sinks)
    return report


def namespace_of(sinks: Sequence[Sink]) -> str:
    """The journal namespace of a set of sinks: that of the first that says where it writes."""
    import hashlib

    locations = [location for sink in sinks if (location := getattr(sink, "location", None))]
    return hashlib.sha256(str(locations[0]).encode()).hexdigest()[:16] if locations else "default"


def _recover_owner(claimed: ClaimedJournals, sinks: Sequence[Sink]) -> RecoveryReport:
    report = RecoveryReport()
    for run in claimed.runs():
        try:
            report += _recover_run(run, sinks)
        except Exception as trouble:
            _log.warning("a dead run could not be recovered (%s); its journal is kept", type(trouble).__name__)
            report += RecoveryReport(failed=1)
        else:
            claimed.done(run.trace_id)
    claimed.release()
    return report


def _recover_run(run: DeadRun, sinks: Sequence[Sink]) -> RecoveryReport:
    journalled = read_run(run.trace_id, run.entries)
    if not journalled.spans:
        return RecoveryReport()
    record = record_of(journalled)
    missing = [sink for sink in sinks if not _contains(sink, run.trace_id, record.revision)]
    for sink in missing:
        sink.write(record)
    return RecoveryReport(recovered=(record.execution_id,)) if missing else RecoveryReport(already_durable=1)


def record_of(journalled: JournalledRun) -> ExecutionRecord:
    """The record of a journal."""
    return build_record(
        journalled.spans,
        finish_reason=FinishReason.RECOVERED,
        revision=journalled.revision,
        late_spans=journalled.late_spans,
    )


def _contains(sink: Sink, trace_id: int, revision: int) -> bool:
    contains = getattr(sink, "contains", None)
    return bool(contains and contains(f"{trace_id:032x}", revision))
