"""Ask the index: a page of the runs that are wanted, how many there are, and which."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from exporters.explorer.entry import Card, card_of_json
from exporters.explorer.index_file import COLUMNS, to_read
from exporters.explorer.wish import RunWish, condition_of, order_of, wants_all
from exporters.storage.reading.damage import Damage
from otel_tracking import canonical
from otel_tracking.erasure import RunId

_log = logging.getLogger(__name__)

T = TypeVar("T")


class IndexedRun(NamedTuple):
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


MaySee = Callable[[IndexedRun], bool]


class CardOfRun(NamedTuple):
    """A run in a list: the fields of its record that need no items, by name, and what it looks like for whom."""

    listed: dict[str, Any]
    student: Card
    researcher: Card


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page of runs, and how many there are on all pages."""

    total: int
    runs: Sequence[CardOfRun] = ()


_NOTHING = FoundPage(0)
_LEFT_OUT = "SELECT count(*) FROM runs WHERE execution_id IN (SELECT value FROM json_each(?))"
_LIGHT = ", ".join(("id", *COLUMNS))


class Catalogue:
    """The index of one data directory as it is now; nothing is found where there is none yet.

    May be shared by threads.
    """

    def __init__(self, data_dir: str | Path) -> None:
        self._data_dir = Path(data_dir)

    def page(self, wish: RunWish, *, limit: int, offset: int = 0, may_see: MaySee | None = None) -> FoundPage:
        """So many of the runs that are wanted, past the first `offset`, but for those that `may_see` says no to."""

        def ask(database: sqlite3.Connection) -> FoundPage:
            rows = list(_rows(database, wish, limit, offset))
            ids = [row.id for row in rows if may_see is None or may_see(row)]
            return FoundPage(_count(database, wish), _cards(database, ids))

        return self._ask(ask, _NOTHING)

    def all(self, wish: RunWish) -> list[RunId]:
        """The runs that are wanted, in their order."""
        return self._ask(lambda database: [row.run for row in _rows(database, wish)], [])

    def runs_called(self, execution_ids: Sequence[str]) -> list[RunId]:
        """The runs with these ids, in that order; an id may be that of two, and of none."""
        ids = list(dict.fromkeys(execution_ids))
        return self._ask(lambda database: [run for one in ids for run in _called(database, one)], [])

    def meant(self, text: str) -> list[IndexedRun]:
        """The runs whose id begins or ends with a text, or whose trace id it is."""
        return self._ask(lambda database: list(_meant(database, text)), [])

    def damages(self) -> list[Damage]:
        """What of the store could not be read when it was last looked at."""
        return self._ask(_damages, [])

    def _ask(self, question: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        try:
            with to_read(self._data_dir) as database:
                return question(database)
        except (sqlite3.OperationalError, sqlite3.DatabaseError) as trouble:
            # There is none yet, or somebody makes it anew.
            _log.info("the index of runs was not asked: %s", type(trouble).__name__)
            return nothing


def _count(database: sqlite3.Connection, wish: RunWish) -> int:
    if wants_all(wish):
        return _number(database, "SELECT runs FROM counted") - _number(
            database, _LEFT_OUT, json.dumps(list(wish.without))
        )
    wanted = condition_of(wish)
    return _number(database, f"SELECT count(*) FROM runs WHERE {wanted.sql}", *wanted.values)


def _number(database: sqlite3.Connection, sql: str, *values: Any) -> int:
    [number] = database.execute(sql, values).fetchone()
    return int(number)


def _rows(database: sqlite3.Connection, wish: RunWish, limit: int = -1, offset: int = 0) -> Iterator[IndexedRun]:
    wanted = condition_of(wish)
    sql = f"SELECT {_LIGHT} FROM runs WHERE {wanted.sql} ORDER BY {order_of(wish)} LIMIT ? OFFSET ?"
    yield from map(IndexedRun._make, database.execute(sql, (*wanted.values, limit, offset)))


def _cards(database: sqlite3.Connection, ids: Sequence[int]) -> list[CardOfRun]:
    sql = "SELECT listed, student, researcher FROM cards WHERE id = ?"
    rows = [row for one in ids if (row := database.execute(sql, (one,)).fetchone())]
    return [CardOfRun(canonical.loads(row[0]), card_of_json(row[1]), card_of_json(row[2])) for row in rows]


def _called(database: sqlite3.Connection, execution_id: str) -> list[RunId]:
    sql = "SELECT trace_id FROM runs WHERE execution_id = ? ORDER BY trace_id"
    return [RunId(execution_id, trace_id) for (trace_id,) in database.execute(sql, (execution_id,))]


def _meant(database: sqlite3.Connection, text: str) -> Iterator[IndexedRun]:
    begins = "substr(execution_id, 1, length(?1)) = ?1"
    ends = "substr(execution_id, -length(?1) - 1) = '_' || ?1"
    sql = f"SELECT {_LIGHT} FROM runs WHERE trace_id = ?1 OR {begins} OR {ends}"
    yield from map(IndexedRun._make, database.execute(sql, (text,)))


def _damages(database: sqlite3.Connection) -> list[Damage]:
    rows = database.execute("SELECT DISTINCT path, sentence, execution_id FROM damages ORDER BY path")
    return [Damage(Path(path), sentence, execution_id) for path, sentence, execution_id in rows]
