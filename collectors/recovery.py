"""Make records of the runs whose process died: every item that was logged, exactly once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors import spill as spilled
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
    sinks: Sequence[Sink],
    *,
    directory: Path | str | None = None,
    namespace: str | None = None,
    spill: Path | str | None = None,
) -> RecoveryReport:
    """Write records of the dead runs of a journal namespace (default: that of the sinks) to the sinks.

    A run that the process had finished keeps its status; one that was under way is `interrupted`. What cannot be
    written stays in its journal for the next time.
    """
    namespace = namespace or namespace_of(sinks)
    report = RecoveryReport()
    for owner in find_dead(directory, namespace=namespace):
        claimed = owner.claim()
        if claimed is not None:
            report += _recover_owner(claimed, sinks)
    base = spill_base(sinks, spill)
    for path in spilled.take_over(base, namespace) if base else ():
        report += _recover_file(path, sinks)
    return report


def spill_base(sinks: Sequence[Sink], directory: Path | str | None) -> Path | None:
    """Where records wait in files: `directory`, or the usual place if a sink says where it writes; None for nowhere.

    Without that nobody could tell afterwards for which sinks the files of the usual place were meant.
    """
    if directory is not None:
        return Path(directory)
    return spilled.usual_base() if _locations(sinks) else None


def namespace_of(sinks: Sequence[Sink]) -> str:
    """The journal namespace of a set of sinks: that of the first that says where it writes."""
    import hashlib

    locations = _locations(sinks)
    return hashlib.sha256(str(locations[0]).encode()).hexdigest()[:16] if locations else "default"


def _locations(sinks: Sequence[Sink]) -> list[object]:
    return [location for sink in sinks if (location := getattr(sink, "location", None))]


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
    return _write_where_missing(record_of(journalled), sinks)


def _recover_file(path: Path, sinks: Sequence[Sink]) -> RecoveryReport:
    try:
        report = _write_where_missing(spilled.read(path), sinks)
        path.unlink()
    except Exception as trouble:
        _log.warning("a record could not be recovered (%s); its file is kept", type(trouble).__name__)
        return RecoveryReport(failed=1)
    return report


def _write_where_missing(record: ExecutionRecord, sinks: Sequence[Sink]) -> RecoveryReport:
    missing = [sink for sink in sinks if not _contains(sink, record.trace_id or "", record.revision)]
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


def _contains(sink: Sink, trace_id: str, revision: int) -> bool:
    contains = getattr(sink, "contains", None)
    return bool(contains and contains(trace_id, revision))
