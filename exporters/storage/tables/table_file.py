"""Read rows of one Parquet file by the write that brought them, without reading the rest."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from exporters.errors import BrokenFile
from exporters.storage.files import is_plain, kind_of
from exporters.storage.tables.parquet_file import ROWS_PER_GROUP
from exporters.storage.tables.seal import check_footer, check_whole
from exporters.storage.tables.shape import check_shape
from exporters.storage.tables.summary import summary_rows
from exporters.storage.tables.unpack import Row

Result = TypeVar("Result")

FEW_ROWS = 2_000
GROUPS_KEPT = 2
FILES_KEPT, ROWS_KEPT = 96, 200_000
"""Of files in use: runs of one second, in the order of their ids, lie in all the files that it was written to."""


class TableFile:
    """One file of a table; its rows of one write lie side by side. `FileNotFoundError` when it is gone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_parquet(path)
        self._ranges = read_checked(path, lambda: _ranges(self._file.metadata))
        self.row_count = min(self._file.metadata.num_rows, GROUPS_KEPT * ROWS_PER_GROUP)
        self._groups: OrderedDict[int, Group] = OrderedDict()

    def table(self, write_id: int) -> pa.Table:
        """The rows of that write, in their order."""
        groups = [number for number, (low, high) in enumerate(self._ranges) if low <= write_id <= high]
        parts = [self._group(number).slice(write_id) for number in groups]
        return pa.concat_tables(parts) if parts else self._file.schema_arrow.empty_table()

    def _group(self, number: int) -> Group:
        if number not in self._groups:
            self._groups[number] = read_checked(self._path, lambda: Group(self._read(number)))
            if len(self._groups) > GROUPS_KEPT:
                self._groups.popitem(last=False)
        return self._groups[number]

    def _read(self, number: int) -> pa.Table:
        is_large = self._file.metadata.row_group(number).num_rows > FEW_ROWS
        return self._file.read_row_group(number, use_threads=is_large)


class Group:
    """Rows in memory, found by their write id."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._starts: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        for position, write_id in enumerate(table["write_id"].to_pylist()):
            self._starts.setdefault(write_id, position)
            self._counts[write_id] = self._counts.get(write_id, 0) + 1

    def slice(self, write_id: int) -> pa.Table:
        """The rows of that write as a table."""
        return self._table.slice(self._starts.get(write_id, 0), self._counts.get(write_id, 0))


class TableFiles:
    """The files in use, the latest of them kept open."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, TableFile] = OrderedDict()
        self._rows = 0

    def rows(self, path: Path, write_id: int) -> list[Row]:
        """The rows of a write in the file at `path`, as dicts."""
        return to_rows(self.table(path, write_id))

    def table(self, path: Path, write_id: int) -> pa.Table:
        """The rows of a write in the file at `path`."""
        if path not in self._open:
            self._open[path] = TableFile(path)
            self._rows += self._open[path].row_count
            while len(self._open) > FILES_KEPT or (self._rows > ROWS_KEPT and len(self._open) > 1):
                self._rows -= self._open.popitem(last=False)[1].row_count
        self._open.move_to_end(path)
        return self._open[path].table(write_id)


def open_parquet(path: Path) -> Any:
    """The open file at a path of the store; `BrokenFile` where it is damaged or none of that table.

    The footer is checked here, pages when they are read: whoever reads through this gets no other values than those
    that were written.
    """
    _refuse_other_kinds(path)
    return read_checked(path, lambda: _open(path))


def _refuse_other_kinds(path: Path) -> None:
    if not read_checked(path, lambda: is_plain(path)):
        raise BrokenFile(f"{path} is {kind_of(path)} and not a file. A copy from a backup would work", path)


def execution_rows(path: Path, names: Sequence[str], narrow: Callable[[pa.Table], pa.Table] | None = None) -> list[Row]:
    """The rows of a file of executions with at least these columns, as far as it has them; checked as `open_parquet`.

    `narrow` may leave out rows of a large file before they become dicts; others come all.
    """
    _refuse_other_kinds(path)
    found = read_checked(path, lambda: summary_rows(path, names))
    if found is not None:
        return found
    file = open_parquet(path)
    stored = set(file.schema_arrow.names)
    # For a file of one run, threads cost three times what they do.
    is_large = file.metadata.num_rows > FEW_ROWS
    wanted = [name for name in names if name in stored]
    table = read_checked(path, lambda: file.read(columns=wanted, use_threads=is_large))
    return read_checked(path, lambda: to_rows(narrow(table) if narrow else table))


def arrow_file(path: Path) -> Any:
    """The file for Arrow, which takes names as text in UTF-8 or as bytes; a path need not be UTF-8."""
    return pa.OSFile(os.fsencode(path))


def _open(path: Path) -> Any:
    check_footer(path)
    file = pq.ParquetFile(arrow_file(path), page_checksum_verification=True, pre_buffer=False)
    check_shape(path, path.parents[1].name, file)
    return file


def check_file(path: Path) -> bool:
    """Read the whole file at a path of the store: whether it is sealed. `BrokenFile` where any of it is damaged."""
    if read_checked(path, lambda: is_plain(path) and check_whole(path)):
        return True
    # Files that were written before there were seals tell by their page checksums only.
    file = open_parquet(path)
    read_checked(path, lambda: _read_all(path, file))
    return False


def _read_all(path: Path, file: Any) -> None:
    for number in range(file.metadata.num_row_groups):
        group = file.read_row_group(number)
        if group["write_id"].null_count or group["revision"].null_count:
            raise BrokenFile(f"{path} is damaged: rows of it do not say of which write they are", path)
        to_rows(group)


def read_checked(path: Path, read: Callable[[], Result]) -> Result:
    """What `read` returns, and its trouble as `BrokenFile` naming the file."""
    try:
        return read()
    except (FileNotFoundError, BrokenFile):
        raise
    # A damaged file makes parsers raise whatever they please: UnicodeDecodeError, UnknownTimeZoneError, KeyError.
    except Exception as trouble:
        sentence = f"{path} cannot be read: {first_line(trouble)}. A copy from a backup would work"
        raise BrokenFile(sentence, path) from trouble


def first_line(trouble: Exception) -> str:
    """What an exception says, in one line of a length that people read."""
    said = trouble.strerror if isinstance(trouble, OSError) and trouble.strerror else str(trouble)
    return (said.strip().splitlines() or [type(trouble).__name__])[0].rstrip(".")[:200]


def to_rows(table: pa.Table) -> list[Row]:
    """The rows of a table as dicts; column by column, which is three times as fast as row by row."""
    columns = [column.to_pylist() for column in table.columns]
    names = table.column_names
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _ranges(metadata: Any) -> Sequence[tuple[int, int]]:
    """Least and greatest write id of each row group."""
    column = metadata.schema.names.index("write_id")
    groups = [metadata.row_group(number).column(column).statistics for number in range(metadata.num_row_groups)]
    return [
        (statistics.min, statistics.max) if statistics and statistics.has_min_max else (-(2**63), 2**63)
        for statistics in groups
    ]
