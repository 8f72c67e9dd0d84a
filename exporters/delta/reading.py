"""Read runs back from Delta tables: which there are on a day, and the records of some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from exporters.delta.tables import DATE, DeltaStore
from exporters.storage.reading.run_loader import StoredRun, mentions_blobs
from exporters.storage.tables.schema import schema
from exporters.storage.tables.table_file import Group
from otel_tracking.record import ExecutionRecord

if TYPE_CHECKING:
    from deltalake import DeltaTable

RUNS_AT_ONCE = 1_000
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


def read_known(store: DeltaStore, executions: DeltaTable, runs: Iterable[Known]) -> Iterator[ExecutionRecord]:
    """The records of these rows, in the order in which they were written; some at a time, a query a table."""
    tables = {"executions": executions}
    for bunch in bunches(runs):
        yield from _read_bunch(store, tables, bunch)


def bunches(runs: Iterable[Known]) -> Iterator[Sequence[Known]]:
    """The runs in the order in which they were written, as many at a time as are read at once."""
    runs = sorted(runs, key=lambda run: run.write_id)
    for start in range(0, len(runs), RUNS_AT_ONCE):
        yield runs[start : start + RUNS_AT_ONCE]


def _read_bunch(store: DeltaStore, tables: dict[str, DeltaTable], runs: Sequence[Known]) -> Iterator[ExecutionRecord]:
    def rows(name: str) -> pa.Table:
        tables[name] = tables.get(name) or store.open(name)
        return rows_of(tables[name], name, runs)

    executions, items = rows("executions"), rows("items")
    blobs = rows("blobs") if mentions_blobs(executions) or mentions_blobs(items) else schema("blobs").empty_table()
    parts = [Group(table.combine_chunks()) for table in (executions, items, blobs)]
    for run in runs:
        yield StoredRun(Path(store.uri), *(part.slice(run.write_id) for part in parts)).record()


def rows_of(table: DeltaTable, name: str, runs: Sequence[Known]) -> pa.Table:
    """The rows of these writes, which come in the order of their numbers.

    Files and row groups of others are not read: writes are numbered as time goes.
    """
    days, ids = sorted({run.day for run in runs}), [run.write_id for run in runs]
    dataset = table.to_pyarrow_dataset(file_pruning_predicate=[(DATE, "in", days)])
    wanted, at = schema(name), pc.field("write_id")
    there = [column for column in wanted.names if column in dataset.schema.names]
    is_wanted = (at >= ids[0]) & (at <= ids[-1]) & at.isin(pa.array(ids, pa.int64()))
    return conformed(dataset.to_table(columns=there, filter=is_wanted), wanted)


Mask = Callable[[pa.Table], Any]
"""Which rows of a table are wanted, as an array of booleans."""


def scanned(table: DeltaTable, columns: Sequence[str], mask: Mask, days: Sequence[str] | None = None) -> pa.Table:
    """The rows that a mask wants, looked at a batch at a time; texts are plain strings.

    Not by a filter: of the kinds of text that Delta and Parquet have, Arrow's filters take some and not others.
    """
    pruned = None if days is None else [(DATE, "in", list(days))]
    dataset = table.to_pyarrow_dataset(file_pruning_predicate=pruned)
    fields = [dataset.schema.field(name) for name in columns]
    plain = pa.schema([field if field.type == pa.int64() else field.with_type(pa.string()) for field in fields])
    parts = (pa.Table.from_batches([batch]).cast(plain) for batch in dataset.to_batches(columns=list(columns)))
    kept = [part.filter(mask(part)) for part in parts if len(part)]
    return pa.concat_tables(kept) if kept else plain.empty_table()


def conformed(found: pa.Table, wanted: pa.Schema) -> pa.Table:
    """A table with the columns of the store, in their types; those that an older table lacks are null."""
    columns = [
        found[field.name].cast(field.type) if field.name in found.column_names else pa.nulls(len(found), field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)
