"""The pages before the runs: title, contents, summary, plots, and what is alike side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, PageBreak

from exporters.collections.book.book import Front
from exporters.collections.book.pdf_compare import side_by_side
from exporters.collections.book.rows import BookRow
from exporters.collections.book.summary import SummaryTable
from exporters.formats.pdf.about import signs
from exporters.formats.pdf.drawing import Drawing
from exporters.formats.pdf.flow import TextBlock, each, gap
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.parts import heading, names_and_values, paragraph, rows_of, table, tag
from exporters.formats.pdf.structure import Node, Told
from exporters.formats.pdf.styles import FAINT, GREY, SMALL, TEXT, TONES, WIDTH, Style
from exporters.plots.plot import Plot
from exporters.story.letters import beginning

_NAMES = 120.0
_BETWEEN = 10.0
_NUMBER_ROOM = 40.0
_HEADING = 40.0
_BEGINNINGS = (90, 75, 60, 45, 30, 15, 0)
"""Characters, one after the other, until they fit."""
_SIGN, _MOST_ROOM = 24.0, 600.0
_BIG = Style(24, 600, TONES["key"])
_SUBHEADING = Style(10.5, 600)
_CELL = Style(8.5)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the table of contents lists."""

    rows: Sequence[BookRow]
    words: Mapping[str, str]


def front_pages(setter: Typesetter, front: Front, contents: Contents) -> list[Flowable]:
    """Everything before the first run."""
    words = contents.words
    sections = {
        "summary": _summary(setter, front, words),
        "plots": _plots(setter, front.plots, words),
        "compare": side_by_side(setter, front.compared, words) if front.compared else [],
    }
    there = [name for name, flowables in sections.items() if flowables]
    pages = [*_title(setter, front, words), PageBreak(), *_contents(setter, contents, there)]
    for name in there:
        pages += [PageBreak(), *sections[name]]
    return [*pages, CondPageBreak(min(_SIGN * len(setter.signs), _MOST_ROOM)), *signs(setter, words)]


def _title(setter: Typesetter, front: Front, words: Mapping[str, str]) -> list[Flowable]:
    name = setter.lines([Span(front.title, _BIG)], WIDTH, leading=1.3)
    return [
        gap(120),
        TextBlock(tag(setter, words["book"], WIDTH)),
        TextBlock(name, bookmark="title", title=front.title, node=Node("H1")),
        gap(26),
        *names_and_values(setter, front.facts, (_NAMES, WIDTH - _NAMES), TEXT, 4),
        gap(20),
        *(flowable for note in front.notes for flowable in paragraph(setter, note, above=3)),
    ]


def _contents(setter: Typesetter, contents: Contents, sections: Sequence[str]) -> Iterator[Flowable]:
    yield from heading(setter, contents.words["contents"], "contents")
    for name in sections:
        yield ContentsLine(setter.lines([Span(contents.words[name], Style(9.5, 600))], WIDTH - _NUMBER_ROOM), name)
    yield gap(8)
    if not contents.rows:
        yield from paragraph(setter, contents.words["no runs"], TEXT)
    for row in contents.rows:
        yield ContentsLine(_one_line(setter, row), row.name)


def _one_line(setter: Typesetter, row: BookRow) -> list[Line]:
    """A run on one line: as much of the beginning of its prompt as there is room for."""
    name = Span(f"{row.number}.  {row.title}  ", Style(9.5, 500))
    for most in _BEGINNINGS:
        spans = [name, Span(beginning(row.beginning, most), Style(9, colour=GREY))]
        lines = setter.lines(spans, WIDTH - _NUMBER_ROOM, direction="ltr")
        if len(lines) == 1:
            break
    return lines[:1]


