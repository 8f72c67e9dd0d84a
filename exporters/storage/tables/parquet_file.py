"""Write one Parquet file, whole and durable, with the settings that all our files share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exporters.storage.files import replacing
from exporters.storage.tables.schema import repeating
from exporters.storage.tables.seal import place_of, seal

ROWS_PER_GROUP = 16_384
"""A run by its id reads one row group of items; fewer rows make it faster and the whole table slower."""

Step = Callable[[str], None]
"""Told what is about to happen."""


def no_step(name: str) -> None:
    """Nothing happens between steps, except in tests."""


def write_table(path: Path, table: pa.Table, note: bytes = b"") -> None:
    """`table` at `path`, with a note for `sealed_note`."""
    with writing(path, table.schema, note) as write:
        write(table)


@contextlib.contextmanager
def writing(
    path: Path, schema: pa.Schema, note: bytes = b"", place: str | None = None
) -> Iterator[Callable[[pa.Table], None]]:
    """A function that appends rows to the file that will be `path` when the block ends well.

    `place` is what its seal says of where it belongs, if that is not where it is written.
    """
    with replacing(path) as file:
        with pq.ParquetWriter(file, schema, **_options(schema)) as writer:
            yield lambda table: writer.write_table(table, row_group_size=ROWS_PER_GROUP)
        seal(file, place_of(path) if place is None else place, note)


def _options(schema: pa.Schema) -> dict[str, Any]:
    return {
        "compression": "zstd",
        "compression_level": 3,
        "write_page_index": True,
        "write_page_checksum": True,
        "use_dictionary": repeating(schema),
        "sorting_columns": [pq.SortingColumn(0)],
        "bloom_filter_options": {"execution_id": {"ndv": 4096, "fpp": 0.01}},
    }
