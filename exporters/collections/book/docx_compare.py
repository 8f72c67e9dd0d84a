"""Runs side by side in a Word document: a table for each prompt, a column for each run."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from docx.shared import Mm

from exporters.collections.book.compare import Cell, ComparedStep, RunsAlike, SideBySide
from exporters.formats.docx.document import plain
from exporters.formats.docx.runs import tell
from exporters.formats.docx.tables import new_row, new_table
from exporters.formats.docx.xml import describe_picture, may_break
from exporters.formats.printed.colours import GREY
from exporters.story.parts import joined

_NAMES, _ALL = 32.0, 138.0
_HIGHEST = 50.0
_SHORT = 350
"""Signs of a text that is surely no higher than half a page, in whatever script."""


def write_comparisons(document: Any, compared: SideBySide, words: Mapping[str, str]) -> None:
    """Every comparison, and what is said of them."""
    _say(document, words["compare lead"] if compared.comparisons else "")
    for number, one in enumerate(compared.comparisons, start=1):
        document.add_heading("", 2)
        tell(document.paragraphs[-1], f"{number}. {one.runs[0].beginning}")
        _table(document, one, words)
    _say(document, compared.note)


def _table(document: Any, one: RunsAlike, words: Mapping[str, str]) -> None:
    width = _ALL / len(one.runs)
    heads = [f"{run.number}. {run.title}" for run in one.runs]
    table = new_table(document, (_NAMES, *([width] * len(one.runs))), (words["step"], *heads))
    for cell, run in zip(table.rows[0].cells[1:], one.runs, strict=True):
        status = words.get(f"is {run.status}", run.status)
        tell(cell.add_paragraph(), joined(status, f"{run.moment:%Y-%m-%d %H:%M}"), size=7, colour=GREY)
    for cell in table.rows[0].cells:
        for paragraph in cell.paragraphs:
            paragraph.paragraph_format.keep_with_next = True
    for step in one.steps:
        _row(table, step, width, size=8.5)
    if one.differences:
        cells = new_row(table)
        tell(cells[0].merge(cells[-1]).paragraphs[0], words["differing"], size=8, bold=True)
    for step in one.differences:
        _row(table, step, width, size=7.5)


def _row(table: Any, step: ComparedStep, width: float, *, size: float) -> None:
    cells = new_row(table)
    if any(len(told.text) > _SHORT for told in step.cells):
        may_break(table.rows[-1])
    tell(cells[0].paragraphs[0], step.label, size=8, colour=GREY)
    for cell, told in zip(cells[1:], step.cells, strict=True):
        _fill(cell, told, width - 4, size)


def _fill(cell: Any, told: Cell, width: float, size: float) -> None:
    paragraph = cell.paragraphs[0]
    for picture, alternative in told.pictures:
        shown = min(width, _HIGHEST * picture.width / picture.height)
        shape = paragraph.add_run().add_picture(io.BytesIO(picture.content), width=Mm(shown))
        describe_picture(shape, plain(alternative))
    if told.text:
        paragraph = cell.add_paragraph() if told.pictures else paragraph
        tell(paragraph, told.text, told.language, size=size)
    if told.below:
        paragraph = cell.add_paragraph() if told.pictures or told.text else paragraph
        tell(paragraph, told.below, size=7, colour=GREY)


def _say(document: Any, text: str) -> None:
    if text:
        tell(document.add_paragraph(), text, size=8.5, colour=GREY)
