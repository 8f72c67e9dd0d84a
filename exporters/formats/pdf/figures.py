"""What was made: pictures with their captions and parameters, narrow ones side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable

from exporters.formats.pdf import pictures
from exporters.formats.pdf.flow import TextBlock, gap, stacked
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.long_table import Command
from exporters.formats.pdf.parts import heading, plain, rows_of, table
from exporters.formats.pdf.structure import Node, group, table_node
from exporters.formats.pdf.styles import FAINT, GREY, INK, SMALL, TONES, WASH, WIDTH, Style
from exporters.formats.printed.figures import Figure
from exporters.formats.printed.layout import Printed

_NARROW = 1.25
"""Pictures that are not much wider than high stand side by side."""
_HIGHEST, _HIGHEST_OF_MANY = 312.0, 212.0
"""One picture may fill half a page; of many, two fit on one."""
_HEADING = 45.0
_PAGE = 560.0
_BETWEEN = 14.0
_NAMES = 74.0
_DETAIL = Style(7.5)


def figures(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The chapter of the figures; nothing where there are none."""
    if not story.figures:
        return []
    pairs = list(_side_by_side(story.figures))
    highest = _HIGHEST if len(pairs) == 1 else _HIGHEST_OF_MANY
    shown = [_shown(setter, together, story, highest) for together in pairs]
    found = heading(setter, story.words["figures"], "figures", room=shown[0][0].height + _HEADING)
    return [*found, *(flowable for flowables in shown for flowable in flowables)]


def _side_by_side(shown: Sequence[Figure]) -> Iterator[tuple[Figure, ...]]:
    for start in range(0, len(shown), 2):
        pair = tuple(shown[start : start + 2])
        if len(pair) == 2 and all(map(_is_narrow, pair)):
            yield pair
        else:
            yield from ((figure,) for figure in pair)


def _is_narrow(figure: Figure) -> bool:
    return figure.picture is not None and figure.picture.width <= _NARROW * figure.picture.height


def _shown(setter: Typesetter, together: tuple[Figure, ...], story: Printed, highest: float) -> list[Flowable]:
    """One figure as wide as the page, or two with half of it each: picture, caption, and parameters below."""
    count = len(together)
    width = (WIDTH - (count - 1) * _BETWEEN) / count
    pictured = [_picture(setter, figure, width, highest) for figure in together]
    captions = [
        TextBlock(_caption(setter, figure, story, width), bookmark=f"figure-{figure.number}") for figure in together
    ]
    heads = [_with_gaps([cell, ""] for cell in cells) for cells in (pictured, captions)]
    found = [_details(setter, one, width) for one in together]
    details = [_with_gaps(row) for row in zip_longest(*found, fillvalue=["", ""])]
    told = [
        Node("Div", [*group(picture, caption).kids, *([table_node(rows)] if rows else [])])
        for picture, caption, rows in zip(pictured, captions, found, strict=True)
    ]
    widths = [_NAMES, width - _NAMES, _BETWEEN, _NAMES, width - _NAMES][: 3 * count - 1]
    spans: list[Command] = [("SPAN", (3 * one, row), (3 * one + 1, row)) for one in range(count) for row in (0, 1)]
    style: list[Command] = [
        *spans,
        ("NOSPLIT", (0, 0), (-1, _last_kept(pictured, captions, details))),
        ("BOTTOMPADDING", (0, 0), (-1, 0), 5),
        ("BOTTOMPADDING", (0, 1), (-1, 1), 3),
    ]
    needed = max(cell.wrap(width, 1e6)[1] for cell in pictured) + 60
    return [CondPageBreak(needed), table([*heads, *details], widths, style, node=Node("Div", told)), gap(14)]


def _last_kept(pictured: list[Flowable], captions: list[TextBlock], details: list[list[Any]]) -> int:
    """The last row that stays on the page of the picture: all where one page has room for them."""
    used = max(cell.wrap(WIDTH, 1e6)[1] for cell in pictured) + max(cell.wrap(WIDTH, 1e6)[1] for cell in captions)
    for row, cells in enumerate(details):
        used += max((cell.wrap(WIDTH, 1e6)[1] for cell in cells if isinstance(cell, TextBlock)), default=0)
        if used > _PAGE:
            return min(row, 2) + 1
    return len(details) + 1


def _with_gaps(cells: Any) -> list[Any]:
    """The cells of one row, with an empty one between two figures."""
    row: list[Any] = []
    for pair in cells:
        row += [*([""] if row else []), *pair]
    return row


def _picture(setter: Typesetter, figure: Figure, width: float, highest: float) -> Flowable:
    if figure.picture is None:
        return _note(setter, figure, width)
    ratio = figure.picture.width / figure.picture.height
    shown = min(width, ratio * highest)
    return pictures.FramedPicture(figure.picture, plain(figure.alternative), shown, shown / ratio)


def _note(setter: Typesetter, figure: Figure, width: float) -> Flowable:
    """Why there is no picture."""
    style = Style(8.5, colour=TONES["stop"] if figure.is_withheld else GREY)
    lines = setter.lines([Span(figure.note, style)], width - 24)
    box = [("BACKGROUND", (0, 0), (-1, -1), WASH), ("BOX", (0, 0), (-1, -1), 0.4, FAINT)]
    padding = [(f"{side}PADDING", (0, 0), (-1, -1), 12) for side in ("TOP", "BOTTOM", "LEFT", "RIGHT")]
    return table([[TextBlock(lines[:40])]], [width], [*box, *padding])


def _caption(setter: Typesetter, figure: Figure, story: Printed, width: float) -> list[Line]:
    number = Span(f"{story.words['figure']} {figure.number}. ", Style(8.5, 600))
    title = setter.lines([number, Span(figure.title, Style(8.5, colour=INK))], width, direction="ltr")
    return stacked(title, setter.lines([Span(figure.caption, SMALL)], width) if figure.caption else [])[:40]


def _details(setter: Typesetter, figure: Figure, width: float) -> list[list[Any]]:
    rows = []
    for detail in figure.details:
        name = setter.lines([Span(detail.name, _DETAIL.but(colour=GREY))], _NAMES - 6)
        rows += rows_of([name, setter.lines([Span(detail.value, _DETAIL)], width - _NAMES)])
    return rows
