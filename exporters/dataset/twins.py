"""Write a table once more as CSV, for spreadsheets: UTF-8 with a byte order mark, safe to open.

The Parquet file is the truth: what a cell cannot say exactly is shown as well as it can be.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from exporters.formats.csv_cells import CsvFile, protect, spelled
from exporters.storage.files import replacing
from exporters.storage.tables.columns import Column


class CsvTwin:
    """The CSV file of a table, row group by row group; a block, since the file appears whole or not at all."""

    def __init__(self, path: Path | None, columns: Sequence[Column]) -> None:
        """`path` None writes nothing."""
        self._path, self._columns = path, columns
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if self._path is not None:
            file = self._open.enter_context(replacing(self._path))
            self._rows = self._open.enter_context(CsvFile(file, [column.name for column in self._columns]))
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    def write(self, table: pa.Table) -> None:
        """Append the rows of `table`."""
        if self._path is None:
            return
        cells = [list(map(_CELLS[column.kind], table[column.name].to_pylist())) for column in self._columns]
        self._rows.write(zip(*cells, strict=True))


def _text(value: str | None) -> str:
    return "" if value is None else protect(spelled(value))


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


_CELLS: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "json": _text,
    # A seed of 20 digits would lose its last ones.
    "digits": _text,
    "int": _number,
    "float": _number,
    "bool": lambda value: "" if value is None else str(value).lower(),
    "ints": lambda value: "" if value is None else " ".join(map(str, value)),
    "time": lambda value: "" if value is None else value.isoformat(),
    # Taken for a date by spreadsheets: nothing else is meant.
    "date": lambda value: "" if value is None else value.isoformat(),
}
