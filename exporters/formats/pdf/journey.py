"""The journey as a table: every text whole, its languages, who made it, how long that took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import Color
from reportlab.platypus import Flowable

from exporters.formats.pdf.flow import TextBlock, each, stacked
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.long_table import Command
from exporters.formats.pdf.parts import heading, last_of_whole, paragraph, plain, rows_of, table, tag
from exporters.formats.pdf.styles import FAINT, GREY, SMALL, TEXT, TONES, WIDTH, Colour, Style, stage_colour
from exporters.formats.printed.layout import Printed
from exporters.formats.printed.rows import BoxRow, Passage, Section, tongues_of
from exporters.story.parts import Box

_LEADING = 13.4
"""The same for letters of all sizes, so that the first lines of a row stand on one line."""
_COLUMNS = (24, 88, WIDTH - 24 - 88 - 96 - 44, 96, 44)
_SPACE = 6
"""Between two columns."""
_WIDE = WIDTH - _COLUMNS[0]
_TIGHTER = 12.2
_SMALLER = TEXT.but(size=8.5)
"""Letters of a long text, which has lines of the width of the page."""
_TOGETHER = 4


def journey(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The chapter of the journey."""
    found = heading(setter, story.words["journey"], "journey")
    if story.sections:
        found.append(_table(setter, story))
    else:
        found += paragraph(setter, story.words["nothing"])
    for note in story.section_notes:
        found += paragraph(setter, note, above=5)
    return found


def _table(setter: Typesetter, story: Printed) -> Flowable:
    rows = [_head(setter, story)]
    style: list[Command] = [
        ("RIGHTPADDING", (0, 0), (3, -1), _SPACE),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, GREY),
        _below(0, 3),
    ]
    for section in story.sections:
        start = len(rows)
        rows.append(_section_head(setter, section))
        style += [("TOPPADDING", (0, start), (-1, start), 9), _below(start, 3), ("SPAN", (1, start), (-1, start))]
        for number, row in enumerate(section.rows):
            made = rows_of(_cells(setter, row, story))
            below = _below_the_row(setter, row, story)
            # A heading and the first row below it, a row and the beginning of the text below it: none stands alone.
            first = len(rows) if number else start
            last = last_of_whole(len(rows), made) + bool(below)
            style += [("NOSPLIT", (0, first), (-1, last))]
            style += _row_style(len(rows), len(made) + len(below), _bar(row.box, section.stage))
            rows += made + below
    return table(rows, _COLUMNS, style, heads=1)


def _below_the_row(setter: Typesetter, row: BoxRow, story: Printed) -> list[list[Any]]:
    """A long text as wide as the page, in rows of its own below the one that says what it is."""
    if not row.is_wide:
        return []
    lines = stacked(*_text(setter, row, story, _WIDE, _SMALLER))
    return [[[], chunk, [], [], []] for chunk in TextBlock(lines, own_width=_WIDE).chunks(_TOGETHER)]


def _head(setter: Typesetter, story: Printed) -> list[Any]:
    names = [story.words[name] for name in ("number", "what", "text", "by", "took")]
    cells = [tag(setter, name, width) for name, width in zip(names, _COLUMNS, strict=True)]
    (found,) = rows_of([each(cells[0], indent=_SPACE), *cells[1:4], each(cells[4], to_the_right=True)])
    return found


def _section_head(setter: Typesetter, section: Section) -> list[Any]:
    square = Drawing(7, 10)
    square.add(Rect(0, 1, 7, 7, rx=1.5, ry=1.5, fillColor=Color(*stage_colour(section.stage)), strokeColor=None))
    lines = setter.lines([Span(section.title, Style(9, 600))], WIDTH - 30, direction="ltr")
    (made,) = rows_of([lines[:8]])
    return [square, made[0], "", "", ""]


def _cells(setter: Typesetter, row: BoxRow, story: Printed) -> list[list[Line]]:
    box, widths = row.box, [width - _SPACE for width in _COLUMNS]
    number = "" if box.number is None else str(box.number)
    told = [
        _lines(setter, number, widths[0], SMALL),
        stacked(
            _lines(setter, box.label, widths[1], Style(8.5, 500, TONES[box.tone])),
            _lines(setter, plain(tongues_of(box, story.words)), widths[1], SMALL),
        ),
        [] if row.is_wide else stacked(*_text(setter, row, story, widths[2], TEXT)),
        _lines(setter, "" if row.figure else box.caption, widths[3], SMALL),
        each(_lines(setter, box.seconds, _COLUMNS[4], SMALL), to_the_right=True),
    ]
    return [each(told[0], indent=_SPACE), *told[1:]]


def _text(setter: Typesetter, row: BoxRow, story: Printed, width: float, style: Style) -> Iterator[list[Line]]:
    if row.given:
        yield each(_given(setter, row.given, story, width - 8), bar=TONES["stop"], indent=8)
    if row.box.withheld:
        yield _lines(setter, row.box.withheld, width, TEXT.but(colour=TONES["stop"]))
    if row.text:
        lines = _words(setter, row.text, width, style.but(weight=500 if row.box.tone == "key" else 400))
        yield [*each(lines[:1], above=4 if row.given else 0), *lines[1:]]
    if row.figure:
        named = _lines(setter, f"{story.words['figure']} {row.figure}", width, SMALL)
        yield each(named, link=f"figure-{row.figure}")


def _given(setter: Typesetter, given: Passage, story: Printed, width: float) -> list[Line]:
    said = _lines(setter, story.words["was given"], width, Style(7.5, 500, TONES["stop"]))
    return stacked(said, _words(setter, given, width, Style(8.5, colour=GREY)))


def _words(setter: Typesetter, words: Passage, width: float, style: Style) -> list[Line]:
    leading = _LEADING if style.size > _SMALLER.size else _TIGHTER
    lines = setter.lines([Span(words.text, style, words.language)], width, leading=leading)
    return stacked(lines, _lines(setter, words.cut, width, Style(8, colour=TONES["stop"])))


def _lines(setter: Typesetter, text: str, width: float, style: Style) -> list[Line]:
    return setter.lines([Span(text, style)], width, leading=_LEADING) if text else []


def _bar(box: Box, stage: int | None) -> Colour:
    return TONES[box.tone] if box.tone in ("stop", "bad") else stage_colour(stage)


def _row_style(start: int, count: int, bar: Colour) -> list[Command]:
    end = start + count - 1
    return [
        ("TOPPADDING", (0, start), (-1, start), 3.5),
        _below(end, 3.5),
        ("LINEBELOW", (0, end), (-1, end), 0.4, FAINT),
        ("LINEBEFORE", (0, start), (0, end), 1.6, bar),
    ]


def _below(row: int, room: float) -> Command:
    return ("BOTTOMPADDING", (0, row), (-1, row), room)
