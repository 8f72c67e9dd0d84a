"""Fetch what a command needs of the tables into a data directory, where everything that reads a local store finds it.

    HOME/executions/date=…/    rows of the days that are asked for
    HOME/items/, HOME/blobs/   those of the runs that are asked for
    HOME/media/                their media, from the store of media
    HOME/remarks/, …           what is said here of these runs: it stays

Rows and media are a copy of what the tables have, for one command: they are gone when it ends.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from exporters.delta.fetched_media import MediaSource, fetch_media
from exporters.delta.queries import has_columns, one_of, rows
from exporters.delta.reading import Known, bunches, conformed, rows_of
from exporters.delta.tables import DATE, DeltaStore
from exporters.errors import NoTable, NotWritable
from exporters.storage.files import locked, make_directory, write_file
from exporters.storage.layout import day_directory, day_of_id, days_near, file_name
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.finding import SHORTEST_PREFIX
from exporters.storage.reading.records import each_execution
from exporters.storage.reading.run_loader import mentions_blobs
from exporters.storage.reading.selection import Selection, Wanted
from exporters.storage.tables.columns import TABLES
from exporters.storage.tables.parquet_file import writing
from exporters.storage.tables.schema import schema

if TYPE_CHECKING:
    from deltalake import DeltaTable

COPIED = (*TABLES, "media")
"""What of a working copy is the table's, and goes."""

Progress = Callable[[int, int], None]
"""Told how many runs were fetched, and how many there are to fetch."""


@dataclass(frozen=True, slots=True)
class TablePart:
    """Which part of the tables is asked for: by ids (or enough of them), or by a selection.

    `whole` is False for a list, which needs no items. `media` is where media lie by their sha256, if they are wanted.
    """

    texts: Sequence[str] = ()
    selection: Selection = field(default_factory=Selection)
    whole: bool = True
    media: MediaSource | None = None


@contextlib.contextmanager
def working_copy(
    store: DeltaStore, home: Path, part: TablePart, progress: Progress | None = None
) -> Iterator[Sequence[str]]:
    """`home` as a data directory with that part of the tables in it, during the block; the media that are not there.

    One at a time: another one waits. Raises `NoTable`, `WriteFailed` where the tables cannot be read, and `NotWritable`
    for a home that has records of its own, or is that of other tables.
    """
    make_directory(home)
    with locked(home / ".table.lock"):
        _claim(home, store.uri)
        _clear(home)
        try:
            yield _Copying(store, home, part, progress).fetch()
        finally:
            _clear(home)


def _claim(home: Path, uri: str) -> None:
    """Make sure that what is cleared was copied from these tables."""
    marker = home / ".table"
    if marker.is_file():
        if marker.read_text("utf-8") != uri:
            raise NotWritable(f"{home} is the home of {marker.read_text('utf-8')}; another --home would work")
        return
    if any((home / name).exists() for name in COPIED):
        raise NotWritable(f"{home} has records of its own; an empty directory as --home would work")
    write_file(marker, uri.encode())


