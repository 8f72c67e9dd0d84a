"""Names and values after the chapters: drift of the text, what was asked for, completeness, signs in frames."""

from __future__ import annotations

from collections.abc import Mapping

from reportlab.platypus import CondPageBreak, Flowable

from exporters.formats.pdf.flow import gap
from exporters.formats.pdf.lines import Line, Span, Typesetter
from exporters.formats.pdf.parts import heading, names_and_values, paragraph, rows_of, table
from exporters.formats.pdf.styles import GREY, SMALL, TEXT, WIDTH, Style
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


def drift(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The chapter of how far the text drifted; nothing where it has only one text, or nobody can tell."""
    if not story.drift:
        return []
    rows = names_and_values(setter, story.drift, (_NAMES, WIDTH - _NAMES), Style(8), 1.6)
    room = sum(row.wrap(WIDTH, 1e6)[1] for row in rows) + _HEADING
    told = paragraph(setter, story.words["drift note"], Style(8, colour=GREY), above=0)
    return [*heading(setter, story.words["drift"], "drift", room=min(room, _MOST_ROOM)), *told, gap(4), *rows]


def remarks(setter: Typesetter, story: Printed) -> list[Flowable]:
    """What researchers said of the run since; nothing where nobody said anything."""
    if not story.remarks:
        return []
    rows = names_and_values(setter, story.remarks, (_NAMES, WIDTH - _NAMES), Style(8.5), 3)
    lead = paragraph(setter, story.words["remarks lead"], SMALL)
    return [*heading(setter, story.words["remarks"], "remarks"), *lead, gap(3), *rows]


def about(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The last chapter. It is made after all others: it explains the signs that they needed."""
    return [*_known(setter, story, "about"), *signs(setter, story.words)]


def about_the_run(setter: Typesetter, story: Printed) -> list[Flowable]:
    """The same of a run among others, whose signs are explained once for all; nothing where there is nothing to say."""
    return _known(setter, story, "facts") if story.notes or story.long_facts else []


def _known(setter: Typesetter, story: Printed, title: str) -> list[Flowable]:
    found = heading(setter, story.words[title], "about")
    for note in story.notes:
        found += paragraph(setter, note, _NOTE, above=2)
    return [*found, gap(4), *names_and_values(setter, story.long_facts, (_NAMES, WIDTH - _NAMES), Style(8), 3)]


def signs(setter: Typesetter, words: Mapping[str, str]) -> list[Flowable]:
    """What the signs in frames stand for; nothing where none was needed."""
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
