"""What an answer in SQL looks like on a terminal: a table of its first rows, with nothing that a terminal obeys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from devserver.cli.output import console
from devserver.cli.showing.text import count, safe_line, shorten
from devserver.cli.streams import say
from exporters.asking.answers import SqlAnswer, plain
from exporters.asking.sources import ViewColumn
from exporters.story.readable import readable

_LONGEST = 120
"""Characters of a cell."""

_NARROWEST = 9
"""Columns of a terminal that a column of a table wants; with less, rows stand below each other."""

_BETWEEN = 2
"""Columns of a terminal between two of a table."""

_LONGEST_NAME = 30

_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
)


def show_answer(answer: SqlAnswer, limit: int, *, is_chosen: bool) -> None:
    """The first rows of an answer, and how many they are; `is_chosen` where somebody said how many they want."""
    rows = list(islice(answer.rows(), limit + 1))
    shown, is_all = rows[:limit], len(rows) <= limit
    screen = console()
    if len(answer.columns) * _NARROWEST > screen.width:
        _show_below_each_other(screen, answer, shown)
    else:
        screen.print(_table(answer, shown, screen.width))
    if is_all:
        say(count(len(shown), "row"))
    else:
        more = "" if is_chosen else "; --limit N shows more, --format csv or --out FILE has all"
        say(f"the first {count(len(shown), 'row')}, and there are more{more}")


def show_views(views: Mapping[str, Sequence[ViewColumn]]) -> None:
    """The views that may be asked, each with its columns and what they mean."""
    for view, columns in views.items():
        table = Table(box=None, pad_edge=False, show_header=False, title=view, title_justify="left", title_style="bold")
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for column in columns:
            table.add_row(*map(_text, (column.name, column.kind.lower(), column.meaning)))
        console().print(table)
        say()


def _table(answer: SqlAnswer, rows: Sequence[tuple[Any, ...]], width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    shown = [[_cell(value) for value in row] for row in rows]
    for place, wide in enumerate(_widths(answer.columns, shown, width)):
        kind = answer.kinds[place]
        is_number = kind.startswith(_NUMBERS) and not kind.endswith("]")
        table.add_column(
            _text(answer.columns[place]),
            justify="right" if is_number else "left",
            width=wide,
            no_wrap=True,
            overflow="ellipsis",
        )
    for cells in shown:
        table.add_row(*cells)
    return table


def _widths(names: Sequence[str], rows: Sequence[Sequence[Text]], width: int) -> list[int]:
    """How wide each column is: from the narrowest on as wide as it wants to be, while there is room for all others.

    So numbers, ids and times are whole, and texts share what is left.
    """
    wanted = [max(cell.cell_len for cell in column) for column in zip(map(_text, names), *rows, strict=True)]
    room, left = width - _BETWEEN * (len(names) - 1), len(names)
    widths = dict.fromkeys(range(len(names)), 1)
    for place in sorted(widths, key=wanted.__getitem__):
        widths[place] = max(min(wanted[place], room // left), 1)
        room, left = room - widths[place], left - 1
    return list(widths.values())


def _show_below_each_other(screen: Console, answer: SqlAnswer, rows: Sequence[tuple[Any, ...]]) -> None:
    for number, row in enumerate(rows, start=1):
        table = Table(box=None, pad_edge=False, show_header=False, title=f"row {number}", title_justify="left")
        table.add_column(no_wrap=True, style="dim", min_width=min(max(map(len, answer.columns)), _LONGEST_NAME))
        table.add_column(no_wrap=True, overflow="ellipsis")
        for name, value in zip(answer.columns, row, strict=True):
            table.add_row(_text(name), _cell(value))
        screen.print(table)
        say()


def _cell(value: Any) -> Text:
    said = plain(value)
    if said is None:
        return Text("null", style="dim")
    return _text(said if isinstance(said, str) else readable(said))


def _text(value: str) -> Text:
    return Text(shorten(safe_line(value), _LONGEST))
