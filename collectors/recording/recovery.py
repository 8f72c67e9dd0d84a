"""Make records of the runs whose process died: every item that was logged, exactly once."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

from collectors.building.record import build_record
from collectors.delivery import spill as spilled
from collectors.delivery.sinks import Sink, contains, first_location, is_erased
from collectors.delivery.spill import SpilledRecord
from collectors.flight_recorder import ClaimedJournals, DeadRun, LeftAlone, NotOurs, find_dead
from collectors.spans.of_journal import JournalledRun, read_run
from collectors.worker import Worker
from otel_tracking.errors import Troubles
from otel_tracking.record import ExecutionRecord, FinishReason

_log = logging.getLogger("otel_tracking")


@dataclass(frozen=True)
class RecoveryReport:
    """What recovery found: records written, runs that were durable already, runs that cannot be read or written.

    `refused` counts runs that were erased meanwhile: nothing of them is kept any more.
    """

    recovered: tuple[str, ...] = ()
    already_durable: int = 0
    failed: int = 0
    left_alone: tuple[LeftAlone, ...] = ()
    """What lies where this user's journals and files would, and is not this user's alone."""
    refused: int = 0

    def __add__(self, other: RecoveryReport) -> RecoveryReport:
        names = [entry.name for entry in fields(self)]
        return RecoveryReport(**{name: getattr(self, name) + getattr(other, name) for name in names})


def recover(
    sinks: Sequence[Sink],
    *,
    directory: Path | str | None = None,
    namespace: str | None = None,
    spill: Path | str | None = None,
    journals: bool = True,
    stop: threading.Event | None = None,
) -> RecoveryReport:
    """Write records of the dead runs of a journal namespace (default: that of the sinks) to the sinks.

    A run that the process had finished keeps its status; one that was under way is `interrupted`. What cannot be
    written stays in its journal for the next time, and so does what is left once `stop` is set. Without `journals`
    only records that waited in files are written.
    """
    namespace = namespace or namespace_of(sinks)
    recovery = _Recovery(sinks, stop or threading.Event())
    if journals:
        recovery.of_journals(directory, namespace)
    if base := spill_base(sinks, spill):
        recovery.of_files(base, namespace)
    return recovery.report


def spill_base(sinks: Sequence[Sink], directory: Path | str | None) -> Path | None:
    """Where records wait in files: `directory`, or the usual place if a sink says where it writes; None for nowhere.

    Without that nobody could tell afterwards for which sinks the files of the usual place were meant.
    """
    if directory is not None:
        return Path(directory)
    return spilled.usual_base() if first_location(sinks) else None


def namespace_of(sinks: Sequence[Sink]) -> str:
    """The journal namespace of a set of sinks: that of the first that says where it writes."""
    location = first_location(sinks)
    # The bytes of a path need not be UTF-8.
    return hashlib.sha256(location.encode("utf-8", "surrogatepass")).hexdigest()[:16] if location else "default"


class Recovering:
    """A recovery on a thread of its own; `report` is that of one that is over, or empty."""

    def __init__(self, recover: Callable[..., RecoveryReport], troubles: Troubles) -> None:
        self.report = RecoveryReport()
        self._recover = recover
        self._is_over = threading.Event()
        self._done = threading.Event()
        self._done.set()
        self._worker = Worker("otel-tracking recovery", partial(troubles.report, "recovery"))

    def start(self) -> None:
        """Begin."""
        self._done.clear()
        self._worker.put(self._work)
        self._worker.start()
        self._worker.stop(0.0)  # after that

    def end(self, seconds: float) -> None:
        """Wait for it for half of the time; then what is under way is finished, and what is left stays where it is."""
        if not self._worker.stop(seconds / 2):
            # The sinks are closed next.
            self._is_over.set()
            self._worker.stop(seconds / 4)

    def wait(self, seconds: float) -> bool:
        """Whether it is over within that time; one that was never begun is."""
        return self._done.wait(seconds)

    def _work(self) -> None:
        try:
            self.report = self._recover(stop=self._is_over)
        finally:
            self._done.set()


class _Recovery:
    """One recovery, and its report so far."""

    def __init__(self, sinks: Sequence[Sink], stop: threading.Event) -> None:
        self._sinks, self._stop = sinks, stop
        self.report = RecoveryReport()

    def of_journals(self, directory: Path | str | None, namespace: str) -> None:
        for owner in find_dead(directory, namespace=namespace, tell=self._leave_alone):
            if self._stop.is_set():
                return
            claimed = owner.claim()
            if claimed is not None:
                self._of_owner(claimed)

    def of_files(self, base: Path, namespace: str) -> None:
        with contextlib.closing(spilled.take_over(base, namespace, self._leave_alone)) as files:
            for file in files:
                if self._stop.is_set():
                    return
                self._of_file(file)

    def _of_file(self, file: SpilledRecord) -> None:
        try:
            self._write_where_missing(file.read())
            file.remove()
        except NotOurs as error:
            self._leave_alone(error.what)
        except Exception as trouble:
            _log.warning("a record could not be recovered (%s); its file is kept", type(trouble).__name__)
            self.report += RecoveryReport(failed=1)

    def _of_owner(self, claimed: ClaimedJournals) -> None:
        try:
            for run in claimed.runs():
                if self._stop.is_set():
                    return
                if self._of_run(run):
                    claimed.done(run.trace_id)
        finally:
            claimed.release()

    def _of_run(self, run: DeadRun) -> bool:
        """Write a run's record; False where that cannot be done."""
        try:
            journalled = read_run(run.trace_id, run.entries)
            if journalled.spans:
                self._write_where_missing(record_of(journalled))
        except Exception as trouble:
            _log.warning("a dead run could not be recovered (%s); its journal is kept", type(trouble).__name__)
            self.report += RecoveryReport(failed=1)
            return False
        return True

    def _write_where_missing(self, record: ExecutionRecord) -> None:
        missing = [sink for sink in self._sinks if not contains(sink, record)]
        for sink in missing:
            sink.write(record)
        if is_erased(missing, record.execution_id, record.trace_id):
            self.report += RecoveryReport(refused=1)
        else:
            found = RecoveryReport(recovered=(record.execution_id,)) if missing else RecoveryReport(already_durable=1)
            self.report += found

    def _leave_alone(self, what: LeftAlone) -> None:
        _log.warning("left alone: %s", what)
        self.report += RecoveryReport(left_alone=(what,))


def record_of(journalled: JournalledRun) -> ExecutionRecord:
    """The record of a journal."""
    return build_record(
        journalled.spans,
        finish_reason=FinishReason.RECOVERED,
        revision=journalled.revision,
        late_spans=journalled.late_spans,
    )
