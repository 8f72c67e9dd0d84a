"""The tables of a Word document: journey, timeline, parameters, facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from exporters.formats.docx.runs import tell
from exporters.formats.docx.xml import (
    border,
    exact_height,
    keep_on_one_page,
    keep_together,
    may_break,
    repeat_as_header,
    shade,
)
from exporters.formats.printed.colours import FAINT, FATES, GREY, STAGES, TONES, WASH
from exporters.formats.printed.layout import Printed, PrintedCall
from exporters.formats.printed.rows import BoxRow, Passage, Section, tongues_of
from exporters.formats.printed.timeline import extent
from exporters.story.parts import Bar, Parameter

_JOURNEY = (10, 37, 73, 32, 18)
_TIMELINE = (52, 98, 20)
_CALL = (38, 52, 52, 28)
_WIDTH = 170.0
_TWO_FACTS = (31, 69, 34, 36)
_TRACK = 98.0
_FEW = 12
"""Rows of a table that stay on one page."""


def journey_table(document: Any, story: Printed) -> None:
    """What happened, row by row, under the stages."""
    words = story.words
    table = new_table(document, _JOURNEY, [words[name] for name in ("number", "what", "text", "by", "took")])
    for section in story.sections:
        _heading_row(table, section)
        for row in section.rows:
            _journey_row(table, row, section, words)


def timeline_table(document: Any, story: Printed) -> None:
    """Every span as a bar, all on one page; where they are many, calls are in the row of what they are a part of."""
    words, shown = story.words, story.timeline
    table = new_table(document, _TIMELINE, [words["what"], words["since"], words["took"]])
    for track in shown.tracks:
        bar, cells = track.bar, new_row(table)
        if shown.is_even:
            exact_height(table.rows[-1], shown.step)
        label = cells[0].paragraphs[0]
        label.paragraph_format.left_indent = Mm(3 * min(bar.depth, 8))
        ink = TONES["bad"] if bar.failed else GREY if bar.is_attempt else None
        tell(label, bar.label, size=shown.size, colour=ink)
        _draw(cells[1].paragraphs[0], bar, story.duration, shown.step)
        _small(cells[2], bar.took, right=True, size=shown.size)
    keep_on_one_page(table, with_next=True)


def call_table(document: Any, call: PrintedCall, story: Printed) -> None:
    """What was asked for and what was sent, parameter by parameter."""
    words = story.words
    table = new_table(document, _CALL, [words["parameter"], words["configured"], words["passed"], ""])
    for line in call.sent:
        cells = new_row(table)
        tell(cells[0].paragraphs[0], line.name, size=8.5)
        for cell, value in zip(cells[1:3], (line.configured, line.passed), strict=True):
            tell(cell.paragraphs[0], "–" if value is None else value, size=8.5)
        tell(cells[3].paragraphs[0], words[line.fate], size=8.5, colour=FATES[line.fate])
    if len(call.sent) <= _FEW:
        keep_on_one_page(table, with_next=bool(call.answered))


def facts_table(document: Any, facts: Iterable[Parameter], size: float = 9, names: float = 38) -> None:
    """Names, in a column of so many millimetres, and what there is to say to them."""
    table = new_table(document, (names, _WIDTH - names))
    for fact in facts:
        cells = new_row(table)
        tell(cells[0].paragraphs[0], fact.name, size=size, colour=GREY)
        tell(cells[1].paragraphs[0], fact.value, size=size)
    if len(table.rows) <= _FEW:
        keep_on_one_page(table, with_next=False)


def facts_side_by_side(document: Any, facts: Sequence[Parameter], size: float) -> None:
    """Short facts in two columns, read down the left one first."""
    half = (len(facts) + 1) // 2
    table = new_table(document, _TWO_FACTS)
    for pair in zip_longest(facts[:half], facts[half:]):
        cells = new_row(table)
        for place, fact in zip((0, 2), pair, strict=True):
            if fact:
                tell(cells[place].paragraphs[0], fact.name, size=size, colour=GREY)
                tell(cells[place + 1].paragraphs[0], fact.value, size=size)


def new_table(document: Any, widths: Sequence[float], heads: Sequence[str] = ()) -> Any:
    """An empty table with columns of so many millimetres, whose heads come again on each page."""
    table = document.add_table(rows=0, cols=len(widths))
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    if heads:
        cells = new_row(table)
        for cell, head in zip(cells, heads, strict=True):
            tell(cell.paragraphs[0], head, size=8, colour=GREY, bold=True)
        repeat_as_header(table.rows[-1])
    return table


def new_row(table: Any) -> list[Any]:
    """The cells of another row, which stays on one page."""
    row = table.add_row()  # to look for the last one takes a look at all
    cells = list(row.cells)
    keep_together(row)
    for cell in cells:
        border(cell._tc.get_or_add_tcPr(), "w:tcBorders", bottom=FAINT)
        cell.paragraphs[0].paragraph_format.space_after = Pt(1)
    return cells


def _heading_row(table: Any, section: Section) -> None:
    cells = list(table.add_row().cells)
    cell = cells[0].merge(cells[-1])
    shade(cell._tc.get_or_add_tcPr(), WASH)
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.keep_with_next = True
    tell(paragraph, "■ ", size=9, colour=STAGES.get(section.stage or 0, GREY))
    tell(paragraph, section.title, bold=True)


def _journey_row(table: Any, row: BoxRow, section: Section, words: Any) -> None:
    box, cells = row.box, new_row(table)
    tone = TONES[box.tone]
    _small(cells[0], "" if box.number is None else str(box.number))
    tell(cells[1].paragraphs[0], box.label, size=9, colour=tone)
    if tongues := tongues_of(box, words):
        tell(cells[1].add_paragraph(), tongues, size=8, colour=GREY)
    _small(cells[3], "" if row.figure else box.caption)
    _small(cells[4], box.seconds, right=True)
    text = cells[2]
    if row.is_wide:
        # A row as wide as the page, below the one that says what it is.
        for paragraph in (paragraph for cell in cells for paragraph in cell.paragraphs):
            paragraph.paragraph_format.keep_with_next = True
        below = new_row(table)
        may_break(table.rows[-1])
        text = below[1].merge(below[-1])
    _text_cell(text, row, words, is_bold=box.tone == "key")


def _text_cell(cell: Any, row: BoxRow, words: Any, is_bold: bool) -> None:
    paragraph = cell.paragraphs[0]
    if row.given:
        tell(paragraph, f"{words['was given']} ", size=8, colour=TONES["stop"], bold=True)
        tell_passage(cell.add_paragraph(), row.given, size=8.5, colour=GREY)
        paragraph = cell.add_paragraph()
    if row.box.withheld:
        tell(paragraph, row.box.withheld, colour=TONES["stop"])
    elif row.text:
        tell_passage(paragraph, row.text, size=8.5 if row.is_wide else None, bold=is_bold and not row.is_wide)
    if row.figure:
        tell(paragraph, f"{words['figure']} {row.figure}", size=8.5, colour=GREY)


def tell_passage(paragraph: Any, passage: Passage, **look: Any) -> None:
    """Add a text, and what is to say where it was cut."""
    tell(paragraph, passage.text, passage.language, **look)
    if passage.cut:
        tell(paragraph, f" {passage.cut}", size=8, colour=TONES["stop"])


def _small(cell: Any, text: str, *, right: bool = False, size: float = 8) -> None:
    paragraph = cell.paragraphs[0]
    tell(paragraph, text, size=size, colour=GREY)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _draw(paragraph: Any, bar: Bar, duration: float, step: float) -> None:
    """A shaded paragraph, indented from both sides: as long as the span, where it was."""
    start, lasts = extent(bar, duration)
    scale = (_TRACK - 6) / duration if duration else 0.0
    width = max(lasts * scale, 0.6)
    left = min(start * scale, _TRACK - 6 - width)
    layout = paragraph.paragraph_format
    layout.left_indent, layout.right_indent = Mm(left), Mm(max(_TRACK - 6 - left - width, 0))
    layout.space_before = layout.space_after = Pt(step * 0.2)
    layout.line_spacing = Pt(step * 0.6)
    colour = TONES["bad"] if bar.failed else STAGES.get(bar.stage if bar.stage is not None else -1, GREY)
    shade(paragraph._p.get_or_add_pPr(), _pale(colour, bar.is_attempt))


def _pale(colour: str, is_pale: bool) -> str:
    if not is_pale or colour == TONES["bad"]:
        return colour
    parts = (int(colour[place : place + 2], 16) for place in (0, 2, 4))
    return "".join(f"{part + (255 - part) // 2:02X}" for part in parts)
