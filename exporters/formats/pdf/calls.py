"""Calls to models and programs: what was asked for, what was sent, and what became of each parameter."""

from __future__ import annotations

from typing import Any

from reportlab.platypus import CondPageBreak, Flowable

from exporters.formats.pdf.flow import TextBlock, gap
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.long_table import Command
from exporters.formats.pdf.parts import (
    heading,
    last_of_whole,
    names_and_values,
    paragraph,
    plain,
    rows_of,
    table,
    tag,
)
from exporters.formats.pdf.structure import Node
from exporters.formats.pdf.styles import FAINT, FATES, GREY, SMALL, TONES, WIDTH, Style
from exporters.formats.printed.layout import Printed, PrintedCall
from exporters.story.calls import Sent

_NAMES, _FATE, _SPACE = 112.0, 66.0, 8.0
_VALUES = (WIDTH - _NAMES - _FATE) / 2
_COLUMNS = (_NAMES, _VALUES, _VALUES, _FATE)
_SMALL_TEXT = Style(8)
_KEPT_WHOLE, _BEGINNING = 360.0, 180.0
"""A half and a quarter of a page."""
_HEADING = 60.0
_MOST_BOOKMARKS = 200
_NOTHING = "–"


def calls(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The chapter of the calls; nothing where there are none."""
    if not story.calls:
        return []
    first, *others = [_call(setter, call, story) for call in story.calls]
    found = heading(setter, story.words["attempts"], "attempts", room=_HEADING + _room_for(first))
    found += paragraph(setter, story.words["calls lead"])
    return [*found, *first, *(flowable for call in others for flowable in call)]


def _call(setter: Typesetter, call: PrintedCall, story: Printed) -> list[Flowable]:
    asked: list[Flowable] = [_title(setter, call), gap(3)]
    if call.error:
        asked += [TextBlock(setter.lines([Span(call.error, Style(8.5, colour=TONES["bad"]))], WIDTH)), gap(3)]
    if call.sent:
        asked.append(_parameters(setter, call, story))
    answered: list[Flowable] = []
    if call.answered:
        answered += [gap(5), TextBlock(tag(setter, story.words["response"], WIDTH))]
        answered += names_and_values(setter, call.answered, (_NAMES, WIDTH - _NAMES), _SMALL_TEXT, 1.6)
    for note in call.notes:
        answered += paragraph(setter, note, above=3)
    whole = [*asked, *answered]
    parts = [whole] if _height(whole) <= _KEPT_WHOLE else [asked, answered]
    return [flowable for part in parts if part for flowable in (CondPageBreak(_room_for(part)), *part)]


def _room_for(parts: list[Flowable]) -> float:
    """All that they take where half a page is enough; of a long table at least the beginning stays together."""
    height = _height(parts)
    return height if height <= _KEPT_WHOLE else _BEGINNING


def _height(parts: list[Flowable]) -> float:
    return float(sum(part.getSpaceBefore() + part.wrap(WIDTH, 1e6)[1] for part in parts))


def _title(setter: Typesetter, call: PrintedCall) -> TextBlock:
    number = Span(f"{call.number}. ", Style(10, 600))
    spans = [number, Span(f"{call.title}   ", Style(10, 600)), Span(call.facts, SMALL)]
    lines = setter.lines(spans, WIDTH, leading=1.3, direction="ltr")
    if call.number > _MOST_BOOKMARKS:
        return TextBlock(lines, above=13, node=Node("H3"))
    title = plain(f"{call.number}. {call.title}")
    return TextBlock(lines, bookmark=f"call-{call.number}", title=title, level=1, above=13, node=Node("H3"))


def _parameters(setter: Typesetter, call: PrintedCall, story: Printed) -> Flowable:
    names = [story.words["parameter"], story.words["configured"], story.words["passed"], ""]
    head = [tag(setter, name, width) for name, width in zip(names, _COLUMNS, strict=True)]
    rows: list[list[Any]] = rows_of(head)
    style: list[Command] = [
        ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("LINEBELOW", (0, 0), (-1, 0), 0.4, FAINT),
        ("BOTTOMPADDING", (0, 0), (-1, 0), 2.1),
    ]
    for parameter in call.sent:
        made = rows_of(_cells(setter, parameter, story))
        end = len(rows) + len(made) - 1
        style += [
            ("TOPPADDING", (0, len(rows)), (-1, len(rows)), 2.1),
            ("BOTTOMPADDING", (0, end), (-1, end), 2.1),
            ("NOSPLIT", (0, len(rows)), (-1, last_of_whole(len(rows), made))),
            ("LINEBELOW", (0, end), (-1, end), 0.4, FAINT),
        ]
        rows += made
    return table(rows, _COLUMNS, style, heads=1)


def _cells(setter: Typesetter, parameter: Sent, story: Printed) -> list[list[Line]]:
    values = [_value(setter, value) for value in (parameter.configured, parameter.passed)]
    fate = Span(story.words[parameter.fate], _SMALL_TEXT.but(colour=FATES[parameter.fate]))
    name = setter.lines([Span(parameter.name, _SMALL_TEXT)], _NAMES - _SPACE)
    return [name, *values, setter.lines([fate], _FATE)]


def _value(setter: Typesetter, value: str | None) -> list[Line]:
    span = Span(_NOTHING, _SMALL_TEXT.but(colour=GREY)) if value is None else Span(value, _SMALL_TEXT)
    return setter.lines([span], _VALUES - _SPACE)
