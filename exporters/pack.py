"""Make the rows of three tables from execution records, column by column.

A value that its column cannot say exactly (content that is no text, a config that is a dict) stands in `exact_json`,
which wins on reading. Nothing is lost, and no column changes its type from file to file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from operator import attrgetter
from typing import Any, NamedTuple

import pyarrow as pa

from exporters.blobs import text_of
from exporters.columns import EXACT, EXECUTIONS, ITEMS, TABLES
from exporters.fit import FIT
from exporters.parquet_schema import schema
from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord

Values = dict[str, list[Any]]


class Packed(NamedTuple):
    """Rows that belong together. `items` and `blobs` may be empty."""

    executions: pa.Table
    items: pa.Table
    blobs: pa.Table


class Row(NamedTuple):
    """A record on its way to its row: the write that brings it, and the large values found in it (text by sha256)."""

    record: ExecutionRecord
    write_id: int
    blobs: dict[str, str]


def pack(records: Sequence[ExecutionRecord], write_ids: Iterable[int]) -> Packed:
    """The three tables of `records`, sorted by execution_id; items keep their order within a record."""
    ordered = sorted(records, key=lambda record: (record.execution_id, record.revision))
    rows = [Row(record, write_id, {}) for record, write_id in zip(ordered, write_ids, strict=False)]
    return Packed(items=_pack_items(rows), executions=_pack_executions(rows), blobs=_pack_blobs(rows))


def _pack_executions(rows: Sequence[Row]) -> pa.Table:
    records = [row.record for row in rows]
    values = _fields(EXECUTIONS, records) | _keys(rows, [1] * len(rows))
    values["item_rows"] = [len(record.items) for record in records]
    values["error_json"] = [None if row.record.error is None else text_of(row.record.error, row.blobs) for row in rows]
    values["metadata_json"] = [text_of(row.record.metadata, row.blobs) for row in rows]
    values["spans_json"] = [_array(_span(span, row.blobs) for span in row.record.spans) for row in rows]
    values["links_json"] = [_array(text_of(dict(link), row.blobs) for link in row.record.links) for row in rows]
    return _table("executions", values, [row.blobs for row in rows])


def _pack_items(rows: Sequence[Row]) -> pa.Table:
    counts = [len(row.record.items) for row in rows]
    items = list(chain.from_iterable(row.record.items for row in rows))
    blobs = _repeated([row.blobs for row in rows], counts)
    values = _fields(ITEMS, items) | _keys(rows, counts)
    values |= _media(items)
    values["metadata_json"] = [text_of(item.metadata, found) for item, found in zip(items, blobs, strict=True)]
    empty_media = [number for number, item in enumerate(items) if item.media and not any(_parts(item))]
    return _table("items", values, blobs, {number: {"media": "{}"} for number in empty_media})


def _pack_blobs(rows: Sequence[Row]) -> pa.Table:
    counts = [len(row.blobs) for row in rows]
    values = _keys(rows, counts)
    values["sha256"] = [sha256 for row in rows for sha256 in row.blobs]
    values["text"] = [text for row in rows for text in row.blobs.values()]
    return _table("blobs", values, ())


def _keys(rows: Sequence[Row], counts: Sequence[int]) -> Values:
    """The columns that all tables begin with, each value as often as the row has entries in the table."""
    return {
        "execution_id": _repeated([row.record.execution_id for row in rows], counts),
        "trace_id": _repeated([row.record.trace_id for row in rows], counts),
        "revision": _repeated([row.record.revision for row in rows], counts),
        "write_id": _repeated([row.write_id for row in rows], counts),
    }


def _repeated(values: Iterable[Any], counts: Iterable[int]) -> list[Any]:
    return list(chain.from_iterable(map(repeat, values, counts)))


def _fields(columns: Iterable[Any], sources: Sequence[Any]) -> Values:
    """A list per column that is a field of its source under the same name."""
    names = [column.name for column in columns if column.name in _FIELDS]
    return {name: list(map(attrgetter(name), sources)) for name in names if not sources or hasattr(sources[0], name)}


_FIELDS = {*ExecutionItem.__slots__, *ExecutionRecord.__slots__}


def _media(items: Sequence[ExecutionItem]) -> Values:
    parts = [_parts(item) for item in items]
    sha256, size, kind = zip(*parts, strict=True) if parts else ((), (), ())
    return {"media_sha256": list(sha256), "media_bytes": list(size), "media_mime_type": list(kind)}


def _parts(item: ExecutionItem) -> tuple[Any, Any, Any]:
    return (item.media.sha256, item.media.bytes, item.media.type) if item.media else (None, None, None)


def _table(
    name: str,
    values: Values,
    blobs: Sequence[dict[str, str]],
    exact: Mapping[int, dict[str, str]] | None = None,
) -> pa.Table:
    """The table of `values`; what does not fit its column goes to `exact_json`."""
    arrays, exact = {}, dict(exact or {})
    for column in TABLES[name]:
        if column is not EXACT:
            arrays[column.name], misfits = FIT[column.kind](values[column.name])
            for row in misfits:
                exact.setdefault(row, {})[column.name] = text_of(values[column.name][row], blobs[row])
    if EXACT in TABLES[name]:
        rows = range(len(blobs))
        arrays[EXACT.name] = pa.array([_object(exact[row]) if row in exact else None for row in rows], pa.string())
    return pa.table([arrays[column.name] for column in TABLES[name]], schema=schema(name))


def _span(span: SpanRecord, blobs: dict[str, str]) -> str:
    """Canonical JSON of a span without its empty fields, each value on its own: nesting must not deepen it."""
    values = {name: getattr(span, name) for name in SpanRecord.__slots__}
    values["timestamp"] = span.timestamp.isoformat()
    values["not_passed"] = list(span.not_passed)
    said = {name: value for name, value in values.items() if value is not None or name not in _OPTIONAL}
    return _object({name: text_of(value, blobs) for name, value in said.items()})


_OPTIONAL = {entry.name for entry in dataclasses.fields(SpanRecord) if entry.default is None}
"""Fields of a span that may be left out when they are None."""


def _object(texts: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{texts[name]}' for name in sorted(texts)) + "}"


def _array(texts: Iterable[str]) -> str:
    return "[" + ",".join(texts) + "]"
