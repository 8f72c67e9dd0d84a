"""Compare two texts word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

SAME, LEFT, RIGHT = "=", "-", "+"

MOST_WORDS = 3_000
"""Words of each side that are compared one by one, after what both begin and end with: difflib's time is quadratic."""

# Japanese and Chinese have no spaces: their signs are words.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class TextChange:
    """How alike two texts are (`similarity`: 1 is the same words, 0 none in common), and what became of which part.

    `pieces` are pairs of a sign and a text: `=` is on both sides, `-` on the left, `+` on the right side only. The
    left text is all pieces without those with `+`, the right one all without those with `-`.
    """

    similarity: float
    pieces: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """All fields by name."""
        return {"similarity": self.similarity, "pieces": [list(piece) for piece in self.pieces]}


class _Words:
    """A text cut into words; white space belongs to the word before it."""

    def __init__(self, text: str) -> None:
        found = list(_WORD.finditer(text))
        self.words = [match[0] for match in found]
        # What stands before the first word goes with it.
        self._starts = [0, *(match.start() for match in found[1:]), len(text)]
        self._text = text

    def cut(self, start: int, end: int | None = None) -> str:
        """The text from one word up to another, or to the end, with what is between them."""
        return self._text[self._starts[start] : self._starts[-1 if end is None else end]]


def compare_texts(left: str, right: str) -> TextChange:
    """How the right text differs from the left one.

    >>> compare_texts("Eine rote Blume", "Eine blaue Blume").pieces
    (('=', 'Eine '), ('-', 'rote '), ('+', 'blaue '), ('=', 'Blume'))
    """
    if left == right:
        return TextChange(1.0, ((SAME, left),) if left else ())
    before, after = _Words(left), _Words(right)
    matched = 0
    pieces: list[tuple[str, str]] = []
    left_at = right_at = 0
    for left_word, right_word in _matches(before.words, after.words):
        pieces += [(LEFT, before.cut(left_at, left_word)), (RIGHT, after.cut(right_at, right_word))]
        left_at, right_at = left_word + 1, right_word + 1
        pieces += _word(before.cut(left_word, left_at), after.cut(right_word, right_at))
        matched += 1
    pieces += [(LEFT, before.cut(left_at)), (RIGHT, after.cut(right_at))]
    words = len(before.words) + len(after.words)
    return TextChange(2 * matched / words if words else 0.0, tuple(_joined(pieces)))


def _word(left: str, right: str) -> list[tuple[str, str]]:
    """A word that is on both sides; the white space behind it may still differ."""
    return [(SAME, left)] if left == right else [(LEFT, left), (RIGHT, right)]


def _matches(left: list[str], right: list[str]) -> Iterator[tuple[int, int]]:
    """The positions of equal words on both sides, in order."""
    start = _common(left, right)
    end = _common(left[start:][::-1], right[start:][::-1])
    left_end, right_end = len(left) - end, len(right) - end
    yield from ((at, at) for at in range(start))
    if max(left_end, right_end) - start <= MOST_WORDS:
        matcher = SequenceMatcher(None, left[start:left_end], right[start:right_end], autojunk=False)
        for left_at, right_at, size in matcher.get_matching_blocks():
            yield from ((start + left_at + step, start + right_at + step) for step in range(size))
    yield from ((left_end + at, right_end + at) for at in range(end))


def _common(left: list[str], right: list[str]) -> int:
    """With how many equal words both begin."""
    for number, (first, second) in enumerate(zip(left, right, strict=False)):
        if first != second:
            return number
    return min(len(left), len(right))


def _joined(pieces: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pieces without empty ones, neighbours of one kind joined; what left goes before what came."""
    texts = {SAME: "", LEFT: "", RIGHT: ""}
    for sign, text in [*pieces, (SAME, "")]:
        if sign == SAME and (texts[LEFT] or texts[RIGHT]):
            yield from ((side, texts[side]) for side in (LEFT, RIGHT) if texts[side])
            texts[LEFT] = texts[RIGHT] = ""
        elif sign != SAME and text and texts[SAME]:
            yield SAME, texts[SAME]
            texts[SAME] = ""
        texts[sign] += text
    if texts[SAME]:
        yield SAME, texts[SAME]
