"""What stands before the runs in a Word document: title, contents, summary, plots, and what is alike side by side."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from exporters.collections.book.book import Front, entry_of
from exporters.collections.book.docx_compare import write_comparisons
from exporters.collections.book.rows import BookRow
from exporters.collections.book.summary import SummaryTable
from exporters.formats.docx.contents import bookmark, contents, contents_entry
from exporters.formats.docx.document import plain
from exporters.formats.docx.runs import tell
from exporters.formats.docx.tables import facts_table, new_row, new_table
from exporters.formats.docx.xml import describe_picture
from exporters.formats.printed.colours import GREY
from exporters.plots.plot import Plot
from exporters.story.letters import beginning

_WIDTH = 170.0
_LONGEST_ENTRY = 84
_SECTIONS = 1_000_000
"""Numbers of bookmarks from there on are those of sections; below are those of runs."""


def write_front(document: Any, front: Front, rows: Sequence[BookRow], words: Mapping[str, str]) -> None:
    """Everything before the first run, at the end of the document."""
    _title(document, front, words)
    _contents(document, front, rows, words)
    for place, (name, write) in enumerate(_SECTIONS_IN_ORDER.items()):
        if _there(front)[name]:
            heading = document.add_heading(words[name], 1)
            heading.paragraph_format.page_break_before = True
            bookmark(heading, name, _SECTIONS + place)
            write(document, front, words)


def _there(front: Front) -> dict[str, Any]:
    return {"summary": front.tables, "plots": front.plots, "compare": front.compared}


def _title(document: Any, front: Front, words: Mapping[str, str]) -> None:
    tell(document.add_paragraph(), words["book"], size=8, colour=GREY)
    tell(document.add_paragraph(style="Title"), front.title, size=22 if len(front.title) < 60 else 13)
    facts_table(document, front.facts, size=9.5, names=45)
    document.add_paragraph()
    _say(document, front.notes)


def _contents(document: Any, front: Front, rows: Sequence[BookRow], words: Mapping[str, str]) -> None:
    heading = document.add_paragraph(style="TOC Heading")
    heading.paragraph_format.page_break_before = True
    tell(heading, words["contents"])
    sections = [(words[name], name) for name, there in _there(front).items() if there]
    entries = [*sections, *((entry_of(row), f"run_{row.number}") for row in rows)]
    if not rows:
        tell(document.add_paragraph(), words["no runs"])
    paragraphs = []
    for text, name in entries:
        paragraph = document.add_paragraph(style="toc 1")
        tell(paragraph, beginning(plain(text), _LONGEST_ENTRY))
        contents_entry(paragraph, name)
        paragraphs.append(paragraph)
    contents(paragraphs)
    _say(document, [words["update contents"]] if entries else [])


def _summary(document: Any, front: Front, words: Mapping[str, str]) -> None:
    for one in front.tables:
        document.add_heading("", 2)
        tell(document.paragraphs[-1], one.title)
        _table(document, one)
        _say(document, [one.note] if one.note else [])


def _table(document: Any, one: SummaryTable) -> None:
    table = new_table(document, [share * _WIDTH for share in one.widths], one.heads)
    _align(table.rows[0].cells, one.numbers)
    for row in one.rows:
        cells = new_row(table)
        for cell, text in zip(cells, row, strict=True):
            tell(cell.paragraphs[0], text, size=8.5)
        _align(cells, one.numbers)


def _align(cells: Sequence[Any], numbers: Iterable[int]) -> None:
    for place in numbers:
        cells[place].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        cells[place].paragraphs[0].paragraph_format.right_indent = Mm(2)


def _plots(document: Any, front: Front, words: Mapping[str, str]) -> None:
    for plot in front.plots:
        document.add_heading("", 2)
        tell(document.paragraphs[-1], plot.title)
        _picture(document, plot)
        _say(document, plot.notes)


def _picture(document: Any, plot: Plot) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = bool(plot.notes)
    shape = paragraph.add_run().add_picture(io.BytesIO(plot.png()), width=Mm(min(_WIDTH, plot.size[0] / 72 * 25.4)))
    describe_picture(shape, plain(plot.alternative))


def _compare(document: Any, front: Front, words: Mapping[str, str]) -> None:
    if front.compared:
        write_comparisons(document, front.compared, words)


def _say(document: Any, notes: Iterable[str]) -> None:
    for note in notes:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(2)
        tell(paragraph, note, size=8.5, colour=GREY)


_SECTIONS_IN_ORDER = {"summary": _summary, "plots": _plots, "compare": _compare}
