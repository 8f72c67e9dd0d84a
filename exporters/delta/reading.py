"""Read runs back from Delta tables: which there are on a day, and the records of some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from exporters.delta.queries import between, has_columns, one_of, rows
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
    there = rows(executions, _KNOWN, "true" if day is None else one_of(DATE, [day]))
    for trace_id, *known in zip(*(there[name].to_pylist() for name in _KNOWN), strict=True):
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
    def of(name: str) -> pa.Table:
        tables[name] = tables.get(name) or store.open(name)
        return rows_of(tables[name], name, runs)

    executions, items = of("executions"), of("items")
    blobs = of("blobs") if mentions_blobs(executions) or mentions_blobs(items) else schema("blobs").empty_table()
    parts = [Group(table.combine_chunks()) for table in (executions, items, blobs)]
    for run in runs:
        yield StoredRun(Path(store.uri), *(part.slice(run.write_id) for part in parts)).record()


def rows_of(table: DeltaTable, name: str, runs: Sequence[Known]) -> pa.Table:
    """The rows of these writes, which come in the order of their numbers.

    Files and row groups of others are not read: writes are numbered as time goes.
    """
    days, ids = sorted({run.day for run in runs}), [run.write_id for run in runs]
    wanted = schema(name)
    where = " and ".join([one_of(DATE, days), between("write_id", ids[0], ids[-1]), one_of("write_id", ids)])
    found = rows(table, has_columns(table, wanted.names), where)
    return conformed(found.sort_by("write_id"), wanted)


def conformed(found: pa.Table, wanted: pa.Schema) -> pa.Table:
    """A table with the columns of the store, in their types; those that an older table lacks are null."""
    columns = [
        found[field.name].cast(field.type) if field.name in found.column_names else pa.nulls(len(found), field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)
