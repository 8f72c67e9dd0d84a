"""Load all that is stored of a run, by its row in the list of executions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from exporters.errors import BrokenFile
from exporters.storage.files import is_there
from exporters.storage.reading.damage import Damage, OnDamage
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow, sibling
from exporters.storage.tables.blobs import REFERENCE, REFERENCE_START
from exporters.storage.tables.schema import schema
from exporters.storage.tables.table_file import TableFiles, read_checked, to_rows
from exporters.storage.tables.unpack import unpack_execution
from otel_tracking.record import ExecutionRecord

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """The rows of a run in the three tables; `path` is the file that has its execution."""

    path: Path
    executions: pa.Table
    items: pa.Table
    blobs: pa.Table

    def record(self) -> ExecutionRecord:
        """The record that these rows were made of."""
        return read_checked(self.path, self._unpack)

    def _unpack(self) -> ExecutionRecord:
        [execution] = to_rows(self.executions)
        blobs = {row["sha256"]: row["text"] for row in to_rows(self.blobs)}
        try:
            return unpack_execution(execution, to_rows(self.items), blobs)
        except BrokenFile as trouble:
            path = sibling(self.path, "blobs")
            raise BrokenFile(f"{path} lacks what belongs to {self.path}: {trouble}", path) from trouble


class RunLoader:
    """Turns light rows into whole runs, keeping the latest files open; tells what is damaged."""

    def __init__(self, data_dir: Path, tell: OnDamage) -> None:
        self._data_dir = data_dir
        self._tell = tell
        self._files = TableFiles()

    def load(self, row: ExecutionRow, make: Callable[[StoredRun], Made]) -> Made | None:
        """What `make` makes of a run, or of the best that is left of it; None when it was erased, or nothing is."""
        try:
            return self._load_present(row, make)
        except BrokenFile as trouble:
            self._tell(Damage(trouble.path or row.path, str(trouble), row.execution_id))
        for earlier in ExecutionIndex(self._data_dir, row.execution_id).earlier(row):
            try:
                return self._load_present(earlier, make)
            except BrokenFile:
                continue
        return None

    def _load_present(self, row: ExecutionRow, make: Callable[[StoredRun], Made]) -> Made | None:
        current: ExecutionRow | None = row
        while current:
            try:
                return make(self._load(current))
            except FileNotFoundError:
                current = self._find_again(current)
        return None

    def _load(self, row: ExecutionRow) -> StoredRun:
        executions = self._part(row, "executions", 1)
        items = self._part(row, "items", row.item_rows)
        has_blobs = mentions_blobs(executions) or mentions_blobs(items)
        blobs = self._files.table(sibling(row.path, "blobs"), row.write_id) if has_blobs else _NO_BLOBS
        return StoredRun(row.path, executions, items, blobs)

    def _part(self, row: ExecutionRow, table: str, count: int) -> pa.Table:
        path = sibling(row.path, table)
        if count == 0:
            return _NO_ITEMS
        found = self._files.table(path, row.write_id)
        if len(found) != count:
            raise BrokenFile(f"{path} has {len(found)} of the {count} {table} of {row.execution_id}", path)
        return found

    def _find_again(self, row: ExecutionRow) -> ExecutionRow | None:
        """The row of the same run after its file was compacted away."""
        rows = ExecutionIndex(self._data_dir).rows(row.day)
        found = next((other for other in rows if other.key == row.key), None)
        if found and found.path == row.path:
            siblings = [sibling(row.path, table) for table in ("items", "blobs")]
            path = next((path for path in siblings if not is_there(path)), row.path)
            raise BrokenFile(f"{path} is gone, which belongs to {row.path}; a copy from a backup would work", path)
        return found


def mentions_blobs(table: pa.Table) -> bool:
    """Whether a JSON column of the table refers to a blob."""
    columns = [table[name] for name in table.column_names if name.endswith("_json")]
    # A regular expression is built anew for every column, and most columns have nothing to build it for.
    likely = [column for column in columns if pc.any(pc.match_substring(column, REFERENCE_START)).as_py()]
    return any(pc.any(pc.match_substring_regex(column, REFERENCE)).as_py() for column in likely)


# Not `empty_table()`, which makes arrays of Python values: pyarrow imports pandas for that, 0.2 s of a short command.
_NO_ITEMS = pa.Table.from_batches([], schema("items"))
_NO_BLOBS = pa.Table.from_batches([], schema("blobs"))
