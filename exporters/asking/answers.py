"""Ask a question, and get its rows as they come: an answer may be larger than memory."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exporters.asking.complaints import in_our_words
from exporters.asking.questions import check_question
from exporters.asking.stopping import stoppable

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ROWS_AT_ONCE = 1000

_AS_TEXT = ("INTERVAL", "BIT", "UNION", "VARIANT", "GEOMETRY", "TIME WITH TIME ZONE")
"""Types for which other programs have no word: they are answered as text."""

_EXPLAIN = "explain "


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """Columns by name, each name once, with their types as DuckDB says them; and the rows, which come once."""

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as values of Python, column by column."""
        for batch in self.batches:
            cells = [column.to_pylist(maps_as_pydicts="lossy") for column in batch.columns]
            yield from zip(*cells, strict=True)

    def first(self, count: int) -> SqlAnswer:
        """The same with at most so many rows; the rest is never worked out."""
        return replace(self, batches=_first(self.batches, count))


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> SqlAnswer:
    """The answer to one question of a locked connection; it is worked out while its rows are read.

    Raises `WrongQuestion`, also while rows are read; `KeyboardInterrupt` where somebody stops it.
    """
    check_question(connection, sql)
    # A plan says where a mistake is, which a relation does not.
    with in_our_words(sql, before=len(_EXPLAIN)):
        connection.execute(_EXPLAIN + sql)
    with in_our_words(sql):
        relation = connection.sql(sql)
        names, kinds = _each_once(relation.columns), tuple(map(str, relation.types))
        asked = relation.project(_plainly(names, kinds))
        reader = stoppable(connection, lambda: asked.to_arrow_reader(ROWS_AT_ONCE))
    return SqlAnswer(names, kinds, reader.schema, _batches(connection, reader, sql))


def _batches(connection: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader, sql: str) -> Iterator[pa.RecordBatch]:
    while True:
        with in_our_words(sql):
            batch = stoppable(connection, lambda: next(reader, None))
        if batch is None:
            return
        yield batch


def _first(batches: Iterator[pa.RecordBatch], count: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch.slice(0, count)
        count -= batch.num_rows
        if count <= 0:
            return


def _each_once(names: Sequence[str]) -> tuple[str, ...]:
    """The names, a second one of a kind numbered.

    >>> _each_once(["a", "b", "a", "a_2", "a"])
    ('a', 'b', 'a_3', 'a_2', 'a_4')
    """
    taken, found = set(names), []
    for place, name in enumerate(names):
        if name in names[:place]:
            name = next(free for number in itertools.count(2) if (free := f"{name}_{number}") not in taken)
            taken.add(name)
        found.append(name)
    return tuple(found)


def _plainly(names: Sequence[str], kinds: Sequence[str]) -> str:
    """What is selected of a question, by place: each column under its name, and as text where it has to be."""
    cells = (
        f"#{place}{'::varchar' if kind.startswith(_AS_TEXT) else ''} as {_name(name)}"
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True), start=1)
    )
    return ", ".join(cells)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def plain(value: Any) -> Any:
    """A value as programs read it elsewhere: times in ISO 8601, decimals as the number they are.

    >>> plain(dt.date(2026, 11, 23)), plain(Decimal("1.50")), plain([Decimal("3")])
    ('2026-11-23', 1.5, [3])
    """
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def _number(value: Decimal) -> int | float | str:
    if value == value.to_integral_value():
        return int(value)
    # Text where a float would be another number.
    return float(value) if Decimal(repr(float(value))) == value else str(value)
