"""Tell whether an open Parquet file is one of a table of ours: its columns, and what it would become in memory."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.types as kinds

from exporters.errors import BrokenFile
from exporters.storage.tables.schema import schema

_NEEDED = {
    "executions": ("execution_id", "trace_id", "revision", "write_id", "timestamp", "config_name", "item_rows"),
    "items": ("execution_id", "trace_id", "revision", "write_id", "sequence_number", "item_type"),
    "blobs": ("execution_id", "trace_id", "revision", "write_id", "sha256", "text"),
}
"""Columns that every file of a table has had from the beginning; the others may be missing in an older one."""

_MOST_TIMES = 1_000
_MOST_ROWS = 20_000
"""Per byte of file and per row group: many times what any run of ours comes to, and far from what stops a machine."""
_SMALL = 1 << 26


def check_shape(path: Path, table: str, file: Any) -> None:
    """Whether an open Parquet file is one of `table`; `BrokenFile` says what is not as it should be."""
    shape = _shape_of(table, file)
    if shape.trouble:
        raise BrokenFile(f"{path} is no file of the table {table}: {shape.trouble}", path)
    _check_size(path, file.metadata)


def added_columns(table: str, file: Any) -> tuple[pa.Field, ...]:
    """The columns of an open file that `table` does not have: a newer version has added them."""
    return _shape_of(table, file).added


class _Shape(NamedTuple):
    """What is to be said of the columns of a file; `trouble` where it is none of the table."""

    trouble: str | None
    added: tuple[pa.Field, ...]


class _Columns:
    """The columns of an open file as it describes them, equal where two files describe the same."""

    def __init__(self, file: Any) -> None:
        self.schema = file.schema
        self._described = (file.metadata.metadata or {}).get(b"ARROW:schema")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Columns) or self._described != other._described:
            return False
        return bool(self.schema.equals(other.schema))

    def __hash__(self) -> int:
        return hash(self._described)


def _shape_of(table: str, file: Any) -> _Shape:
    return _judged(table, _Columns(file))


# Nearly all files have the same columns: to look at each of them took half of the time of opening a small file.
@lru_cache(maxsize=32)
def _judged(table: str, columns: _Columns) -> _Shape:
    stored = columns.schema.to_arrow_schema()
    added = tuple(field for field in stored if field.name not in schema(table).names)
    return _Shape(_trouble(table, stored), added)


def _trouble(table: str, stored: pa.Schema) -> str | None:
    missing = [name for name in _NEEDED[table] if name not in stored.names]
    if missing:
        return f"it has no column {', '.join(missing)}"
    for field in schema(table):
        if field.name in stored.names and not _is_same(stored.field(field.name).type, field.type):
            return f"{field.name} is {stored.field(field.name).type}, not {field.type}"
    return "a column is there twice" if len(set(stored.names)) != len(stored.names) else None


def _is_same(found: pa.DataType, ours: pa.DataType) -> bool:
    """Other tools that write our files anew make large strings and dictionaries of strings."""
    if kinds.is_dictionary(found):
        found = found.value_type
    return bool(found.equals(ours) or (ours == pa.string() and kinds.is_large_string(found)))


def _check_size(path: Path, metadata: Any) -> None:
    """What comes out is bounded by what came in: a small file may say that it holds a billion rows."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    rows, size = max((group.num_rows for group in groups), default=0), path.stat().st_size
    unpacked = sum(group.total_byte_size for group in groups)
    if rows > _MOST_ROWS or unpacked > max(_SMALL, size * _MOST_TIMES):
        raise BrokenFile(
            f"{path} is none of ours: it would become {rows:,} rows at once, {unpacked:,} bytes in all", path
        )
