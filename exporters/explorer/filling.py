"""Bring the index to where the store is: day by day, the latest first, and of each day only what has changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from exporters.errors import BrokenFile
from exporters.explorer.entry import IndexEntry, entry_of
from exporters.explorer.index_file import COLUMNS, SEEN, UNSEEN, to_write, writing
from exporters.explorer.remarked import tell_remarks
from exporters.explorer.wish import microseconds
from exporters.storage.layout import day_directory, days_near, file_names_in, stored_days
from exporters.storage.reading.damage import Damage
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow
from exporters.storage.reading.records import read_rows
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking import canonical

AT_ONCE = 200
"""Runs that are put into the index together: an erasure waits no longer than that takes."""

MOST_KEPT = 20_000
"""Light rows that are kept for the next time: most often it is the same day that has changed."""

_LISTED = tuple(name for name in ExecutionRow.__dataclass_fields__ if name not in ("day", "path", "write_id"))
_INSERTED = (
    *("run_key", "revision", "write_id", "day", "is_whole", "moment"),
    *COLUMNS,
    *("seconds", "outputs", "items"),
)


class _Known(NamedTuple):
    """What the index has of a run."""

    id: int
    revision: int
    write_id: int
    is_whole: int


class Filler:
    """Brings the index of one data directory to where its store is. Several processes may do so at once."""

    def __init__(self, data_dir: str | Path) -> None:
        self._data_dir = Path(data_dir)
        self._stored = ExecutionIndex(self._data_dir, on_damage=self._tell)
        self._told: list[Damage] = []

    def fill(self, *, most_days: int | None = None, most_runs: int | None = None) -> bool:
        """Make the index what it should be now; whether that is done. Work beyond a bound is left to somebody else.

        Raises `sqlite3.Error` or `OSError` where the index cannot be written.
        """
        if not self._data_dir.is_dir():
            return True
        with to_write(self._data_dir) as database:
            changed = changed_days(self._data_dir, database)
            if most_days is not None and len(changed) > most_days:
                return False
            if not all(self._bring_up_to_date(database, day, most_runs) for day in changed):
                return False
            tell_remarks(self._data_dir, database)
        return True

    def _bring_up_to_date(self, database: sqlite3.Connection, day: dt.date, most_runs: int | None) -> bool:
        one = _Day(self._data_dir, database, day)
        rows = self._stored.rows(day)
        self._told.extend(found for found in self._stored.damaged.values() if found.path.parent.name == one.folder)
        is_done = one.bring_up_to_date(rows, self._told, most_runs)
        self._told.clear()
        if len(rows) > MOST_KEPT or most_runs is None:
            self._stored.forget(days_near(day)[-1])
        return is_done

    def _tell(self, damage: Damage) -> None:
        self._told.append(damage)


def changed_days(data_dir: Path, database: sqlite3.Connection) -> list[dt.date]:
    """The days that are not in the index as they are stored now, and those beside them: the latest first.

    A later revision of a run may be stored a day before or after.
    """
    stored, known = _listings(data_dir), dict(database.execute("SELECT day, listing FROM days"))
    changed = {day for day in stored.keys() | known.keys() if stored.get(day) != known.get(day)}
    changed |= {day for day, path, before in _damaged(database) if _signature(Path(path)) != before}
    near = {near for day in changed for near in days_near(dt.date.fromisoformat(day))}
    return sorted((day for day in near if day.isoformat() in stored.keys() | known.keys()), reverse=True)


def _listings(data_dir: Path) -> dict[str, str]:
    """What each stored day is known by: the names of its files, which never change once they have them."""
    try:
        days = stored_days(data_dir)
    except BrokenFile:
        return {}
    return {day.isoformat(): _listing(day_directory(data_dir, "executions", day)) for day in days}


def _listing(directory: Path) -> str:
    try:
        return hashlib.sha256("\n".join(file_names_in(directory)).encode()).hexdigest()
    except BrokenFile:
        return "nobody can look into it"


def _damaged(database: sqlite3.Connection) -> list[tuple[str, str, str]]:
    return database.execute("SELECT day, path, signature FROM damages").fetchall()


def _signature(path: Path) -> str:
    """What changes when a copy is put in a file's place."""
    try:
        found = path.lstat()
    except OSError:
        return ""
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_mode}"