class ContentsLine(Told):
    """A line of the table of contents: a link, and at the right the number of the page that it leads to."""

    def __init__(self, lines: Sequence[Line], name: str) -> None:
        super().__init__()
        self.node = Node("P")
        self._line, self._name = lines[0], name

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        """The width that there is, and one line."""
        self.width, self.height = available_width, self._line.height + 2.5
        return self.width, self.height

    def draw(self) -> None:
        """The line, dots, and the promise of a number."""
        canvas = self.canv
        block = TextBlock(each([self._line], link=self._name))
        block.wrap(self.width, self.height)
        block.drawOn(canvas, 0, 2.5)
        base = 2.5 + self._line.height * 0.26
        canvas.setStrokeColorRGB(*FAINT)
        canvas.setLineWidth(0.5)
        canvas.line(self._line.width + 6, base, self.width - 24, base)
        canvas.saveState()
        canvas.translate(self.width, base)
        canvas.promise_number(self._name)
        canvas.restoreState()


def _summary(setter: Typesetter, front: Front, words: Mapping[str, str]) -> list[Flowable]:
    if not front.tables:
        return []
    found = heading(setter, words["summary"], "summary")
    for one in front.tables:
        made, head = _table(setter, one)
        found += [CondPageBreak(head + _HEADING), *_subheading(setter, one.title), made]
        found += paragraph(setter, one.note, above=3) if one.note else []
    return found


def _subheading(setter: Typesetter, text: str) -> list[Flowable]:
    return [TextBlock(setter.lines([Span(text, _SUBHEADING)], WIDTH), above=14, node=Node("H3")), gap(4)]


def _table(setter: Typesetter, one: SummaryTable) -> tuple[Flowable, float]:
    """The table, and how high its heads and first row are, which stand on the page of its title."""
    widths = [share * WIDTH for share in one.widths]
    heads = [
        _aligned(tag(setter, head, width - _BETWEEN), place in one.numbers)
        for place, (head, width) in _pairs(one.heads, widths)
    ]
    rows: list[list[Any]] = rows_of(heads)
    style: list[Any] = [
        ("RIGHTPADDING", (0, 0), (-1, -1), _BETWEEN),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, GREY),
        ("BOTTOMPADDING", (0, 0), (-1, 0), 3),
    ]
    first = 0
    for row in one.rows:
        cells = [
            _aligned(setter.lines([Span(cell, _CELL)], width - _BETWEEN, leading=12), place in one.numbers)
            for place, (cell, width) in _pairs(row, widths)
        ]
        made = rows_of(cells)
        first = first or len(made)
        end = len(rows) + len(made) - 1
        style += [
            ("TOPPADDING", (0, len(rows)), (-1, len(rows)), 2.5),
            ("BOTTOMPADDING", (0, end), (-1, end), 2.5),
            ("LINEBELOW", (0, end), (-1, end), 0.4, FAINT),
            ("NOSPLIT", (0, len(rows)), (-1, end)),
        ]
        rows += made
    top = sum(max(cell.wrap(WIDTH, 1e6)[1] for cell in row if cell) + 6 for row in rows[: 1 + first])
    return table(rows, widths, style, heads=1), top


def _pairs(texts: Sequence[str], widths: Sequence[float]) -> Iterator[tuple[int, tuple[str, float]]]:
    return iter(enumerate(zip(texts, widths, strict=True)))


def _aligned(lines: list[Line], to_the_right: bool) -> list[Line]:
    return each(lines, to_the_right=True) if to_the_right else lines


def _plots(setter: Typesetter, plots: Sequence[Plot], words: Mapping[str, str]) -> list[Flowable]:
    if not plots:
        return []
    found = heading(setter, words["plots"], "plots")
    for plot in plots:
        notes = [flowable for note in plot.notes for flowable in paragraph(setter, note, SMALL, above=3)]
        room = plot.size[1] + 30 + sum(note.wrap(WIDTH, 1e6)[1] for note in notes)
        found += [CondPageBreak(room), *_subheading(setter, plot.title), Drawing(setter, plot), *notes, gap(10)]
    return found
