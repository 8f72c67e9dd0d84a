"""Runs side by side on pages: a table for each prompt, a column for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable

from exporters.collections.book.compare import Cell, ComparedStep, RunsAlike, SideBySide
from exporters.formats.pdf.flow import TextBlock, each, gap, stacked
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.parts import heading, last_of_whole, paragraph, rows_of, table, tag
from exporters.formats.pdf.pictures import FramedPicture
from exporters.formats.pdf.structure import Node
from exporters.formats.pdf.styles import FAINT, GREY, SMALL, WIDTH, Style
from exporters.story.parts import joined

_NAMES, _BETWEEN = 92.0, 9.0
_HIGHEST = 150.0
_TEXT, _VALUE = Style(8.5), Style(7.5)


def side_by_side(setter: Typesetter, compared: SideBySide, words: Mapping[str, str]) -> list[Flowable]:
    """The chapter of comparisons."""
    found = heading(setter, words["compare"], "compare")
    found += paragraph(setter, words["compare lead"] if compared.comparisons else compared.note)
    for number, comparison in enumerate(compared.comparisons, start=1):
        found += [*_title(setter, comparison, number), _table(setter, comparison, words), gap(12)]
    if compared.comparisons and compared.note:
        found += paragraph(setter, compared.note)
    return found


def _title(setter: Typesetter, comparison: RunsAlike, number: int) -> list[Flowable]:
    told = f"{number}. {comparison.runs[0].beginning}"
    lines = setter.lines([Span(told, Style(10.5, 600))], WIDTH, direction="ltr")[:2]
    return [CondPageBreak(160), TextBlock(lines, above=14, node=Node("H3")), gap(5)]


def _table(setter: Typesetter, comparison: RunsAlike, words: Mapping[str, str]) -> Flowable:
    width = (WIDTH - _NAMES) / len(comparison.runs)
    widths = [_NAMES, *([width] * len(comparison.runs))]
    rows: list[list[Any]] = [_heads(setter, comparison, words, width)]
    style: list[Any] = [("RIGHTPADDING", (0, 0), (-1, -1), _BETWEEN), ("LINEBELOW", (0, 0), (-1, 0), 0.6, GREY)]
    style += [("BOTTOMPADDING", (0, 0), (-1, 0), 3)]
    for step in comparison.steps:
        _add(rows, style, _of_step(setter, step, width))
    if comparison.differences:
        label = TextBlock(tag(setter, words["differing"], WIDTH), own_width=WIDTH)
        _add(rows, style, [[label, *([""] * len(comparison.runs))]], above=10)
    for step in comparison.differences:
        _add(rows, style, _of_difference(setter, step, width))
    return table(rows, widths, style, heads=1)


def _heads(setter: Typesetter, comparison: RunsAlike, words: Mapping[str, str], width: float) -> list[Any]:
    cells = [TextBlock(tag(setter, words["step"], _NAMES - _BETWEEN))]
    for run in comparison.runs:
        name = setter.lines([Span(f"{run.number}. {run.title}", Style(9, 600))], width - _BETWEEN, direction="ltr")
        below = joined(words.get(f"is {run.status}", run.status), f"{run.moment:%Y-%m-%d %H:%M}")
        lines = stacked(each(name, link=run.name), setter.lines([Span(below, SMALL)], width - _BETWEEN))
        cells.append(TextBlock(lines))
    return cells


def _add(rows: list[list[Any]], style: list[Any], made: Sequence[Sequence[Any]], above: float = 3.0) -> None:
    start, end = len(rows), len(rows) + len(made) - 1
    style += [
        ("TOPPADDING", (0, start), (-1, start), above),
        ("BOTTOMPADDING", (0, end), (-1, end), 3),
        ("LINEBELOW", (0, end), (-1, end), 0.4, FAINT),
        ("NOSPLIT", (0, start), (-1, last_of_whole(start, made))),
    ]
    rows += [list(row) for row in made]


def _of_step(setter: Typesetter, step: ComparedStep, width: float) -> list[list[Any]]:
    room = width - _BETWEEN
    label = setter.lines([Span(step.label, _VALUE.but(colour=GREY))], _NAMES - _BETWEEN)
    pictured = [_pictures(cell, room) for cell in step.cells]
    # A picture and what is said of it stay together; the name of the step stands beside the first of them.
    made = rows_of([[] if any(pictured) else label, *(_lines(setter, cell, room) for cell in step.cells)])
    return [[TextBlock(label), *pictured], *made] if any(pictured) else made


def _lines(setter: Typesetter, cell: Cell, width: float) -> list[Line]:
    text = setter.lines([Span(cell.text, _TEXT, cell.language)], width, leading=12) if cell.text else []
    below = setter.lines([Span(cell.below, Style(7, colour=GREY))], width) if cell.below else []
    return stacked(text, below)


def _pictures(cell: Cell, width: float) -> list[Flowable]:
    found: list[Flowable] = []
    for picture, alternative in cell.pictures:
        shown = min(width, _HIGHEST * picture.width / picture.height)
        found += [FramedPicture(picture, alternative, shown, shown * picture.height / picture.width), gap(4)]
    return found


def _of_difference(setter: Typesetter, step: ComparedStep, width: float) -> list[list[Any]]:
    label = setter.lines([Span(step.label, _VALUE.but(colour=GREY))], _NAMES - _BETWEEN)
    return rows_of([label, *(setter.lines([Span(cell.text, _VALUE)], width - _BETWEEN) for cell in step.cells)])
