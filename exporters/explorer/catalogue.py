"""Ask the index: a page of the runs that are wanted, how many there are, and which."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from exporters.explorer.entry import Card, card_of_json
from exporters.explorer.index_file import COLUMNS, to_read
from exporters.explorer.wish import Wish, condition_of, order_of
from exporters.storage.reading.damage import Damage
from otel_tracking import canonical
from otel_tracking.erasure import RunId


class FoundRun(NamedTuple):
    """A run by what decides who may see it. Values that are no text are none here; `CardOfRun` has them."""

    id: int
    execution_id: str
    trace_id: str | None
    config_name: str | None
    status: str
    execution_mode: str | None
    safety_level: str | None
    user_id: str | None
    session_id: str | None
    device_id: str | None
    study_id: str | None
    batch_id: str | None

    @property
    def run(self) -> RunId:
        """Its two ids."""
        return RunId(self.execution_id, self.trace_id)


MaySee = Callable[[FoundRun], bool]


class CardOfRun(NamedTuple):
    """A run in a list: the fields of its record that need no items, by name, and what it looks like for whom."""

    listed: dict[str, Any]
    student: Card
    researcher: Card


@dataclass(frozen=True, slots=True)
class Found:
    """A page of runs, and how many there are on all pages."""

    total: int
    runs: Sequence[CardOfRun] = ()


_NOTHING = Found(0)
_LIGHT = f"id, {', '.join(COLUMNS[:2])}, config_name, status, execution_mode, safety_level, {', '.join(COLUMNS[6:])}"


class Catalogue:
    """The index of one data directory as it is now; nothing is found where there is none yet. May be shared by threads."""

    def __init__(self, data_dir: str | Path) -> None:
        self._data_dir = Path(data_dir)

    def page(self, wish: Wish, *, limit: int, offset: int = 0, may_see: MaySee | None = None) -> Found:
        """So many of the runs that are wanted, past the first `offset`, among those that somebody may see (or all)."""
        for database in self._open():
            if may_see is None:
                found = _ids(database, wish, limit, offset)
                return Found(_count(database, wish), _cards(database, found))
            seen = list(filter(may_see, _rows(database, wish)))
            return Found(len(seen), _cards(database, [row.id for row in seen[offset : offset + limit]]))
        return _NOTHING

    def all(self, wish: Wish, *, most: int | None = None) -> list[RunId]:
        """The runs that are wanted, in their order; `most` of them."""
        for database in self._open():
            found = _rows(database, wish)
            return [row.run for row, _ in zip(found, range(most), strict=False)] if most else [row.run for row in found]
        return []

    def runs_called(self, execution_ids: Sequence[str]) -> list[RunId]:
        """The runs with these ids, in that order; an id may be that of two, and of none."""
        sql = "SELECT trace_id FROM runs WHERE execution_id = ? ORDER BY trace_id"
        for database in self._open():
            return [
                RunId(name, trace)
                for name in dict.fromkeys(execution_ids)
                for (trace,) in database.execute(sql, [name])
            ]
        return []

    def count(self) -> int:
        """How many runs there are."""
        return sum(_count(database, Wish()) for database in self._open())

    def damages(self) -> list[Damage]:
        """What of the store could not be read when it was last looked at."""
        for database in self._open():
            rows = database.execute(
                "SELECT DISTINCT path, sentence, execution_id FROM damages ORDER BY path"
            ).fetchall()
            return [Damage(Path(path), sentence, execution_id) for path, sentence, execution_id in rows]
        return []

    def _open(self) -> Iterator[sqlite3.Connection]:
        """The index, as a loop of one turn at most: none where there is no index, or somebody makes it anew."""
        try:
            with to_read(self._data_dir) as database:
                yield database
        except sqlite3.Error:
            return


def _count(database: sqlite3.Connection, wish: Wish) -> int:
    wanted = condition_of(wish)
    [count] = database.execute(f"SELECT count(*) FROM runs WHERE {wanted.sql}", wanted.values).fetchone()
    return int(count)


def _ids(database: sqlite3.Connection, wish: Wish, limit: int, offset: int) -> list[int]:
    wanted = condition_of(wish)
    sql = f"SELECT id FROM runs WHERE {wanted.sql} ORDER BY {order_of(wish)} LIMIT ? OFFSET ?"
    return [found for (found,) in database.execute(sql, (*wanted.values, limit, offset))]


def _rows(database: sqlite3.Connection, wish: Wish) -> Iterator[FoundRun]:
    wanted = condition_of(wish)
    sql = f"SELECT {_LIGHT} FROM runs WHERE {wanted.sql} ORDER BY {order_of(wish)}"
    yield from map(FoundRun._make, database.execute(sql, wanted.values))


def _cards(database: sqlite3.Connection, ids: Sequence[int]) -> list[CardOfRun]:
    sql = "SELECT listed, student, researcher FROM cards WHERE id = ?"
    rows = [row for one in ids if (row := database.execute(sql, (one,)).fetchone())]
    return [CardOfRun(canonical.loads(row[0]), card_of_json(row[1]), card_of_json(row[2])) for row in rows]
