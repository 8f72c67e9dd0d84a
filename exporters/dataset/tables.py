"""Write the tables of a dataset: those of the store without its bookkeeping, and the way of each text.

Runs come one after another, in the order of their ids, and of each table a row group is in memory: how much the store
holds beside them, and how many they are, makes no difference.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from exporters.dataset.crate.tellers import Teller
from exporters.dataset.journeys import COLUMNS, DRIFT_COLUMNS, JOURNEYS, with_drift
from exporters.dataset.leaving import Bunch, LeavingRun, RunsLeaving
from exporters.dataset.twins import CsvTwin
from exporters.privacy.way_out import WayOut
from exporters.remarks.table import TABLE, columns_of, remark_table
from exporters.storage.reading.damage import OnDamage
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.run_loader import RunLoader
from exporters.storage.tables import columns
from exporters.storage.tables.columns import Column
from exporters.storage.tables.parquet_file import ROWS_PER_GROUP, writing
from exporters.storage.tables.schema import schema_of
from exporters.storage.upkeep.day_rewrite import conform

if TYPE_CHECKING:
    from exporters.measures.meaning import Meanings

Counts = dict[str, int]
Tables = Mapping[str, Sequence[Column]]
Progress = Callable[[str, int, int], None]
"""Told which table is being written, how many are done, and how many there are."""

_BOOKKEEPING = ("write_id",)
"""Columns that say how something was stored, not what it is."""
_RUNS_AT_ONCE = 256
_RUNS_WITH_MEANINGS_AT_ONCE = 8
"""They take a second or two together, so that one sees how far it is."""
_ROWS_PER_GROUP = {"executions": 1_024, "blobs": 256}
"""Their rows are large, all spans of a run or a whole graph: a row group of the usual size would be gigabytes."""


def _about_the_run(table: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(column for column in table if column.name not in _BOOKKEEPING)


TABLES: dict[str, tuple[Column, ...]] = {
    "executions": _about_the_run(columns.EXECUTIONS),
    "items": _about_the_run(columns.ITEMS),
    "journeys": (*COLUMNS, *DRIFT_COLUMNS),
    "blobs": _about_the_run(columns.BLOBS),
}


def write_tables(
    wanted: Sequence[ExecutionRow],
    leaving: RunsLeaving,
    teller: Teller,
    progress: Progress | None,
    on_damage: OnDamage,
    meanings: Meanings | None = None,
) -> Counts:
    """The tables of the wanted runs as they leave, as Parquet and CSV, and their media; how many rows each table has.

    A run of which a file is damaged is in none of them. `teller` is shown all that leaves. `meanings` measure how near
    texts are in meaning; without them that is null.
    """
    tables_of_it = tables_for(leaving.way_out)
    ordered = sorted(wanted, key=lambda row: (row.execution_id, row.trace_id is None, row.trace_id or "", row.revision))
    loader = RunLoader(leaving.data_dir, on_damage)
    with contextlib.ExitStack() as files:
        tables = {name: _Table(files, leaving.out, name, columns) for name, columns in tables_of_it.items()}
        at_once = _RUNS_WITH_MEANINGS_AT_ONCE if meanings else _RUNS_AT_ONCE
        loaded = (loader.load(row, partial(leaving, row)) for row in ordered)
        for done, runs in _bunches(loaded, at_once):
            bunch = _bunch_of(runs)
            teller.add(bunch)
            for name, table in tables.items():
                table.write(_rows_of(bunch, name, tables_of_it[name], meanings))
            if progress:
                progress("runs", done, len(ordered))
        for table in tables.values():
            table.finish()
    return {name: table.count for name, table in tables.items() if table.count or name != TABLE}


def tables_for(way_out: WayOut) -> dict[str, tuple[Column, ...]]:
    """The tables of a dataset with their columns: where there are remarks in the store, also that of these."""
    return {**TABLES, **({TABLE: columns_of(way_out.variables)} if way_out.remarks else {})}


def _bunches(runs: Iterable[LeavingRun | None], at_once: int) -> Iterator[tuple[int, list[LeavingRun]]]:
    """Some runs at a time, and how many have been looked at."""
    waiting: list[LeavingRun] = []
    done = 0
    for done, run in enumerate(runs, start=1):
        if run is not None:
            waiting.append(run)
        if done % at_once == 0:
            yield done, waiting
            waiting = []
    yield done, waiting


def _bunch_of(runs: Sequence[LeavingRun]) -> Bunch:
    rows = {name: _joined([getattr(run.rows, name) for run in runs], name) for name in ("executions", "items", "blobs")}
    return Bunch(runs, **rows)


def _joined(tables: Sequence[pa.Table], name: str) -> pa.Table:
    wanted = schema_of(TABLES[name])
    return pa.concat_tables([conform(table, wanted) for table in tables]) if tables else wanted.empty_table()


def _rows_of(bunch: Bunch, name: str, columns: Sequence[Column], meanings: Meanings | None) -> pa.Table:
    if name == TABLE:
        return remark_table([row for run in bunch.runs for row in run.remarks], columns)
    if name == "journeys":
        measured = with_drift(_journeys(bunch.executions, bunch.items), meanings).cast(schema_of(TABLES[name]))
        if meanings:
            meanings.forget()
        return measured
    rows: pa.Table = getattr(bunch, name)
    return rows


def _journeys(executions: pa.Table, items: pa.Table) -> pa.Table:
    """The ways of these runs' texts; a way is all within one run."""
    import duckdb

    with duckdb.connect() as connection:
        # What does not fit would go to the working directory, which may be anybody's.
        connection.execute("set threads = 1; set temp_directory = ''")
        connection.register("executions", executions)
        connection.register("items", items)
        names = ", ".join(f'"{column.name}"' for column in COLUMNS)
        found = connection.sql(f"select {names} from ({JOURNEYS}) order by execution_id, trace_id, step")
        return found.to_arrow_table()


class _Table:
    """A table of a dataset; its files appear whole or not at all when `files` closes."""

    def __init__(self, files: contextlib.ExitStack, out: Path, name: str, columns: Sequence[Column]) -> None:
        self._files, self._out, self._name, self._columns = files, out, name, columns
        self._schema = schema_of(columns)
        self._group_size = _ROWS_PER_GROUP.get(name, ROWS_PER_GROUP)
        self._waiting: list[pa.Table] = []
        self._writers: list[Callable[[pa.Table], None]] = []
        self.count = 0

    def write(self, rows: pa.Table) -> None:
        """Append rows. Whole row groups are written: in how many pieces the rows came must not show in the file."""
        self._waiting.append(rows)
        waiting = sum(table.num_rows for table in self._waiting)
        if waiting >= self._group_size:
            together, whole = pa.concat_tables(self._waiting), waiting - waiting % self._group_size
            for start in range(0, whole, self._group_size):
                self._write_group(together.slice(start, self._group_size))
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
