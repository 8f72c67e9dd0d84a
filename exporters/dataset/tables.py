"""Write the tables of a dataset: those of the store without its bookkeeping, and the way of each text.

Runs come one after another, in the order of their ids, and of each table a row group is in memory: how much the store
holds beside them, and how many they are, makes no difference.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from exporters.dataset.journeys import COLUMNS, DRIFT_COLUMNS, JOURNEYS, with_drift
from exporters.dataset.twins import CsvTwin
from exporters.privacy.profiles import Profile
from exporters.privacy.way_out import WayOut
from exporters.remarks.annotated import Annotation, annotation_in, annotation_of
from exporters.remarks.table import TABLE, columns_of, remark_row, remark_table
from exporters.storage.reading.damage import OnDamage
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.run_loader import RunLoader, StoredRun
from exporters.storage.tables import columns
from exporters.storage.tables.columns import Column
from exporters.storage.tables.pack import pack
from exporters.storage.tables.parquet_file import ROWS_PER_GROUP, writing
from exporters.storage.tables.rows import row_of
from exporters.storage.tables.schema import schema_of
from exporters.storage.upkeep.day_rewrite import conform

Counts = dict[str, int]
Tables = Mapping[str, Sequence[Column]]
Progress = Callable[[str, int, int], None]
"""Told which table is being written, how many are done, and how many there are."""

_BOOKKEEPING = ("write_id",)
"""Columns that say how something was stored, not what it is."""
_RUNS_AT_ONCE = 256


def _about_the_run(table: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(column for column in table if column.name not in _BOOKKEEPING)


TABLES: dict[str, tuple[Column, ...]] = {
    "executions": _about_the_run(columns.EXECUTIONS),
    "items": _about_the_run(columns.ITEMS),
    "journeys": (*COLUMNS, *DRIFT_COLUMNS),
    "blobs": _about_the_run(columns.BLOBS),
}


def write_tables(
    data_dir: Path,
    out: Path,
    wanted: Sequence[ExecutionRow],
    way_out: WayOut,
    progress: Progress | None,
    on_damage: OnDamage,
) -> Counts:
    """The tables of the wanted runs in `out`, as they leave, as Parquet and CSV; how many rows each has.

    A run of which a file is damaged is in none of them.
    """
    tables_of_it = tables_for(way_out)
    ordered = sorted(wanted, key=lambda row: (row.execution_id, row.trace_id is None, row.trace_id or "", row.revision))
    loader = RunLoader(data_dir, on_damage)
    leave = partial(_same if way_out.profile is Profile.FULL else _as_it_leaves, way_out, data_dir)
    with contextlib.ExitStack() as files:
        tables = {name: _Table(files, out, name, columns) for name, columns in tables_of_it.items()}
        for done, runs in _bunches(_loaded(loader, row, leave) for row in ordered):
            for name, rows in _tables_of(runs, tables_of_it).items():
                tables[name].write(rows)
            if progress:
                progress("runs", done, len(ordered))
        for table in tables.values():
            table.finish()
    return {name: table.count for name, table in tables.items() if table.count or name != TABLE}


def tables_for(way_out: WayOut) -> dict[str, tuple[Column, ...]]:
    """The tables of a dataset with their columns: where there are remarks in the store, also that of these."""
    return {**TABLES, **({TABLE: columns_of(way_out.variables)} if way_out.remarks else {})}


class _LeavingRun(NamedTuple):
    """The rows of a run, and what was said of it since, as they leave."""

    rows: StoredRun
    remarks: Sequence[Mapping[str, Any]] = ()


_Leave = Callable[[ExecutionRow, StoredRun], _LeavingRun]


def _loaded(loader: RunLoader, row: ExecutionRow, leave: _Leave) -> _LeavingRun | None:
    return loader.load(row, partial(leave, row))


def _same(way_out: WayOut, data_dir: Path, row: ExecutionRow, run: StoredRun) -> _LeavingRun:
    annotation = annotation_in(way_out.remarks, way_out.remarks.of(row))
    return _LeavingRun(run, _rows_of(row, annotation))


def _as_it_leaves(way_out: WayOut, data_dir: Path, row: ExecutionRow, run: StoredRun) -> _LeavingRun:
    """The rows of what may leave of a run. Media are no part of these tables."""
    made = way_out.leaving(run.record()).record
    packed = pack([row_of(made, data_dir)], [0])
    rows = StoredRun(run.path, packed.executions, packed.items, packed.blobs)
    return _LeavingRun(rows, _rows_of(made, annotation_of(made)))


def _rows_of(run: Any, annotation: Annotation) -> list[Mapping[str, Any]]:
    return [remark_row(run, annotation)] if annotation else []


def _bunches(runs: Iterable[_LeavingRun | None]) -> Iterator[tuple[int, list[_LeavingRun]]]:
    """Some runs at a time, and how many have been looked at."""
    waiting: list[_LeavingRun] = []
    done = 0
    for done, run in enumerate(runs, start=1):
        if run is not None:
            waiting.append(run)
        if done % _RUNS_AT_ONCE == 0:
            yield done, waiting
            waiting = []
    yield done, waiting


def _tables_of(runs: Sequence[_LeavingRun], wanted: Tables) -> dict[str, pa.Table]:
    parts = {name: [getattr(run.rows, name) for run in runs] for name in ("executions", "items", "blobs")}
    schemas = {name: schema_of(columns) for name, columns in wanted.items()}
    tables = {name: _joined(tables, schemas[name]) for name, tables in parts.items()}
    tables["journeys"] = _journeys(tables["executions"], tables["items"], schemas["journeys"])
    if TABLE in wanted:
        tables[TABLE] = remark_table([row for run in runs for row in run.remarks], wanted[TABLE])
    return tables


def _joined(tables: Sequence[pa.Table], wanted: pa.Schema) -> pa.Table:
    return pa.concat_tables([conform(table, wanted) for table in tables]) if tables else wanted.empty_table()


def _journeys(executions: pa.Table, items: pa.Table, wanted: pa.Schema) -> pa.Table:
    """The ways of these runs' texts, and how far each has drifted; a way is all within one run."""
    import duckdb

    with duckdb.connect() as connection:
        # What does not fit would go to the working directory, which may be anybody's.
        connection.execute("set threads = 1; set temp_directory = ''")
        connection.register("executions", executions)
        connection.register("items", items)
        names = ", ".join(f'"{column.name}"' for column in COLUMNS)
        found = connection.sql(f"select {names} from ({JOURNEYS}) order by execution_id, trace_id, step")
        return with_drift(found.to_arrow_table()).cast(wanted)


