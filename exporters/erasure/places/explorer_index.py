"""Erase runs from the index that lists and searches them: `DATA/.serving/explorer.sqlite`.

It has nothing but copies of what the tables say, so whose a run is, the tables know. Beside a server at work SQLite
sees to it that the two do not get into each other's way; one that fills it puts in no run that was erased.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from exporters.erasure.intent import in_order
from exporters.explorer.filling import remove_runs
from exporters.explorer.index_file import discard, path_in, to_read, to_write, writing
from exporters.storage.tables.parquet_file import Step
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId


class ExplorerIndex:
    """The index of one data directory."""

    name = "explorer"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir, self._path = data_dir, path_in(data_dir)

    def find(self, is_meant: IsMeant) -> Iterator[RunId]:
        """None: there is no run in it that the tables do not have."""
        yield from ()

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Remove the rows of the runs, and every byte of them from the file; all of it where that cannot be done."""
        if not self._path.exists():
            return
        size = self._path.stat().st_size
        try:
            found = self._remove(runs, step)
        except (sqlite3.Error, OSError):
            # It can be made anew at any time, and nothing else in it is of worth.
            step("remove index")
            found = True
            discard(self._data_dir)
        if found:
            yield Removed(self.name, str(self._path), size)

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """The file, where it has one of them still, or nobody can say."""
        if not self._path.exists():
            return
        try:
            with to_read(self._data_dir) as database:
                is_left = bool(_numbers(database, runs))
        except sqlite3.Error:
            is_left = True
        if is_left:
            yield str(self._path)

    def _remove(self, runs: frozenset[RunId], step: Step) -> bool:
        with to_write(self._data_dir) as database:
            step("delete from index")
            with writing(database):
                numbers = _numbers(database, runs)
                remove_runs(database, numbers)
                database.executemany(
                    "DELETE FROM damages WHERE execution_id = ?", [(run.execution_id,) for run in in_order(runs)]
                )
            # Every time: a death may have come between. Until then what was deleted is in earlier parts of the index,
            # and in the log of writes.
            step("rewrite index")
            database.execute("INSERT INTO texts (texts) VALUES ('optimize')")
            [is_busy, *_] = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if is_busy:
                raise sqlite3.OperationalError("somebody reads it without end")
        return bool(numbers)


def _numbers(database: sqlite3.Connection, runs: frozenset[RunId]) -> list[int]:
    sql = "SELECT id FROM runs WHERE execution_id = ? AND trace_id IS ?"
    return [number for run in runs for (number,) in database.execute(sql, (run.execution_id, run.trace_id))]
