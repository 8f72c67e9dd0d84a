"""The items of a record as a CSV table for spreadsheets and statistics: one row per item, safe to open.

Cells are those of `csv_cells.py`; which apostrophes to take away, `read_csv` knows. What a cell cannot say exactly (a
control character, a dict as content) is shown as well as it can be, and stands in `exact_json`. Columns are those of
the Parquet table `items`, a few of the run, and the parameters asked for most.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from exporters.errors import BrokenFile
from exporters.formats.csv_cells import CsvFile, cell_of, protect, spelled, unprotect
from exporters.storage.tables.columns import EXACT, ITEMS
from exporters.storage.tables.unpack import unpack_item
from exporters.story.readable import readable
from otel_tracking import canonical
from otel_tracking.record import ExecutionItem, ExecutionRecord

OF_THE_RUN = (
    *("config_name", "status", "safety_level", "execution_mode"),
    *("user_id", "session_id", "device_id", "study_id", "batch_id"),
)
"""Columns that are the same in every row."""

_COUNTED = ("words", "unknown_words")
"""Where words are unknown, the text is not all in `to_lang`."""
COMMON = ("from_lang", "to_lang", *_COUNTED, "safe", "seed", "width", "height", "steps", "cfg", "duration_seconds")
"""Parameters with a column of their own; `metadata_json` has them too, exactly."""

_ITEM = tuple(column for column in ITEMS if column.name not in ("write_id", EXACT.name, "metadata_json"))
COLUMNS = (*(column.name for column in _ITEM[:3]), *OF_THE_RUN, *(column.name for column in _ITEM[3:]))
COLUMNS += (*COMMON, "metadata_json", EXACT.name)
_EARLIER = tuple(name for name in COLUMNS if name not in _COUNTED)
"""The columns of documents that were written before words were counted."""


def render(record: ExecutionRecord) -> bytes:
    """The items of a record as CSV, in their order."""
    file = io.BytesIO()
    with CsvFile(file, COLUMNS) as table:
        table.write(rows_of(record))
    return file.getvalue()


def rows_of(record: ExecutionRecord) -> Iterator[list[str]]:
    """The cells of each item of a record, in the order of `COLUMNS`."""
    of_the_run = {name: cell_of(getattr(record, name)) for name in OF_THE_RUN}
    keys = {name: getattr(record, name) for name in ("execution_id", "trace_id", "revision")}
    for item in record.items:
        cells = of_the_run | _item_cells(item, keys)
        yield [cells[name] for name in COLUMNS]


def read_csv(document: bytes) -> list[ExecutionItem]:
    """The items of a document that `render` wrote, equal to those of the record; `BrokenFile` for anything else."""
    try:
        return [unpack_item(_values(row), {}) for row in _rows(document)]
    except (ValueError, TypeError, KeyError) as trouble:
        raise BrokenFile(f"the table cannot be read: {trouble!s:.300}") from trouble


def _rows(document: bytes) -> list[dict[str, str]]:
    """Every row, cell by column, all of them text."""
    # Not Python's reader: it refuses cells of more than 128 KB unless a setting of the whole process is changed.
    from pyarrow import csv as arrow_csv
    from pyarrow import string

    cells = dict.fromkeys(COLUMNS, string())
    table = arrow_csv.read_csv(
        io.BytesIO(document),
        read_options=arrow_csv.ReadOptions(block_size=len(document) + 1, use_threads=False),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(column_types=cells, strings_can_be_null=False),
    )
    if tuple(table.column_names) not in (COLUMNS, _EARLIER):
        raise ValueError(f"its columns are not those of items: {', '.join(table.column_names)}")
    return list(table.to_pylist())


def _item_cells(item: ExecutionItem, keys: Mapping[str, Any]) -> dict[str, str]:
    media = item.media
    values = {name: getattr(item, name) for name in ExecutionItem.__slots__} | dict(keys)
    values["media_sha256"], values["media_bytes"], values["media_mime_type"] = (
        (media.sha256, media.bytes, media.type) if media else (None, None, None)
    )
    exact = {} if media is None or (media.sha256, media.bytes, media.type) != (None, None, None) else {"media": "{}"}
    cells = {}
    for column in _ITEM:
        cells[column.name], is_exact = _CELL[column.kind](values[column.name])
        if not is_exact:
            exact[column.name] = canonical.dumps(values[column.name])
    said = item.metadata if isinstance(item.metadata, Mapping) else {}
    cells |= {name: cell_of(said.get(name)) for name in COMMON}
    cells["metadata_json"] = canonical.dumps(item.metadata)
    cells[EXACT.name] = "{" + ",".join(f'"{name}":{text}' for name, text in exact.items()) + "}" if exact else ""
    return cells


def _text_cell(value: Any) -> tuple[str, bool]:
    """The cell of a text, and whether it says exactly this."""
    if value is None:
        return "", True
    if not isinstance(value, str):
        return protect(spelled(readable(value))), False
    return protect(spelled(value)), value != "" and spelled(value) == value


def _int_cell(value: Any) -> tuple[str, bool]:
    if value is None:
        return "", True
    return cell_of(value), type(value) is int and value.bit_length() < 64


def _float_cell(value: Any) -> tuple[str, bool]:
    if value is None:
        return "", True
    return (repr(value), True) if type(value) is float else (cell_of(value), False)


_CELL: dict[str, Callable[[Any], tuple[str, bool]]] = {
    "text": _text_cell,
    "int": _int_cell,
    "float": _float_cell,
    "time": lambda value: (value.isoformat(), value.tzinfo is dt.UTC),
}


def _values(row: Mapping[str, str]) -> dict[str, Any]:
    """The typed values of a row, as the Parquet table has them."""
    values: dict[str, Any] = {"metadata_json": row["metadata_json"], EXACT.name: row[EXACT.name] or None}
    exact = canonical.loads(row[EXACT.name]) if row[EXACT.name] else {}
    for column in _ITEM:
        cell = row[column.name]
        values[column.name] = None if cell == "" or column.name in exact else _READ[column.kind](cell)
    return values


_READ: dict[str, Callable[[str], Any]] = {
    "text": unprotect,
    "int": lambda cell: int(unprotect(cell)),
    "float": float,
    "time": dt.datetime.fromisoformat,
}
