"""What somebody wants of the index, and how that is asked in SQL."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from exporters.explorer.index_file import COLUMNS, NOTE, SEEN
from exporters.explorer.letters import LEAST_INDEXED, words_wanted
from exporters.storage.reading.selection import Selection
from otel_tracking.record import read_timestamp

SORTED_BY: Mapping[str, tuple[str, ...]] = {
    "time": ("moment",),
    "config": ("config_name", "moment"),
    "status": ("status", "moment"),
    "duration": ("seconds", "moment"),
    "outputs": ("outputs", "moment"),
    "items": ("items", "moment"),
    "level": ("safety_level", "moment"),
    "mode": ("execution_mode", "moment"),
    "run": ("execution_id",),
    "user": ("user_id", "moment"),
    "session": ("session_id", "moment"),
    "device": ("device_id", "moment"),
    "study": ("study_id", "moment"),
    "batch": ("batch_id", "moment"),
}
"""By what a list may be sorted, and by which columns that is."""

SORTED_BY_PEOPLE = frozenset({"user", "session", "device", "study", "batch"})
"""Those that tell who was there."""

MARKED_AS = ("any", "none", "test", "exclude")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which runs somebody may see.

    Those that are `not_of_status` (none, where that is empty) and `not_of_sessions`; all `of_sessions`, and `but_these`
    ids, whatever they are; none of the ids in `never`.
    """

    not_of_status: str = ""
    not_of_sessions: frozenset[str] = frozenset()
    of_sessions: frozenset[str] = frozenset()
    but_these: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """Which runs, in which order. `text` is what was typed into the search; `sees_all` finds what students do not see.

    `marked` is one of `MARKED_AS`, or nothing; runs whose id is in `without` are left out. Without a `sight` every run
    may be seen.
    """

    selection: Selection = field(default_factory=Selection)
    text: str = ""
    sees_all: bool = False
    marked: str = ""
    sort: str = "time"
    falling: bool = True
    without: Collection[str] = ()
    sight: Sight | None = None


class SqlPart(NamedTuple):
    """A condition or an order in SQL, and its values."""

    sql: str
    values: tuple[Any, ...] = ()


def condition_of(wish: RunWish) -> SqlPart:
    """Which rows of `runs` are wanted."""
    parts = list(_parts(wish))
    values = tuple(value for part in parts for value in part.values)
    return SqlPart(" AND ".join(part.sql for part in parts) or "1", values)


def wants_all(wish: RunWish) -> bool:
    """Whether every run is wanted, but for those that are left out by their ids."""
    is_selected = any(value is not None for value in wish.selection.values())
    return not (is_selected or wish.marked or wish.sight or words_wanted(wish.text))


def order_of(wish: RunWish) -> str:
    """In which order; runs that are alike in what they are sorted by have the latest first, or last."""
    way = "DESC" if wish.falling else "ASC"
    columns = (*SORTED_BY[wish.sort], "execution_id", "write_id")
    return ", ".join(f"{column} {way}" for column in dict.fromkeys(columns))


def day_bounds(date: dt.date) -> tuple[int, int]:
    """The microseconds in which a UTC day begins and ends.

    >>> day_bounds(dt.date(1970, 1, 2))
    (86400000000, 172800000000)
    """
    begin = dt.datetime.combine(date, dt.time(), dt.UTC)
    # Not a day later as a date: the calendar has an end.
    return microseconds(begin), microseconds(begin) + _DAY


def microseconds(moment: dt.datetime) -> int:
    """Since 1970, exactly."""
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


_DAY = 24 * 3600 * 1_000_000
"""In microseconds."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _parts(wish: RunWish) -> Iterator[SqlPart]:
    yield from _selected(dict(wish.selection))
    if wish.marked:
        yield _marked(wish.marked)
    if wish.without:
        yield SqlPart("execution_id NOT IN (SELECT value FROM json_each(?))", (json.dumps(sorted(wish.without)),))
    if wish.sight:
        yield _seen(wish.sight)
    if words := words_wanted(wish.text):
        yield _mentioning(wish.text, words, sees_all=wish.sees_all)


def _selected(given: dict[str, Any]) -> Iterator[SqlPart]:
    said = {name: value for name, value in given.items() if value is not None}
    for name in COLUMNS:
        if name in said:
            yield SqlPart(f"{name} = ?", (said[name],))
    if "since" in said:
        yield SqlPart("moment >= ?", (microseconds(read_timestamp(said["since"])),))
    if "until" in said:
        yield SqlPart("moment < ?", (microseconds(read_timestamp(said["until"])),))
    if "date" in said:
        date = said["date"]
        yield SqlPart(
            "moment >= ? AND moment < ?", day_bounds(dt.date.fromisoformat(date) if isinstance(date, str) else date)
        )


def _seen(sight: Sight) -> SqlPart:
    seen = [_one_of("execution_id", sight.but_these), _one_of("session_id", sight.of_sessions), _of_others(sight)]
    never = _one_of("execution_id", sight.never)
    values = tuple(value for part in (*seen, never) for value in part.values)
    return SqlPart(f"({' OR '.join(part.sql for part in seen)}) AND NOT {never.sql}", values)


def _of_others(sight: Sight) -> SqlPart:
    is_elsewhere = _one_of("session_id", sight.not_of_sessions)
    status = "status != ?" if sight.not_of_status else "? != ''"
    return SqlPart(f"({status} AND NOT {is_elsewhere.sql})", (sight.not_of_status, *is_elsewhere.values))


def _one_of(name: str, values: frozenset[str]) -> SqlPart:
    # Not NULL: what has no value is none of them.
    return SqlPart(f"ifnull({name} IN (SELECT value FROM json_each(?)), 0)", (json.dumps(sorted(values)),))


def _marked(marked: str) -> SqlPart:
    if marked in ("any", "none"):
        return SqlPart("marks != ''" if marked == "any" else "marks = ''")
    return SqlPart("marks != '' AND instr(' ' || marks || ' ', ?)", (f" {marked} ",))


def _mentioning(text: str, words: Iterable[str], *, sees_all: bool) -> SqlPart:
    """Runs with all of the words in their texts, or with what was typed in an id or the name of a configuration."""
    found = [_with_word(word, sees_all=sees_all) for word in words]
    typed = f"%{_escaped(text.strip())}%"
    names = " OR ".join(rf"{name} LIKE ? ESCAPE '\'" for name in ("execution_id", "trace_id", "config_name"))
    hits = " INTERSECT ".join(one.sql for one in found)
    values = tuple(value for one in found for value in one.values)
    return SqlPart(f"(id IN ({hits}) OR {names})", (*values, typed, typed, typed))


def _with_word(word: str, *, sees_all: bool) -> SqlPart:
    # A researcher may find a note; whoever is shown what students see finds what students see.
    whose = f"rowid & 3 <= {NOTE}" if sees_all else f"rowid & 3 = {SEEN}"
    if len(word) >= LEAST_INDEXED:
        quoted = '"' + word.replace('"', '""') + '"'
        return SqlPart(f"SELECT rowid >> 2 FROM texts WHERE texts MATCH ? AND {whose}", (quoted,))
    return SqlPart(f"SELECT id >> 2 FROM texts_content WHERE instr(c0, ?) AND {whose.replace('rowid', 'id')}", (word,))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def mentions(text: str, names: Iterable[Any]) -> bool:
    """Whether what was typed is in one of these, as `LIKE` has it; for runs that are not in the index."""
    wanted = text.strip().lower()
    return any(wanted in str(name or "").lower() for name in names) or not words_wanted(text)
