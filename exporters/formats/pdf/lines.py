"""Texts as lines of a width: pieces with their places, broken where the words allow it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby
from typing import NamedTuple

from exporters.formats.pdf.breaking import SIGN, letters, parts
from exporters.formats.pdf.shaping import PER_EM, Piece, shape, typeface
from exporters.formats.pdf.styles import TEXT, Colour, Style
from exporters.formats.pdf.typefaces import Typefaces
from exporters.story.printed.languages import language_of
from exporters.story.printed.levels import in_visual_order, levels
from exporters.story.printed.signs import Sign, pieces
from exporters.story.readable import direction_of

SIGN_SIZE = 0.66
SIGN_ROOM = 0.45
"""A sign's letters and the frame around them, in sizes of the text beside it."""

_TRIED_AT_ONCE = 400
_JOINTS = "._"
"""Where names of settings and files are put together."""


@dataclass(frozen=True, slots=True)
class Span:
    """A text in one style; its language where that is known."""

    text: str
    style: Style = TEXT
    language: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A piece of text on a line, or a sign in a frame, in its style."""

    piece: Piece
    style: Style
    is_sign: bool = False

    @property
    def goes_left(self) -> bool:
        """Whether its letters are read from right to left."""
        return self.piece.level % 2 == 1 and not self.is_sign

    @property
    def width(self) -> float:
        """In points."""
        if self.is_sign:
            return (self.piece.width / PER_EM * SIGN_SIZE + SIGN_ROOM) * self.style.size
        return self.piece.width / PER_EM * self.style.size


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line: pieces in the order of reading, how far from its beginning each stands, and what is around them."""

    placed: tuple[Placed, ...]
    lefts: tuple[float, ...]
    height: float
    language: str = ""
    above: float = 0
    to_the_right: bool = False
    indent: float = 0
    bar: Colour | None = None
    link: str = ""

    @property
    def width(self) -> float:
        """Of its letters, in points."""
        return sum(placed.width for placed in self.placed)


@dataclass
class Typesetter:
    """Makes the lines of one document, knows its words, and counts the signs that it needs."""

    typefaces: Typefaces
    language: str
    signs: Counter[str] = field(default_factory=Counter)
    _known: dict[Word, Measured] = field(default_factory=dict)

    def lines(
        self, spans: Sequence[Span], width: float, *, leading: float = 1.42, direction: str | None = None
    ) -> list[Line]:
        """The spans as one paragraph; it goes in `direction`, or as its first letter with one says.

        `leading` is the height of a line in sizes of its largest letters, or in points where it is more than four.
        """
        base = direction or direction_of("".join(span.text for span in spans))
        height = leading if leading > 4 else leading * max((span.style.size for span in spans), default=TEXT.size)
        words = _hard_lines(self._words(spans, base))
        broken = (line for together in words for line in _broken(together, width, self))
        language = _language_of(spans[0]) if spans else None
        told = language if language and language != self.language else ""
        return [
            Line(tuple(line), tuple(_lefts(line)), height, language=told, to_the_right=base == "rtl") for line in broken
        ]

    def sign(self, label: str, level: int, style: Style) -> Placed:
        """A sign in a frame."""
        piece = shape(label, typeface(self.typefaces.text, 400), 0, None)
        return Placed(replace(piece, level=level), style, is_sign=True)

    def placed(self, word: Word) -> Measured:
        """A word in pieces of one font and one direction, and how wide they are together."""
        if word not in self._known:
            pieces = tuple(self._placed(word))
            self._known[word] = Measured(pieces, sum(one.width for one in pieces))
        return self._known[word]

    def _placed(self, word: Word) -> Iterator[Placed]:
        text, word_levels, style = word.text, word.levels, word.span.style
        if word.label:
            yield self.sign(word.label, word_levels[0] if word_levels else 0, style)
            text, word_levels = text[1:], word_levels and word_levels[1:]
        language = word.span.language or self.language
        for stretch, level in _by_level(text, word_levels):
            for part, font in self.typefaces.stretches(stretch, language):
                yield Placed(shape(part, typeface(font, style.weight), level, language), style)

    def _words(self, spans: Iterable[Span], base: str) -> Iterator[Word]:
        for span in spans:
            found = pieces(span.text.replace("\t", "    "), self.typefaces.missing)
            labels = [piece.label for piece in found if isinstance(piece, Sign)]
            self.signs.update(labels)
            text = "".join(SIGN if isinstance(piece, Sign) else piece for piece in found)
            # What is the same for all words is no part of them: they are looked up by what they say.
            known = Span("", span.style, _language_of(span))
            yield from _words_of(text, iter(labels), known, base)


