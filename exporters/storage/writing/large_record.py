"""Write the files of one record of very many items a piece after the other, so that they are never all in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa

from exporters.storage.tables.pack import pack_blobs, pack_executions, pack_items
from exporters.storage.tables.parquet_file import Step, write_table, writing
from exporters.storage.tables.rows import PreparedRecord, row_of_head, row_of_piece
from exporters.storage.tables.schema import schema
from exporters.storage.tables.summary import summary_of
from exporters.storage.writing.media import attached_at, named_in, store_media
from otel_tracking.columns import RecordInPieces

ROWS_TOGETHER, BYTES_TOGETHER = 4_096, 8 * 2**20
"""Rows of a row group, or their bytes: with four times as many a run took no less time, and more memory."""


def write_in_pieces(
    record: RecordInPieces, data_dir: Path, paths: Mapping[str, Path], write_id: int, step: Step
) -> None:
    """Write the record's media, then its files at `paths` (by table), executions last."""
    head = row_of_head(record)
    # First, since what does not fit its column may add to the blobs.
    executions = pack_executions([head], [write_id])
    _write_items(record, head, data_dir, paths, write_id, step)
    step("executions")
    write_table(paths["executions"], executions, summary_of(executions))


def _write_items(
    record: RecordInPieces, head: PreparedRecord, data_dir: Path, paths: Mapping[str, Path], write_id: int, step: Step
) -> None:
    named: dict[str, Path] = {}
    with contextlib.ExitStack() as files:
        blobs = _Blobs(lambda: _Groups(files.enter_context(writing(paths["blobs"], schema("blobs")))), write_id)
        blobs.add(head)
        step("items")
        items = _Groups(files.enter_context(writing(paths["items"], schema("items"))))
        for piece in record.read():
            row = row_of_piece(record, piece)
            items.add(pack_items([row], [write_id]))
            blobs.add(row)
            named |= named_in(data_dir, record.head, piece.items)
        items.write()
        blobs.write()
        step("media")
        store_media(attached_at(data_dir, record.head, named))


class _Groups:
    """Gathers tables into row groups."""

    def __init__(self, write: Callable[[pa.Table], None]) -> None:
        self._write = write
        self._tables: list[pa.Table] = []
        self._rows = self._bytes = 0

    def add(self, table: pa.Table) -> None:
        """Add rows, and write them with those before where they are enough."""
        self._tables.append(table)
        self._rows, self._bytes = self._rows + table.num_rows, self._bytes + table.nbytes
        if self._rows >= ROWS_TOGETHER or self._bytes >= BYTES_TOGETHER:
            self.write()

    def write(self) -> None:
        """Write what is gathered."""
        if self._tables:
            self._write(pa.concat_tables(self._tables))
            self._tables, self._rows, self._bytes = [], 0, 0


class _Blobs:
    """The file of blobs, made for the first of them; each is written once."""

    def __init__(self, opened: Callable[[], _Groups], write_id: int) -> None:
        self._opened, self._write_id = opened, write_id
        self._groups: _Groups | None = None
        self._written: set[str] = set()

    def add(self, row: PreparedRecord) -> None:
        """Write the blobs of a row that are not written yet."""
        for sha256 in self._written.intersection(row.blobs):
            del row.blobs[sha256]
        if row.blobs:
            self._groups = self._groups or self._opened()
            self._groups.add(pack_blobs([row], [self._write_id]))
            self._written.update(row.blobs)

    def write(self) -> None:
        """Write what is gathered."""
        if self._groups:
            self._groups.write()
