"""What the chapters of a document are made of: headings, rows that go over pages, tables of names and values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from reportlab import platypus
from reportlab.platypus import CondPageBreak, Flowable
from reportlab.platypus.flowables import HRFlowable

from exporters.formats.pdf.flow import TextBlock, gap
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.long_table import AT_ONCE, Command, Styled, from_row
from exporters.formats.pdf.structure import Node, Told, table_node
from exporters.formats.pdf.styles import FAINT, SMALL, TAG, TONES, WIDTH, Style
from exporters.story.parts import Parameter
from exporters.story.printed.signs import pieces

WHOLE = 8
"""Lines that stay together in a table; rows of more are split there."""

_HEADING = Style(13, 600, TONES["key"])
_ROOM_BELOW_HEADING = 90
_HALF_A_PAGE = 360.0


def plain(text: str) -> str:
    """A text for places that hold nothing but text: metadata, bookmarks."""
    return "".join(piece if isinstance(piece, str) else f"⟨{piece.label}⟩" for piece in pieces(text))


def heading(setter: Typesetter, text: str, bookmark: str, room: float = _ROOM_BELOW_HEADING) -> list[Flowable]:
    """The heading of a chapter, with `room` for it and what follows on the same page, and its bookmark."""
    lines = setter.lines([Span(text, _HEADING)], WIDTH, leading=1.3)
    rule = HRFlowable("100%", 0.6, color=FAINT, spaceBefore=3, spaceAfter=7)
    head = TextBlock(lines, bookmark=bookmark, title=plain(text), above=20, node=Node("H2"))
    return [CondPageBreak(room), head, rule]


def paragraph(setter: Typesetter, text: str, style: Style = SMALL, above: float = 0) -> list[Flowable]:
    """A text as wide as the page."""
    return [gap(above), TextBlock(setter.lines([Span(text, style)], WIDTH))]


def tag(setter: Typesetter, text: str, width: float) -> list[Line]:
    """The name of a column."""
    return setter.lines([Span(text.upper(), TAG)], width)


def rows_of(cells: Sequence[Sequence[Line]]) -> list[list[Any]]:
    """One row of a table as as many as it takes to go over pages: none is higher than a few lines."""
    # A last row of one line alone would stand on a page of its own.
    longest = max((len(cell) for cell in cells), default=0)
    whole = WHOLE if longest % WHOLE != 1 else WHOLE + 1
    chunks = zip_longest(*(TextBlock(cell).chunks(whole) for cell in cells), fillvalue="")
    return [list(row) for row in chunks] or [[""] * len(cells)]


def last_of_whole(start: int, rows: Sequence[Sequence[Any]]) -> int:
    """Where what stays on one page ends, of rows from `start` on that `rows_of` made of one.

    All of them do that have room on half a page; of more, the first does.
    """
    height = sum(
        max((cell.wrap(WIDTH, 1e6)[1] for cell in row if isinstance(cell, TextBlock)), default=0) for row in rows
    )
    return start + len(rows) - 1 if height <= _HALF_A_PAGE else start


class Table(platypus.Table, Told):  # type: ignore[misc]
    """ReportLab's, with what screen readers tell of it."""


def table(
    rows: Sequence[Sequence[Any]],
    widths: Sequence[float],
    style: Iterable[Command],
    heads: int = 0,
    node: Node | None = None,
) -> Flowable:
    """A table whose first rows come again on each page; `node` is what it is where that is no table."""
    told = node or table_node(rows, heads)

    def make(some: Sequence[Sequence[Any]], commands: Sequence[Command]) -> Table:
        made = Table([list(row) for row in some], colWidths=list(widths), repeatRows=heads, hAlign="LEFT")
        made.setStyle([*_USUAL, *commands])
        made.node = told
        return made

    if len(rows) <= AT_ONCE:
        return make(rows, tuple(style))
    return from_row(Styled(rows, tuple(style), heads), make, told, heads)


_USUAL: list[Command] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]


def names_and_values(
    setter: Typesetter, facts: Iterable[Parameter], widths: tuple[float, float], style: Style, between: float = 2
) -> list[Flowable]:
    """Names with their values beside them; nothing where there are none."""
    rows: list[list[Any]] = []
    commands: list[Command] = []
    for cells in _cells(setter, facts, widths, style):
        made = rows_of(cells)
        commands.append(("TOPPADDING", (0, len(rows)), (-1, len(rows)), between))
        commands.append(("NOSPLIT", (0, len(rows)), (-1, last_of_whole(len(rows), made))))
        rows += made
    return [table(rows, widths, commands)] if rows else []


def _cells(
    setter: Typesetter, facts: Iterable[Parameter], widths: tuple[float, float], style: Style
) -> Iterator[tuple[list[Line], list[Line]]]:
    leading = style.size * 1.42
    for fact in facts:
        yield (
            setter.lines([Span(fact.name, style.but(colour=SMALL.colour))], widths[0] - 6, leading=leading),
            setter.lines([Span(fact.value, style)], widths[1], leading=leading),
        )
