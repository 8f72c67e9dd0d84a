"""Write one Parquet file, whole and durable, with the settings that all our files share."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exporters.storage.files import replacing, write_file
from exporters.storage.tables.schema import repeating
from exporters.storage.tables.seal import place_of, seal

ROWS_PER_GROUP = 16_384
"""A run by its id reads one row group of items; fewer rows make it faster and the whole table slower."""

_PACKING, _LEVEL = "zstd", 3
_TINY = 64
"""Bytes of a column, an id or two, that packing makes larger."""

Step = Callable[[str], None]
"""Told what is about to happen."""


def no_step(name: str) -> None:
    """Nothing happens between steps, except in tests."""


def write_table(path: Path, table: pa.Table, note: bytes = b"") -> None:
    """`table`, which is small, at `path`, with a note for `sealed_note`."""
    # In memory first, and in Arrow's own: Parquet comes in hundreds of pieces, a Python file wants the interpreter's
    # lock for each, and its seal reads all of them again. A file took twice as long.
    written = pa.BufferOutputStream()
    with pq.ParquetWriter(written, table.schema, **_options(table.schema) | _options_of_few(table)) as writer:
        writer.write_table(table, row_group_size=ROWS_PER_GROUP)
    content = io.BytesIO(written.getvalue())
    seal(content, place_of(path), note)
    write_file(path, content.getbuffer())


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


def _options_of_few(table: pa.Table) -> dict[str, Any]:
    """What makes a file of a few runs smaller, in half the time: no dictionaries, and no packing of tiny columns."""
    packed = [name for name, column in zip(table.column_names, table.columns, strict=True) if column.nbytes > _TINY]
    return {
        "use_dictionary": False,
        "compression": dict.fromkeys(packed, _PACKING),
        "compression_level": dict.fromkeys(packed, _LEVEL),
    }