class _Table:
    """A table of a dataset; its files appear whole or not at all when `files` closes."""

    def __init__(self, files: contextlib.ExitStack, out: Path, name: str, columns: Sequence[Column]) -> None:
        self._files, self._out, self._name, self._columns = files, out, name, columns
        self._schema = schema_of(columns)
        self._waiting: list[pa.Table] = []
        self._writers: list[Callable[[pa.Table], None]] = []
        self.count = 0

    def write(self, rows: pa.Table) -> None:
        """Append rows. Whole row groups are written: in how many pieces the rows came must not show in the file."""
        self._waiting.append(rows)
        waiting = sum(table.num_rows for table in self._waiting)
        if waiting >= ROWS_PER_GROUP:
            together, whole = pa.concat_tables(self._waiting), waiting - waiting % ROWS_PER_GROUP
            for start in range(0, whole, ROWS_PER_GROUP):
                self._write_group(together.slice(start, ROWS_PER_GROUP))
            self._waiting = [together.slice(whole).combine_chunks()]

    def finish(self) -> None:
        """Write what waits; a table without rows is there, too, but for blobs and remarks."""
        rest = pa.concat_tables(self._waiting) if self._waiting else self._schema.empty_table()
        if rest.num_rows or (self.count == 0 and self._name not in ("blobs", TABLE)):
            self._write_group(rest)

    def _write_group(self, rows: pa.Table) -> None:
        self._writers = self._writers or self._open()
        self.count += rows.num_rows
        group = rows.combine_chunks()
        for write in self._writers:
            write(group)

    def _open(self) -> list[Callable[[pa.Table], None]]:
        # Not where it is made: the same rows give the same bytes wherever that is.
        parquet = self._files.enter_context(
            writing(self._out / f"{self._name}.parquet", self._schema, place=f"dataset/{self._name}")
        )
        # Large graphs are no reading matter for a spreadsheet: no program opens cells of 40 KB gladly.
        path = None if self._name == "blobs" else self._out / f"{self._name}.csv"
        return [parquet, self._files.enter_context(CsvTwin(path, self._columns)).write]
