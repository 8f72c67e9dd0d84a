"""Compare two texts word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

SAME, LEFT, RIGHT = "=", "-", "+"

MOST_WORDS = 3_000
"""Words of each side that are compared one by one, after what both begin and end with: difflib's time is quadratic."""

# Japanese and Chinese have no spaces: their signs are words. White space belongs to the word before it, and at the
# beginning to the first one.
_WORD = re.compile(r"(?:\A\s+)?(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+|[^\w\s])\s*|\A\s+\Z")


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


def compare_texts(left: str, right: str) -> TextChange:
    """How the right text differs from the left one.

    >>> compare_texts("Eine rote Blume", "Eine blaue Blume").pieces
    (('=', 'Eine '), ('-', 'rote '), ('+', 'blaue '), ('=', 'Blume'))
    """
    if left == right:
        return TextChange(1.0, ((SAME, left),) if left else ())
    before, after = _WORD.findall(left), _WORD.findall(right)
    matched = 0
    pieces: list[tuple[str, str]] = []
    for is_same, one, other in _blocks(*([word.strip() for word in side] for side in (before, after))):
        if is_same:
            matched += _count(before[one])
            # The white space beside a word that is on both sides may still differ.
            for word, again in zip(before[one], after[other], strict=True):
                pieces += [(SAME, word)] if word == again else [(LEFT, word), (RIGHT, again)]
        else:
            pieces += [(LEFT, "".join(before[one])), (RIGHT, "".join(after[other]))]
    words = _count(before) + _count(after)
    return TextChange(2 * matched / words if words else 0.0, tuple(_joined(pieces)))


def _blocks(left: list[str], right: list[str]) -> Iterator[tuple[bool, slice, slice]]:
    """Stretches of both sides in order, and whether their words are the same."""
    start = _common(left, right)
    end = _common(left[start:][::-1], right[start:][::-1])
    left_end, right_end = len(left) - end, len(right) - end
    yield True, slice(start), slice(start)
    if max(left_end, right_end) - start <= MOST_WORDS:
        matcher = SequenceMatcher(None, left[start:left_end], right[start:right_end], autojunk=False)
        for tag, one, one_end, other, other_end in matcher.get_opcodes():
            yield tag == "equal", slice(start + one, start + one_end), slice(start + other, start + other_end)
    else:
        yield False, slice(start, left_end), slice(start, right_end)
    yield True, slice(left_end, None), slice(right_end, None)


def _common(left: list[str], right: list[str]) -> int:
    """With how many equal words both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _count(words: list[str]) -> int:
    return sum(not word.isspace() for word in words)


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