class _Day:
    """One day of a store, on its way into the index."""

    def __init__(self, data_dir: Path, database: sqlite3.Connection, day: dt.date) -> None:
        self._data_dir, self._database, self._day = data_dir, database, day.isoformat()
        self._directory = day_directory(data_dir, "executions", day)
        # As it is before it is read: what comes meanwhile is found the next time.
        self._listing = _listing(self._directory) if self._directory.is_dir() else None
        self._tombstones = Tombstones(data_dir)

    @property
    def folder(self) -> str:
        """The name of its directory."""
        return self._directory.name

    def bring_up_to_date(self, rows: Sequence[ExecutionRow], told: list[Damage], most_runs: int | None) -> bool:
        """Remove the runs that are not among these rows, and put in those that are new; False where those are too many.

        `told` is what of the day could not be read.
        """
        counting = {_text(row.key): row for row in rows}
        known = self._known()
        with writing(self._database):
            remove_runs(self._database, [one.id for key, one in known.items() if key not in counting])
        missing = [row for key, row in counting.items() if not _is_known(row, known.get(key))]
        if most_runs is not None and len(missing) > most_runs:
            return False
        for first in range(0, len(missing), AT_ONCE):
            self._put_in(missing[first : first + AT_ONCE], told)
        with writing(self._database):
            self._note(told)
        return True

    def _known(self) -> Mapping[str, _Known]:
        sql = "SELECT run_key, id, revision, write_id, is_whole FROM runs WHERE day = ?"
        return {key: _Known(*rest) for key, *rest in self._database.execute(sql, (self._day,))}

    def _put_in(self, rows: list[ExecutionRow], told: list[Damage]) -> None:
        read = [
            (row, entry_of(record) if record else None)
            for row, record in read_rows(self._data_dir, rows, on_damage=told.append)
        ]
        # No erasure begins meanwhile, and what one has begun to remove is not put in.
        with self._tombstones.writing(), writing(self._database):
            for row, entry in read:
                if not self._tombstones.holds(row.execution_id, row.trace_id):
                    _insert(self._database, row, entry)

    def _note(self, told: Iterable[Damage]) -> None:
        """Remember how the day was found, and what of it could not be read: for as long as nobody mends that."""
        database, day = self._database, self._day
        for rowid, path, before in database.execute(
            "SELECT rowid, path, signature FROM damages WHERE day = ?", (day,)
        ).fetchall():
            if _signature(Path(path)) != before:
                database.execute("DELETE FROM damages WHERE rowid = ?", (rowid,))
        for damage in dict.fromkeys(told):
            said = (_text(str(damage.path)), _signature(damage.path), _text(damage.sentence), damage.execution_id, day)
            database.execute("INSERT INTO damages VALUES (?, ?, ?, ?, ?)", said)
        database.execute("DELETE FROM days WHERE day = ?", (day,))
        if self._listing is not None:
            database.execute("INSERT INTO days VALUES (?, ?)", (day, self._listing))


def _insert(database: sqlite3.Connection, row: ExecutionRow, entry: IndexEntry | None) -> None:
    before = database.execute("SELECT id FROM runs WHERE run_key = ?", (_text(row.key),)).fetchall()
    remove_runs(database, [found for (found,) in before])
    values = _values_of(row, is_whole=entry is not None)
    places = ", ".join("?" * len(_INSERTED))
    done = database.execute(f"INSERT INTO runs ({', '.join(_INSERTED)}) VALUES ({places})", values)
    number, entry = int(done.lastrowid or 0), entry or IndexEntry()
    listed = canonical.dumps({name: _plain(getattr(row, name)) for name in _LISTED})
    cards = (listed, entry.student.to_json(), entry.researcher.to_json())
    database.execute("INSERT INTO cards VALUES (?, ?, ?, ?)", (number, *map(_text, cards)))
    for kind, text in ((SEEN, entry.seen), (UNSEEN, entry.unseen)):
        if text:
            database.execute("INSERT INTO texts (rowid, folded) VALUES (?, ?)", (number << 2 | kind, text))


def remove_runs(database: sqlite3.Connection, ids: list[int]) -> None:
    """Remove runs by their numbers, with all that the index has of them."""
    for number in ids:
        for kind in range(3):
            database.execute("DELETE FROM texts WHERE rowid = ?", (number << 2 | kind,))
        for table in ("cards", "remarked", "runs"):
            database.execute(f"DELETE FROM {table} WHERE id = ?", (number,))


def _is_known(row: ExecutionRow, found: _Known | None) -> bool:
    return found is not None and (found.revision, found.write_id) == row.rank and bool(found.is_whole)


def _values_of(row: ExecutionRow, *, is_whole: bool) -> tuple[Any, ...]:
    columns = [_text_or_none(getattr(row, name)) for name in COLUMNS]
    taken = row.total_execution_time
    return (
        *(_text(row.key), row.revision, row.write_id, row.day.isoformat(), int(is_whole), microseconds(row.timestamp)),
        *columns,
        *(taken if isinstance(taken, float | int) else None, row.outputs_generated or 0, row.item_rows),
    )


def _text_or_none(value: Any) -> str | None:
    return _text(str(value)) if isinstance(value, str) else None


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value


def _text(text: str) -> str:
    """A text that SQLite takes: halves of signs become question marks."""
    return text.encode("utf-8", "replace").decode()


def main(data_dir: str) -> None:
    """Fill the index of a data directory, in a process of its own that lets others go first."""
    os.nice(10)
    Filler(data_dir).fill()
