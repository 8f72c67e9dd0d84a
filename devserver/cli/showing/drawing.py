"""Draw rows: in columns on a terminal, one line each elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from devserver.cli.showing.rows import JourneyLine
from devserver.cli.showing.text import safe_line, shorten

LONGEST_TEXT = 1_000
"""Characters of one text on the terminal; the record has all of it."""

_LABEL_WIDTH = 12
_TIME_WIDTH = 7
_WHO_SHARE = 4
"""An engine's name takes at most a quarter of the line; longer ones are cut."""


def draw_heading(console: Console, title: str) -> None:
    """A stage's title on a line of its own."""
    console.print()
    console.print(Text(title, style="bold cyan"))


def draw_row(console: Console, row: JourneyLine) -> None:
    """A row, wrapped inside its own column on a terminal."""
    console.print(in_columns(row, console.width) if console.is_terminal else in_one_line(row))


def in_columns(row: JourneyLine, width: int) -> RenderableType:
    """A row whose text stays in its column however long it is."""
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=2)
    grid.add_column(min_width=_LABEL_WIDTH, no_wrap=True, style="cyan")
    grid.add_column(ratio=1, overflow="fold")
    grid.add_column(justify="right", no_wrap=True, overflow="ellipsis", max_width=width // _WHO_SHARE, style="dim")
    grid.add_column(justify="right", no_wrap=True, min_width=_TIME_WIDTH, style="dim")
    text = Text(shorten(row.text, LONGEST_TEXT), style=row.style)
    if row.note:
        text.append(f"\n{row.note}", style="not bold yellow")
    grid.add_row("", Text(row.label), text, Text(row.who), Text(row.took))
    return grid


def in_grid(lines: Iterable[tuple[Any, ...]], *columns: Mapping[str, Any]) -> Table:
    """Lines of texts in columns like these, with what is said of them in the rest of the width."""
    grid = Table.grid(padding=(0, 1), expand=True)
    for column in ({"width": 2}, *columns, {"ratio": 1, "overflow": "fold"}):
        grid.add_column(**column)
    for *texts, told in lines:
        grid.add_row("", *map(Text, texts), told)
    return grid


def in_one_line(row: JourneyLine) -> Text:
    """A row for a log or a pipe: label, text and, in brackets, who did it."""
    told = ", ".join(filter(None, (f"{row.who} {row.took}".strip(), row.note)))
    note = f"  [{told}]" if told else ""
    return Text(f"   {row.label:<{_LABEL_WIDTH}} {shorten(safe_line(row.text), LONGEST_TEXT)}{note}".rstrip())