def _clear(home: Path) -> None:
    """Also what a command left that was killed."""
    for name in COPIED:
        shutil.rmtree(home / name, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Copying:
    store: DeltaStore
    home: Path
    part: TablePart
    progress: Progress | None

    def fetch(self) -> Sequence[str]:
        executions = self.store.open("executions")
        with self.store.said("executions"):
            for day, found in self._executions(executions):
                self._write("executions", day, [found])
                self._write_blobs_of(found, day)
        if not self.part.whole:
            return ()
        rows_by_day = self._wanted()
        count, done = sum(map(len, rows_by_day.values())), 0
        for day, wanted in sorted(rows_by_day.items()):
            self._fetch_parts(day, wanted)
            done += len(wanted)
            if self.progress:
                self.progress(done, count)
        every = [row for wanted in rows_by_day.values() for row in wanted]
        return fetch_media(self.part.media, self.home, every) if self.part.media else ()

    def _executions(self, table: DeltaTable) -> Iterator[tuple[dt.date, pa.Table]]:
        days = self._days(table)
        ids = _meant(table, [day.isoformat() for day in days], self.part.texts) if self.part.texts else None
        if ids == []:
            return
        wanted, names = schema("executions"), has_columns(table, schema("executions").names)
        meant = "true" if ids is None else one_of("write_id", ids)
        for day in days:
            found = rows(table, names, f"{one_of(DATE, [day.isoformat()])} and {meant}")
            if len(found):
                yield day, conformed(found.sort_by("write_id"), wanted)

    def _days(self, table: DeltaTable) -> list[dt.date]:
        stored = sorted({dt.date.fromisoformat(one[DATE]) for one in table.partitions()}, reverse=True)
        named = [day_of_id(text) for text in self.part.texts]
        if named and all(named):
            near = {other for day in named if day for other in days_near(day)}
            return [day for day in stored if day in near]
        return stored if self.part.texts else Wanted(self.part.selection).days(stored)

    def _wanted(self) -> dict[dt.date, list[ExecutionRow]]:
        """The rows whose records are asked for, by the day under which they stand."""
        found: dict[dt.date, list[ExecutionRow]] = {}
        selection: Any = {} if self.part.texts else self.part.selection
        for row in each_execution(self.home, on_damage=Damages(), **selection):
            found.setdefault(row.day, []).append(row)
        return found

    def _fetch_parts(self, day: dt.date, wanted: Sequence[ExecutionRow]) -> None:
        known = [Known(row.revision, row.write_id, day.isoformat()) for row in wanted]
        for name in ("items", "blobs"):
            try:
                table = self.store.open(name)
            except NoTable:
                continue
            with self.store.said(name):
                self._write(name, day, (rows_of(table, name, bunch) for bunch in bunches(known)))

    def _write_blobs_of(self, executions: pa.Table, day: dt.date) -> None:
        """What a list needs of large values: those of the executions themselves."""
        if mentions_blobs(executions):
            ids = executions["write_id"].to_pylist()
            known = [Known(0, write_id, day.isoformat()) for write_id in ids]
            table = self.store.open("blobs")
            self._write("blobs", day, (rows_of(table, "blobs", bunch) for bunch in bunches(known)))

    def _write(self, name: str, day: dt.date, parts: Iterable[pa.Table]) -> None:
        target = day_directory(self.home, name, day) / file_name("batch", 0)
        existing = next(day_directory(self.home, "executions", day).glob("*.parquet"), target)
        target = target.with_name(existing.name)
        with writing(target, schema(name)) as write:
            for part in parts:
                write(part)


def _meant(table: DeltaTable, days: Sequence[str], texts: Sequence[str]) -> list[int]:
    """The writes of the runs that are meant by an id, enough of one, or a trace; with all their revisions."""
    columns = ("execution_id", "trace_id", "write_id")
    long_enough = [text for text in texts if len(text) >= SHORTEST_PREFIX]

    def is_named(batch: pa.RecordBatch) -> Any:
        return functools.reduce(pc.or_kleene, (_fits(batch, text) for text in long_enough))

    if not long_enough or not days:
        return []
    of_days = one_of(DATE, days)
    found = rows(table, columns, of_days, is_named)

    def is_same_run(batch: pa.RecordBatch) -> Any:
        # Another revision of a run may have another id.
        of_trace = pc.is_in(batch["trace_id"], found["trace_id"].drop_null())
        return pc.or_(of_trace, pc.is_in(batch["execution_id"], found["execution_id"].combine_chunks()))

    ids: list[int] = rows(table, columns, of_days, is_same_run)["write_id"].to_pylist() if len(found) else []
    return ids


def _fits(batch: pa.RecordBatch, text: str) -> Any:
    execution_id, trace_id = batch["execution_id"], batch["trace_id"]
    by_id = pc.or_kleene(pc.starts_with(execution_id, text), pc.ends_with(execution_id, f"_{text}"))
    return pc.fill_null(pc.or_kleene(by_id, pc.equal(trace_id, text)), False)