class Word(NamedTuple):
    """What a line holds whole: letters with their levels, a sign and what follows it, a space; or the end of a line."""

    text: str
    span: Span
    levels: tuple[int, ...] | None = None
    label: str = ""
    is_space: bool = False
    ends_line: bool = False

    def cut(self, start: int, end: int) -> Word:
        """A part of it."""
        own = self.levels[start:end] if self.levels else None
        return Word(self.text[start:end], self.span, own, self.label if start == 0 else "")


class Measured(NamedTuple):
    """Pieces side by side, and their width in points."""

    pieces: tuple[Placed, ...]
    width: float


def _language_of(span: Span) -> str | None:
    return language_of(span.text, span.language)


def _lefts(line: Sequence[Placed]) -> list[float]:
    """How far from the left end of their line the pieces stand."""
    lefts, left = [0.0] * len(line), 0.0
    for place in in_visual_order(range(len(line)), lambda place: line[place].piece.level):
        lefts[place] = left
        left += line[place].width
    return lefts


def _words_of(text: str, labels: Iterator[str], span: Span, base: str) -> Iterator[Word]:
    own = direction_of(text)
    for number, line in enumerate(text.split("\n")):
        if number:
            yield Word("", span, ends_line=True)
        found = _levels_within(line, own, base)
        place = 0
        for part, is_space in parts(line):
            end = place + len(part)
            own_levels = tuple(found[place:end]) if found else None
            yield Word(part, span, own_levels, next(labels) if part[0] == SIGN else "", is_space)
            place = end


def _levels_within(line: str, own: str, base: str) -> list[int] | None:
    """Levels of a text; one that goes the other way than its paragraph keeps to itself."""
    found = levels(line, own)
    if own == "ltr" and base == "rtl":
        return [level + 2 for level in found or [0] * len(line)]
    return found


def _hard_lines(words: Iterable[Word]) -> Iterator[list[Word]]:
    line: list[Word] = []
    for word in words:
        if word.ends_line:
            yield line
            line = []
        else:
            line.append(word)
    yield line


def _broken(words: Iterable[Word], width: float, setter: Typesetter) -> Iterator[list[Placed]]:
    """The words in lines that are no wider than that; spaces at an end that was made so are left out."""
    line: list[Placed] = []
    spaces: list[Placed] = []
    used = spaced = 0.0
    is_first = True
    for word in words:
        placed, takes = setter.placed(word)
        if word.is_space:
            # Spaces at the beginning are the author's, but not those where a line was broken.
            if used or is_first:
                spaces += placed
                spaced += takes
            continue
        if used and used + spaced + takes > width:
            yield line
            line, spaces, used, spaced, is_first = [], [], 0.0, 0.0, False
        if takes > width:
            *whole, (placed, takes) = _torn(word, width, setter)
            for part in whole:
                yield [*line, *spaces, *part.pieces]
                line, spaces, used, spaced, is_first = [], [], 0.0, 0.0, False
        line += spaces
        line += placed
        used, spaces, spaced = used + spaced + takes, [], 0.0
    yield line


def _torn(word: Word, width: float, setter: Typesetter) -> list[Measured]:
    """A word that is wider than a line, in parts that are not, unless they are single letters."""
    found, place = [], 0
    edges = [0, *accumulate(map(len, letters(word.text)))]
    while place < len(edges) - 1:
        start, last = edges[place], min(place + _TRIED_AT_ONCE, len(edges) - 1)
        longer = range(place + 1, last + 1)
        fitting = bisect_right(longer, width, key=lambda end: setter.placed(word.cut(start, edges[end])).width) or 1
        place = last if place + fitting == last else _joint(word.text, edges, place, fitting)
        found.append(setter.placed(word.cut(start, edges[place])))
    return found


def _joint(text: str, edges: Sequence[int], place: int, fitting: int) -> int:
    """Where to tear: after the last joint in the second half of what fits, or else after all of it."""
    ends = range(place + fitting, place + fitting // 2, -1)
    return next((end for end in ends if text[edges[end] - 1] in _JOINTS), place + fitting)


def _by_level(text: str, word_levels: tuple[int, ...] | None) -> Iterator[tuple[str, int]]:
    """A word in stretches of one level."""
    if not word_levels:
        return iter([(text, 0)] if text else [])
    pairs = groupby(zip(text, word_levels, strict=True), key=lambda pair: pair[1])
    return (("".join(character for character, _ in group), level) for level, group in pairs)
