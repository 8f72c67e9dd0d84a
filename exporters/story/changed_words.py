"""What became of the words of a text: compare two texts word by word.

What a word is says Unicode (UAX #29, as `regex` has it): accents and vowel signs belong to their letter, and scripts
that are written without spaces are compared sign by sign.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

import regex

SAME, LEFT, RIGHT = "=", "-", "+"

MOST_WORDS, MOST_PAIRS = 3_000, 400_000
"""What is compared one by one of what both do not begin and end with: so many words of each side, and so many pairs of
equal words. difflib's time grows with both; this takes a tenth of a second.
"""

_BOUNDARY = regex.compile(r"\b", regex.WORD | regex.V1)


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
    before, after = _words_with_space(left), _words_with_space(right)
    matched = 0
    pieces: list[tuple[str, str]] = []
    for is_same, one, other in _blocks(*([word.strip() for word in side] for side in (before, after))):
        if is_same:
            matched += _count(before[one])
            for word, again in zip(before[one], after[other], strict=True):
                pieces += _same(word, again)
        else:
            pieces += [(LEFT, "".join(before[one])), (RIGHT, "".join(after[other]))]
    words = _count(before) + _count(after)
    return TextChange(2 * matched / words if words else 0.0, tuple(_joined(pieces)))


def count_words(*texts: str) -> int:
    """How many words there are in texts, as people count them: without what stands between words.

    >>> count_words("Don't stop, Blume!"), count_words("हिन्दी में"), count_words("草原")
    (3, 2, 2)
    """
    return sum(any(map(str.isalnum, part)) for text in texts for part in _BOUNDARY.split(text))


def bare(pieces: Iterable[tuple[str, str]], sign: str) -> Iterator[tuple[str, str]]:
    """The same pieces; white space around those of that sign is the same on both sides, and not marked.

    >>> list(bare([("=", "Eine "), ("+", "rote "), ("=", "Blume")], "+"))
    [('=', 'Eine '), ('+', 'rote'), ('=', ' '), ('=', 'Blume')]
    """
    for own, text in pieces:
        inner = text.strip() if own == sign else ""
        start, _, end = text.partition(inner) if inner else ("", "", text)
        yield from (piece for piece in ((SAME, start), (own, inner), (SAME if own == sign else own, end)) if piece[1])


def _words_with_space(text: str) -> list[str]:
    """The words and what else is no space; white space belongs to the one before, at the beginning to the first."""
    words: list[str] = []
    for part in filter(None, _BOUNDARY.split(text)):
        if words and (part.isspace() or words[-1].isspace()):
            words[-1] += part
        else:
            words.append(part)
    return words


def _same(word: str, again: str) -> Iterable[tuple[str, str]]:
    """A word that is on both sides. The white space beside it may still differ."""
    if word == again:
        return ((SAME, word),)
    if word[:1].isspace() or again[:1].isspace():
        return ((LEFT, word), (RIGHT, again))
    bare = word.rstrip()
    return ((SAME, bare), (LEFT, word[len(bare) :]), (RIGHT, again[len(bare) :]))


def _blocks(left: list[str], right: list[str]) -> Iterator[tuple[bool, slice, slice]]:
    """Stretches of both sides in order, and whether their words are the same."""
    start = _common(left, right)
    end = _common(left[start:][::-1], right[start:][::-1])
    left_end, right_end = len(left) - end, len(right) - end
    yield True, slice(start), slice(start)
    if _is_quick(left[start:left_end], right[start:right_end]):
        matcher = SequenceMatcher(None, left[start:left_end], right[start:right_end], autojunk=False)
        for tag, one, one_end, other, other_end in matcher.get_opcodes():
            yield tag == "equal", slice(start + one, start + one_end), slice(start + other, start + other_end)
    else:
        yield False, slice(start, left_end), slice(start, right_end)
    yield True, slice(left_end, None), slice(right_end, None)


def _is_quick(left: Sequence[str], right: Sequence[str]) -> bool:
    if max(len(left), len(right)) > MOST_WORDS:
        return False
    there = Counter(right)
    return sum(there[word] for word in left) <= MOST_PAIRS


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
