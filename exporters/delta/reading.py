"""Read runs back from Delta tables: which there are on a day, and the records of some of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from exporters.delta.tables import DATE, DeltaStore
from exporters.storage.reading.run_loader import StoredRun, mentions_blobs
from exporters.storage.tables.schema import schema
from otel_tracking.record import ExecutionRecord

if TYPE_CHECKING:
    from deltalake import DeltaTable

_KNOWN = ["trace_id", "revision", "write_id", DATE]


class Known(NamedTuple):
    """The row of a run that counts: its highest revision, and of that the latest write."""

    revision: int
    write_id: int
    day: str


def known_runs(executions: DeltaTable, day: str | None) -> dict[str, Known]:
    """The runs of a day, or of all days, by trace id."""
    found: dict[str, Known] = {}
    days = None if day is None else [(DATE, "=", day)]
    rows = executions.to_pyarrow_dataset(file_pruning_predicate=days).to_table(columns=_KNOWN)
    for trace_id, *known in zip(*(rows[name].to_pylist() for name in _KNOWN), strict=True):
        run = Known(*known)
        if trace_id is not None and (trace_id not in found or run > found[trace_id]):
            found[trace_id] = run
    return found


def read_known(store: DeltaStore, executions: DeltaTable, runs: Collection[Known]) -> Iterator[ExecutionRecord]:
    """The records of these rows; one query a table, however many they are."""
    if not runs:
        return
    days = sorted({run.day for run in runs})
    ids = pa.array(sorted({run.write_id for run in runs}), pa.int64())
    found = _rows(executions, "executions", days, ids)
    items = _rows(store.open("items"), "items", days, ids)
    has_blobs = mentions_blobs(found) or mentions_blobs(items)
    blobs = _rows(store.open("blobs"), "blobs", days, ids) if has_blobs else schema("blobs").empty_table()
    parts = [_by_write(table) for table in (found, items, blobs)]
    for run in sorted(runs):
        tables = [
            of.get(run.write_id, table.slice(0, 0)) for of, table in zip(parts, (found, items, blobs), strict=True)
        ]
        yield StoredRun(Path(store.uri), *tables).record()


def _rows(table: DeltaTable, name: str, days: Collection[str], write_ids: pa.Array) -> pa.Table:
    dataset = table.to_pyarrow_dataset(file_pruning_predicate=[(DATE, "in", list(days))])
    wanted = schema(name)
    there = [column for column in wanted.names if column in dataset.schema.names]
    found = dataset.to_table(columns=there, filter=pc.field("write_id").isin(write_ids))
    return conformed(found, wanted)


def conformed(found: pa.Table, wanted: pa.Schema) -> pa.Table:
    """A table with the columns of the store, in their types; those that an older table lacks are null."""
    columns = [
        found[field.name].cast(field.type) if field.name in found.column_names else pa.nulls(len(found), field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)


def _by_write(table: pa.Table) -> Mapping[int, pa.Table]:
    """The rows of each write, in their order: those of one lie side by side in the file that they were written to."""
    ids = table["write_id"].to_pylist()
    starts: dict[int, list[int]] = {}
    for position, write_id in enumerate(ids):
        starts.setdefault(write_id, []).append(position)
    return {write_id: table.take(positions) for write_id, positions in starts.items()}
