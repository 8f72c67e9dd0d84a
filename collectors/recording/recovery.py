"""Make records of the runs whose process died: every item that was logged, exactly once."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import NamedTuple

from collectors.building.record import build_record
from collectors.delivery import spill as spilled
from collectors.delivery.keeping import OfferedRecord, keep_where_missing
from collectors.delivery.lanes import GROUP_SIZE
from collectors.delivery.sinks import Sink, first_location, is_erased
from collectors.delivery.spill import SpilledRecord
from collectors.flight_recorder import ClaimedJournals, DeadRun, LeftAlone, NotOurs, find_dead
from collectors.spans.of_journal import JournalledRun, read_run
from collectors.worker import Worker
from otel_tracking.errors import Troubles
from otel_tracking.record import ExecutionRecord, FinishReason

_log = logging.getLogger("otel_tracking")

GROUP_BYTES = 4 * 2**20
"""Of what records are made of that are written together; made, they are ten times as large."""


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


class _Found(NamedTuple):
    """A record that was left, and what is to be done once it is durable: it is not found again."""

    record: ExecutionRecord
    forget: Callable[[], None]


class _Recovery:
    """One recovery, and its report so far.

    Records are written some at a time, and each is forgotten where it lay only then. What a death or `stop` leaves
    unwritten, or written and not forgotten, the next recovery finds.
    """

    def __init__(self, sinks: Sequence[Sink], stop: threading.Event) -> None:
        self._sinks, self._stop = sinks, stop
        self._group: list[_Found] = []
        self._bytes = 0
        self.report = RecoveryReport()

    def of_journals(self, directory: Path | str | None, namespace: str) -> None:
        for owner in find_dead(directory, namespace=namespace, tell=self._leave_alone):
            if self._stop.is_set():
                return
            claimed = owner.claim()
            if claimed is not None:
                self._of_owner(claimed)

    def of_files(self, base: Path, namespace: str) -> None:
        with contextlib.closing(spilled.take_over(base, namespace, self._leave_alone)) as owners:
            for files in owners:
                for file in files:
                    if self._stop.is_set():
                        return
                    self._of_file(file)
                self._write_group()

    def _of_file(self, file: SpilledRecord) -> None:
        with self._counting("a record could not be recovered (%s); its file is kept"):
            content = file.content()
            self._add(_Found(spilled.of_bytes(content), file.remove), len(content))

    def _of_owner(self, claimed: ClaimedJournals) -> None:
        try:
            for run in claimed.runs():
                if self._stop.is_set():
                    return
                self._of_run(run, partial(claimed.done, run.trace_id))
            self._write_group()
        finally:
            claimed.release()

    def _of_run(self, run: DeadRun, forget: Callable[[], None]) -> None:
        with self._counting("a dead run could not be recovered (%s); its journal is kept"):
            journalled = read_run(run.trace_id, run.entries)
            if journalled.spans:
                self._add(_Found(record_of(journalled), forget), sum(map(len, run.entries)))
            else:
                forget()

    def _add(self, found: _Found, size: int) -> None:
        """Keep it in the group, which is written where it is large, or has the run already."""
        if any(found.record.trace_id == other.record.trace_id for other in self._group):
            self._write_group()
        self._group.append(found)
        self._bytes += size
        if len(self._group) >= GROUP_SIZE or self._bytes >= GROUP_BYTES:
            self._write_group()

    def _write_group(self) -> None:
        """Write what was found, unless that is over: then it stays where it is."""
        group, self._group, self._bytes = self._group, [], 0
        if self._stop.is_set():
            return
        offered = keep_where_missing(self._sinks, [found.record for found in group])
        for found, one in zip(group, offered, strict=True):
            with self._counting("a record could not be recovered (%s); it stays where it was"):
                if one.trouble:
                    raise one.trouble
                self.report += self._told(one)
                found.forget()

    def _told(self, one: OfferedRecord) -> RecoveryReport:
        record = one.record
        if is_erased(one.missing, record.execution_id, record.trace_id):
            return RecoveryReport(refused=1)
        if not one.missing:
            return RecoveryReport(already_durable=1)
        return RecoveryReport(recovered=(record.execution_id,))

    @contextlib.contextmanager
    def _counting(self, what: str) -> Iterator[None]:
        """Trouble with one record in the block is counted, told, and in nobody's way."""
        try:
            yield
        except NotOurs as error:
            self._leave_alone(error.what)
        except Exception as trouble:
            _log.warning(what, type(trouble).__name__)
            self.report += RecoveryReport(failed=1)

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
