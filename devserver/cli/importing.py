"""Take over what earlier trackers and recorders wrote: what is stored already, erased or another run is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from exporters import ParquetSink, StorageError, import_record, read_records
from exporters.errors import BrokenFile
from exporters.privacy.at_source import as_at_source
from exporters.recorders import EarlierRun, FoundRun, find_runs, is_other_part, is_same_run, read_run, recorded_as
from exporters.storage.writing.media import MediaFile
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking import ExecutionRecord
from otel_tracking.secrets.records import without_secrets


class ImportResult(StrEnum):
    """What became of a file or folder."""

    IMPORTED = "imported"
    KNOWN = "known"
    ERASED = "erased"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What became of one file or folder; `reason` says why it was refused, `missing` which files it lacked."""

    path: Path
    result: ImportResult
    execution_id: str | None = None
    reason: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Importing:
    """An import into a data directory. A dry run reads and compares everything, and writes nothing."""

    data_dir: Path
    study: str | None = None
    allow_missing: bool = False
    is_dry_run: bool = False

    def each(self, found: Iterable[FoundRun]) -> Iterator[TakenOver]:
        """What became of each; one that cannot be read does not keep the others out."""
        write = _nothing if self.is_dry_run else _writing(self.data_dir)
        for one in found:
            try:
                yield self._take(one, write)
            except StorageError as trouble:
                yield TakenOver(one.path, ImportResult.REFUSED, reason=str(trouble))

    def _take(self, found: FoundRun, write: Write) -> TakenOver:
        run = self._read(found)
        stored = next(read_records(self.data_dir, execution_id=run.record.execution_id), None)
        if found.is_folder and stored and is_other_part(stored, run.record):
            run = self._read(found, other_part=stored)
        result, reason = self._compare(found.path, run.record)
        if result is ImportResult.IMPORTED:
            write(run)
        return TakenOver(found.path, result, run.record.execution_id, reason, run.missing)

    def _read(self, found: FoundRun, other_part: ExecutionRecord | None = None) -> EarlierRun:
        """The run as it may be stored."""
        if found.trouble:
            raise BrokenFile(found.trouble)
        if found.is_folder:
            run = read_run(found.path, allow_missing=self.allow_missing, other_part=other_part)
        else:
            run = EarlierRun(import_record(found.path))
        return replace(run, record=as_at_source(self.data_dir, without_secrets(run.record), self.study))

    def _compare(self, path: Path, record: ExecutionRecord) -> tuple[ImportResult, str | None]:
        """Whether a record is new here, and if another has its id, why it is refused."""
        if Tombstones(self.data_dir).holds(record.execution_id, record.trace_id):
            return ImportResult.ERASED, None
        if result := self._recorded_already(record):
            return result, None
        stored = next(read_records(self.data_dir, execution_id=record.execution_id), None)
        if stored is None:
            return ImportResult.IMPORTED, None
        if stored == record or is_same_run(stored, record):
            return ImportResult.KNOWN, None
        return ImportResult.REFUSED, (
            f"{path}: another record is stored as {record.execution_id} already; it was not replaced"
        )

    def _recorded_already(self, record: ExecutionRecord) -> ImportResult | None:
        """What became of a run that was recorded while it went on, beside the folder that is read here."""
        for execution_id in recorded_as(record):
            if Tombstones(self.data_dir).holds(execution_id, None):
                return ImportResult.ERASED
            if next(read_records(self.data_dir, execution_id=execution_id), None) is not None:
                return ImportResult.KNOWN
        return None


def found_at(paths: Iterable[Path]) -> Iterator[FoundRun]:
    """The runs that were named: files as they are, and what lies in directories."""
    for path in paths:
        if not path.is_dir():
            yield FoundRun(path)
            continue
        there = list(find_runs(path))
        yield from there or [FoundRun(path, trouble=_nothing_in(path))]


Write = Callable[[EarlierRun], None]


def _writing(data_dir: Path) -> Write:
    sink = ParquetSink(data_dir)

    def write(run: EarlierRun) -> None:
        files = {file_path: MediaFile(file.path, file.sha256) for file_path, file in run.files.items()}
        sink.write(sink.prepare(run.record, files))

    return write


def _nothing(run: EarlierRun) -> None:
    """A dry run."""


def _nothing_in(path: Path) -> str:
    return (
        f"{path} has no run of an earlier tracker or recorder: a folder with a metadata.json, or a file exec_….json, "
        "here or further below, would work"
    )
