"""Make three tables of the rows of a write, column by column.

A value that its column cannot say exactly (content that is no text, a config that is a dict) stands in `exact_json`,
which wins on reading. Nothing is lost, and no column changes its type from file to file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

import pyarrow as pa

from exporters.storage.tables.columns import EXACT, TABLES
from exporters.storage.tables.fit import FIT
from exporters.storage.tables.rows import PreparedRecord
from exporters.storage.tables.schema import schema
from exporters.storage.tables.texts import text_of

Values = Mapping[str, Sequence[Any]]


class Packed(NamedTuple):
    """Rows that belong together. `items` and `blobs` may be empty."""

    executions: pa.Table
    items: pa.Table
    blobs: pa.Table


def pack(rows: Iterable[PreparedRecord], write_ids: Sequence[int]) -> Packed:
    """The three tables of `rows`, sorted by execution_id; items keep their order within a record."""
    ordered = sorted(rows, key=lambda row: (row.execution_id, row.revision))
    # The blobs come last: what does not fit its column may be large too.
    return Packed(
        executions=pack_executions(ordered, write_ids),
        items=pack_items(ordered, write_ids),
        blobs=pack_blobs(ordered, write_ids),
    )


def pack_executions(rows: Sequence[PreparedRecord], write_ids: Sequence[int]) -> pa.Table:
    """The table of executions."""
    values = {name: [row.execution[name] for row in rows] for name in rows[0].execution}
    return _table("executions", values | _keys(rows, write_ids, [1] * len(rows)), [row.blobs for row in rows])


def pack_items(rows: Sequence[PreparedRecord], write_ids: Sequence[int]) -> pa.Table:
    """The table of items; what does not fit its column and is large is added to the blobs of its row."""
    counts = [row.item_count for row in rows]
    values = {name: list(chain.from_iterable(row.items[name] for row in rows)) for name in rows[0].items}
    blobs = _repeated([row.blobs for row in rows], counts)
    return _table("items", values | _keys(rows, write_ids, counts), blobs, _empty_media(rows))


def _empty_media(rows: Sequence[PreparedRecord]) -> dict[int, dict[str, str]]:
    first = 0
    exact: dict[int, dict[str, str]] = {}
    for row in rows:
        exact |= {first + position: {"media": "{}"} for position in row.empty_media}
        first += row.item_count
    return exact


def pack_blobs(rows: Sequence[PreparedRecord], write_ids: Sequence[int]) -> pa.Table:
    """The table of blobs."""
    values = _keys(rows, write_ids, [len(row.blobs) for row in rows])
    values["sha256"] = [sha256 for row in rows for sha256 in row.blobs]
    values["text"] = [text for row in rows for text in row.blobs.values()]
    return _table("blobs", values, ())


def _keys(rows: Sequence[PreparedRecord], write_ids: Sequence[int], counts: Sequence[int]) -> dict[str, list[Any]]:
    """The columns that all tables begin with, each value as often as the row has entries in the table."""
    return {
        "execution_id": _repeated([row.execution_id for row in rows], counts),
        "trace_id": _repeated([row.trace_id for row in rows], counts),
        "revision": _repeated([row.revision for row in rows], counts),
        "write_id": _repeated(write_ids, counts),
    }


def _repeated(values: Iterable[Any], counts: Iterable[int]) -> list[Any]:
    return list(chain.from_iterable(map(repeat, values, counts)))


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


def _object(texts: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{texts[name]}' for name in sorted(texts)) + "}"
