"""The end of a document: what was asked for, is the record complete, and what do the signs in frames stand for?"""

from __future__ import annotations

from collections.abc import Mapping

from reportlab.platypus import CondPageBreak, Flowable

from exporters.formats.pdf.flow import gap
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.parts import heading, names_and_values, paragraph, rows_of, table
from exporters.formats.pdf.styles import SMALL, TEXT, WIDTH, Style
from exporters.formats.printed.layout import Printed
from exporters.story.printed.signs import meaning_of

_NAMES = 96.0
_SETTINGS = 180.0
_HEADING, _MOST_ROOM = 60.0, 220.0
_SIGNS, _COUNTS = 56.0, 70.0
_MOST_SIGNS = 60
_NOTE = TEXT.but(size=8.5)


def settings(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The chapter of what the run was asked to do; nothing where that is said on the first page."""
    if not story.settings:
        return []
    rows = names_and_values(setter, story.settings, (_SETTINGS, WIDTH - _SETTINGS), Style(8), 1.6)
    notes = [flowable for note in story.settings_notes for flowable in paragraph(setter, note, above=4)]
    room = sum(row.wrap(WIDTH, 1e6)[1] for row in rows) + _HEADING
    return [*heading(setter, story.words["settings"], "settings", room=min(room, _MOST_ROOM)), *rows, *notes]


def about(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The last chapter. It is made after all others: it explains the signs that they needed."""
    found = heading(setter, story.words["about"], "about")
    for note in story.notes:
        found += paragraph(setter, note, _NOTE, above=2)
    found += [gap(4), *names_and_values(setter, story.long_facts, (_NAMES, WIDTH - _NAMES), Style(8), 3)]
    return found + _signs(setter, story.words)


def _signs(setter: Typesetter, words: Mapping[str, str]) -> list[Flowable]:
    if not setter.signs:
        return []
    rows = []
    for label, count in setter.signs.most_common(_MOST_SIGNS):
        counted = words["once"] if count == 1 else words["times"].format(count=f"{count:,}")
        cells = [
            [Line((setter.sign(label, 0, TEXT),), (0.0,), 8 * 1.42)],
            setter.lines([Span(meaning_of(label, words), Style(8))], WIDTH - _SIGNS - _COUNTS),
            setter.lines([Span(counted, SMALL)], _COUNTS),
        ]
        rows += rows_of(cells)
    made = table(rows, [_SIGNS, WIDTH - _SIGNS - _COUNTS, _COUNTS], [("TOPPADDING", (0, 0), (-1, -1), 2)])
    return [CondPageBreak(50), *paragraph(setter, words["signs"], _NOTE, above=7), gap(2), made]
