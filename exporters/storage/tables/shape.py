"""Tell one of our tables from another file: its columns, their types, and how much it would become in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds

from exporters.errors import BrokenFile
from exporters.storage.tables.schema import schema

NEEDED = {
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
    stored = file.schema_arrow
    missing = [name for name in NEEDED[table] if name not in stored.names]
    if missing:
        raise BrokenFile(f"{path} is no file of the table {table}: it has no column {', '.join(missing)}", path)
    for field in schema(table):
        if field.name in stored.names and not _is_same(stored.field(field.name).type, field.type):
            found = str(stored.field(field.name).type)
            raise BrokenFile(f"{path} is no file of the table {table}: {field.name} is {found}, not {field.type}", path)
    if len(set(stored.names)) != len(stored.names):
        raise BrokenFile(f"{path} is no file of the table {table}: a column is there twice", path)
    _check_size(path, file.metadata)


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
