"""The journey as rows of a table: each text once, however often it was handed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporters.formats.printed.limits import PrintLimits, room
from exporters.story.letters import cut
from exporters.story.parts import Box, Chapter
from exporters.story.printed.languages import language_of

_MOST_IN_A_COLUMN = 1_000
"""Characters: about twenty lines, and half a page where letters are as wide as they are high."""

_TOLD_ONCE, _BEGINNING = 2_000, 300


@dataclass(frozen=True, slots=True)
class Passage:
    """A text, its language where that is known, and what is said where it was cut."""

    text: str
    language: str | None = None
    cut: str = ""


@dataclass(frozen=True, slots=True)
class BoxRow:
    """One box of the journey; `given` where a hop was not given what was there before it, `figure` its number."""

    box: Box
    text: Passage | None
    given: Passage | None
    figure: int | None

    @property
    def is_wide(self) -> bool:
        """Whether its texts want the width of the page: in a column they would be pages of short lines."""
        return sum(room(passage.text) for passage in (self.text, self.given) if passage) > _MOST_IN_A_COLUMN


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading."""

    title: str
    stage: int | None
    rows: tuple[BoxRow, ...]


def sections_of(
    chapters: tuple[Chapter, ...], figures: Mapping[int | None, int], words: Mapping[str, str], limits: PrintLimits
) -> Iterator[Section]:
    """The chapters as rows; `figures` are the numbers of figures by those of boxes."""
    passages = _Passages(words, limits.text)
    for chapter in chapters:
        rows = tuple(_row(box, figures.get(box.number), passages) for box in chapter.boxes)
        yield Section(chapter.title, chapter.stage if chapter.output is None else 4, rows)


def passage_of(text: str, language: str | None, words: Mapping[str, str], limit: int) -> Passage:
    """A text as it is shown, at most so many characters of it."""
    shown = cut(text, limit)
    said = words["cut"].format(count=f"{len(text):,}") if shown != text else ""
    return Passage(shown, language_of(text, language), said)


def _row(box: Box, figure: int | None, passages: _Passages) -> BoxRow:
    # Told in the order in which they are read.
    tag = box.given_left.tag if box.given_left else box.from_language
    given = passages.passage(box.given, tag, None) if box.given else None
    return BoxRow(box, passages.passage(box.text, box.tag or None, box.number) if box.text else None, given, figure)


def tongues_of(box: Box, words: Mapping[str, str]) -> str:
    """From which language into which a text went, by their codes; or what else is to say of the language it is in."""
    way, note = box.way(str, words), box.way_note(words)
    if len(way) < 2 and not box.left:
        return ""
    return ", ".join(filter(None, (" → ".join(way), note)))


@dataclass(frozen=True, slots=True)
class _Passages:
    """Texts one after the other: a long one that was there before is told by its beginning."""

    words: Mapping[str, str]
    limit: int
    _numbers: dict[str, int] = field(default_factory=dict)

    def passage(self, text: str, language: str | None, number: int | None) -> Passage:
        """The text as a document shows it; `number` is that of the item that it is of."""
        before = self._numbers.get(text)
        if before is not None:
            told = self.words["as before"].format(number=before, count=f"{len(text):,}")
            return Passage(cut(text, _BEGINNING), language_of(text, language), told)
        if number is not None and len(text) > _TOLD_ONCE:
            self._numbers[text] = number
        return passage_of(text, language, self.words, self.limit)
