"""Write one Parquet file, whole and durable, with the settings that all our files share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exporters.storage.files import replacing, write_file
from exporters.storage.tables.columns import TABLES
from exporters.storage.tables.schema import TYPES, repeating
from exporters.storage.tables.seal import place_of, seal, sealed

ROWS_PER_GROUP = 16_384
"""A run by its id reads one row group of items; fewer rows make it faster and the whole table slower."""

_PACKING, _LEVEL = "zstd", 3
_FEW, _SOME = 8, 64
"""Rows up to which packing is worth its time for long texts only, and for texts only."""

Step = Callable[[str], None]
"""Told what is about to happen."""


def no_step(name: str) -> None:
    """Nothing happens between steps, except in tests."""


def write_table(path: Path, table: pa.Table, note: bytes = b"") -> None:
    """`table`, which is small, at `path`, with a note for `sealed_note`."""
    # In memory first, and in Arrow's own: Parquet comes in hundreds of pieces, a Python file wants the interpreter's
    # lock for each, and its seal reads all of them again. A file took twice as long.
    written, place = pa.BufferOutputStream(), place_of(path)
    options = _options_of_few(place.partition("/")[0], _packed(table.num_rows))
    with pq.ParquetWriter(written, table.schema, **options) as writer:
        writer.write_table(table, row_group_size=ROWS_PER_GROUP)
    write_file(path, *sealed(memoryview(written.getvalue()), place, note))


@contextlib.contextmanager
def writing(path: Path, schema: pa.Schema, place: str | None = None) -> Iterator[Callable[[pa.Table], None]]:
    """A function that appends rows to the file that will be `path` when the block ends well.

    `place` is what its seal says of where it belongs, if that is not where it is written.
    """
    with replacing(path) as file:
        with pq.ParquetWriter(file, schema, **_options(schema)) as writer:
            yield lambda table: writer.write_table(table, row_group_size=ROWS_PER_GROUP)
        seal(file, place_of(path) if place is None else place)


def _options(schema: pa.Schema) -> dict[str, Any]:
    return {
        "compression": _PACKING,
        "compression_level": _LEVEL,
        "write_page_index": True,
        "write_page_checksum": True,
        "use_dictionary": repeating(schema),
        "sorting_columns": [pq.SortingColumn(0)],
        "bloom_filter_options": {"execution_id": {"ndv": 4096, "fpp": 0.01}},
    }


def _packed(rows: int) -> frozenset[str]:
    """Kinds of columns that packing makes smaller; to ask how large each is takes longer than it saves."""
    if rows > _SOME:
        return frozenset(TYPES)
    return frozenset({"json"} if rows <= _FEW else {"json", "text"})


@cache
def _options_of_few(table: str, packed: frozenset[str]) -> dict[str, Any]:
    """What makes a small file in less time: no dictionaries, no packing of tiny columns, no index of a single page.

    What it holds is told as well by the least and the greatest of each column.
    """
    names = [column.name for column in TABLES[table] if column.kind in packed]
    return {
        "use_dictionary": False,
        "compression": dict.fromkeys(names, _PACKING),
        "compression_level": dict.fromkeys(names, _LEVEL),
        "write_page_checksum": True,
        "sorting_columns": [pq.SortingColumn(0)],
    }
