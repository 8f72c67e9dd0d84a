"""Store records as a Parquet dataset: three tables, a directory per day, every write whole or invisible.

Order of a write: media, blobs, items, and executions last. A run exists when its executions row does; what a crash
leaves before that is never read and is removed by `compact`. `docs/storage-strategy.md` has the whole story.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporters.errors import NotWritable, WriteFailed
from exporters.storage.files import discard, make_directory
from exporters.storage.layout import day_directory, day_of, file_name, label_of
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.selection import Selection
from exporters.storage.tables.codebook import write_codebook
from exporters.storage.tables.day_summaries import add_summary
from exporters.storage.tables.pack import pack
from exporters.storage.tables.parquet_file import Step, no_step, write_table
from exporters.storage.tables.rows import PreparedRecord, row_of
from exporters.storage.tables.summary import summary_of
from exporters.storage.writing.large_record import write_in_pieces
from exporters.storage.writing.media import MediaFile, store_media
from exporters.storage.writing.stored_keys import Stored, StoredKeys
from exporters.storage.writing.tombstones import Refusals, Tombstones
from exporters.storage.writing.write_ids import WriteIds
from otel_tracking.columns import RecordColumns, RecordInPieces, columns_of
from otel_tracking.erasure import RunId
from otel_tracking.record import ExecutionRecord

if TYPE_CHECKING:
    from exporters.privacy.standing_gate import StandingGate
    from exporters.storage.reading.execution_index import ExecutionRow

Written = tuple[Path, list[tuple[str | None, str, int]]]
"""A file of executions, and of each run in it the trace id, the execution id and the revision."""


class ParquetSink:
    """Records in `data_dir`, durable when `write` returns.

    Raises `NotWritable` at once where nothing can be stored. Several sinks, in one process or many, may share a
    directory: no two writes share a file. Records of runs that were erased are taken and not kept; `refused` counts
    them. `step` is told what is about to be written; tests stop a process there.

    >>> import tempfile
    >>> sink = ParquetSink(tempfile.mkdtemp())
    """

    def __init__(self, data_dir: str | Path, *, step: Step = no_step) -> None:
        self._data_dir = Path(data_dir).expanduser().absolute()
        self._step = step
        self._write_ids = WriteIds()
        self._stored = StoredKeys(self._data_dir)
        self._tombstones, self._refusals = Tombstones(self._data_dir), Refusals()
        self._gate: StandingGate | None = None
        self.location = str(self._data_dir)
        self.tell: Callable[[Written], object] = _nobody
        make_ready(self._data_dir)

    def opener(self) -> Callable[[], ParquetSink]:
        """What opens the same dataset in another process."""
        return partial(ParquetSink, self._data_dir, step=self._step)

    def hear(self, told: Written) -> None:
        """Know what this sink has written, opened in another process: what it gave to `tell` there."""
        self._stored.add(*told)

    def prepare(self, record: ExecutionRecord, files: Mapping[str, MediaFile] | None = None) -> PreparedRecord:
        """What `write` and `write_all` need of a record and may be given in its place; touches no file.

        `files` are media by `file_path` that lie elsewhere and are copied when it is written.
        """
        return self.prepare_columns(columns_of(record), files)

    def prepare_columns(self, columns: RecordColumns, files: Mapping[str, MediaFile] | None = None) -> PreparedRecord:
        """The same of a record that is there as columns."""
        return row_of(columns, self._data_dir, files)

    def write(self, record: ExecutionRecord | PreparedRecord) -> None:
        """Store one record; `WriteFailed` when it is not durable, and then nothing of it is visible."""
        self.write_all([record])

    def write_all(self, records: Sequence[ExecutionRecord | PreparedRecord]) -> None:
        """Store many records in one set of files per day, so that they share the cost of a sync.

        When it raises, whole days of `records` may be stored and the rest is invisible; writing all again is safe.
        """
        rows = [record if isinstance(record, PreparedRecord) else self.prepare(record) for record in records]
        try:
            with self._tombstones.writing():
                kept = [row for row in rows if not self.is_erased(row.execution_id, row.trace_id)]
                self._refusals.add(len(rows) - len(kept))
                self._write_rows(kept)
        except OSError as trouble:
            raise self._failed(len(records), trouble) from trouble

    def write_pieces(self, record: RecordInPieces) -> None:
        """Store one record of very many items, which are never all in memory; as `write` otherwise.

        Other threads may write meanwhile.
        """
        head = record.head
        try:
            with self._tombstones.writing():
                if self.is_erased(head.execution_id, head.trace_id):
                    return self._refusals.add(1)
                self._write_large(record)
        except OSError as trouble:
            raise self._failed(1, trouble) from trouble

    @property
    def refused(self) -> int:
        """How many records were of runs that had been erased."""
        return self._refusals.count

    def is_erased(self, execution_id: str | None, trace_id: str | None) -> bool:
        """Whether a run was erased, by anyone: its record would be taken and not kept."""
        return self._tombstones.holds(execution_id, trace_id)

    def lets_out(self, run: Any) -> bool:
        """Whether a run may leave this machine, as its people said to its study: a record, or who it is of."""
        return run.study_id is None or self._standing_gate().lets_out(run)

    def whose(self, trace_ids: Sequence[str]) -> list[ExecutionRow]:
        """The rows of these runs, as far as they are stored: they say whose they are. None where no study here asks."""
        if not (trace_ids and self._standing_gate().asks):
            return []
        from exporters.storage.reading.records import chosen_executions

        known = {trace_id: self._find(trace_id) for trace_id in trace_ids}
        runs = [RunId(found.execution_id, trace_id) for trace_id, found in known.items() if found]
        return chosen_executions(self._data_dir, runs, on_damage=Damages()) if runs else []

    @property
    def consent_troubles(self) -> list[str]:
        """Why nothing of a study leaves, a sentence for each study of which that cannot be said."""
        return list(self._gate.troubles.values()) if self._gate else []

    def contains(self, trace_id: str, revision: int) -> bool:
        """Whether this revision of the run, or a later one, is stored already, by anyone."""
        return not self.is_erased(None, trace_id) and self._stored.contains(trace_id, revision)

    def revision_of(self, trace_id: str) -> int | None:
        """The highest stored revision of a run, by anyone, as of a moment ago; None where none is stored."""
        known = self._find(trace_id)
        return known.revision if known else None

    def stored(self, trace_id: str) -> ExecutionRecord | None:
        """The stored record of a run, of its highest revision; None where there is none, or none that can be read."""
        known = self._find(trace_id)
        if known is None:
            return None
        from exporters.storage.reading.records import read_records  # only here: 80 ms of which most sinks have no need

        wanted: Selection = {"execution_id": known.execution_id, "trace_id": trace_id}
        return next(read_records(self._data_dir, on_damage=Damages(), **wanted), None)

    def trace_of(self, execution_id: str) -> str | None:
        """The trace that is stored under an execution id, by anyone; None where there is none."""
        trace_id = self._stored.trace_of(execution_id)
        return None if trace_id is None or self.is_erased(None, trace_id) else trace_id

    def close(self) -> None:
        """Nothing is open between writes."""

    def _find(self, trace_id: str) -> Stored | None:
        known = self._stored.find(trace_id)
        # What is remembered may have been erased by another process since.
        return None if known is None or self.is_erased(None, trace_id) else known

    def _standing_gate(self) -> StandingGate:
        from exporters.privacy.standing_gate import StandingGate  # only here: most runs are of no study

        if self._gate is None:
            self._gate = StandingGate(self._data_dir)
        return self._gate

    def _failed(self, count: int, trouble: OSError) -> WriteFailed:
        return WriteFailed(
            f"{count} record(s) are not stored in {self._data_dir}: {trouble}. Nothing of them is visible; "
            "once there is space and permission, the same write can be tried again"
        )

    def _write_rows(self, rows: list[PreparedRecord]) -> None:
        for row in rows:
            self._step("media")
            store_media(row.media)
        for day, same_day in groupby(sorted(rows, key=_day), key=_day):
            self._write_day(day, list(same_day))

    def _write_day(self, day: dt.date, rows: list[PreparedRecord]) -> None:
        ids = self._write_ids.next(len(rows))
        packed = pack(rows, ids)
        # Executions come last: their row is what makes a run visible.
        tables = {"blobs": packed.blobs, "items": packed.items, "executions": packed.executions}
        paths = self._paths(day, file_name(label_of(rows), ids[0]))
        summary = summary_of(packed.executions)
        try:
            for table, content in tables.items():
                self._step(table)
                if content.num_rows:
                    write_table(paths[table], content, summary if table == "executions" else b"")
        except BaseException:
            discard(reversed(paths.values()))
            raise
        self._has_written(paths["executions"], [(row.trace_id, row.execution_id, row.revision) for row in rows])
        self._step("written")
        add_summary(paths["executions"], summary)

    def _write_large(self, record: RecordInPieces) -> None:
        head, (write_id,) = record.head, self._write_ids.next(1)
        paths = self._paths(day_of(head), file_name(label_of([head]), write_id))
        try:
            write_in_pieces(record, self._data_dir, paths, write_id, self._step)
        except BaseException:
            discard(reversed(paths.values()))
            raise
        self._has_written(paths["executions"], [(head.trace_id, head.execution_id, head.revision)])
        self._step("written")

    def _has_written(self, path: Path, runs: list[tuple[str | None, str, int]]) -> None:
        self._stored.add(path, runs)
        self.tell((path, runs))

    def _paths(self, day: dt.date, name: str) -> dict[str, Path]:
        return {table: day_directory(self._data_dir, table, day) / name for table in ("blobs", "items", "executions")}


_day = attrgetter("day")


def _nobody(written: Written) -> None:
    """Nobody wants to know."""


def make_ready(data_dir: Path) -> None:
    """Make `data_dir` ready, with the codebook in it; `NotWritable` where that cannot be done."""
    try:
        make_directory(data_dir)
        write_codebook(data_dir)
    except OSError as trouble:
        raise NotWritable(
            f"data directory {data_dir} cannot be used: {trouble}. "
            "A directory on a local disk that this user may write to would work"
        ) from trouble
