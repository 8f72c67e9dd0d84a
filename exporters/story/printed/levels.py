"""In which order a line is drawn that goes both ways: levels and their reordering by the rules of UAX 9.

Marks that set a direction by force are signs in a document and never get here; without them two directions and the
numbers between right-to-left letters are all there is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

Part = TypeVar("Part")

_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_NUMBERS = frozenset(["EN", "AN"])
_PAIRS = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "「": "」", "『": "』", "【": "】", "（": "）"}
_DEEPEST = 63
"""Brackets within brackets that the algorithm looks at."""
_STRONG = frozenset(["L", "R", *_NUMBERS])


def levels(text: str, base: str) -> list[int] | None:
    """The level of each character: odd ones go right to left; None where all of `text` goes left to right.

    >>> levels("abc", "ltr"), levels("ab אב 12", "ltr"), levels("אב (12) c", "rtl")
    (None, [0, 0, 0, 1, 1, 1, 2, 2], [1, 1, 1, 1, 2, 2, 1, 1, 2])
    """
    kinds = kinds_of(text, base)
    level = {"L": 0, "R": 1} if base == "ltr" else {"L": 2, "R": 1}
    return None if kinds is None else [level.get(kind, 2) for kind in kinds]


def kinds_of(text: str, base: str) -> list[str] | None:
    """What each character goes with: letters to the right (L), to the left (R), a number; None where all go right."""
    if not text or (base == "ltr" and not _RIGHT_TO_LEFT.search(text)):
        return None
    own = "L" if base == "ltr" else "R"
    kinds = _weak(list(_kinds(text, own)), own)
    _settle_brackets(text, kinds, own)
    _settle_others(kinds, own)
    return kinds


def in_visual_order(parts: Sequence[Part], level_of: Callable[[Part], int]) -> list[Part]:
    """The parts of a line from left to right (rule L2).

    >>> in_visual_order([(0, "a"), (1, "b"), (2, "c"), (1, "d")], lambda part: part[0])
    [(0, 'a'), (1, 'd'), (2, 'c'), (1, 'b')]
    """
    ordered = list(parts)
    for level in range(max(map(level_of, ordered), default=0), 0, -1):
        start = 0
        while start < len(ordered):
            end = start
            while end < len(ordered) and level_of(ordered[end]) >= level:
                end += 1
            ordered[start:end] = reversed(ordered[start:end])
            start = end + 1
    return ordered


def _kinds(text: str, own: str) -> Iterator[str]:
    """What each character is: marks are what they stand on (W1), numbers after Arabic letters are Arabic (W2)."""
    kind = letter = own
    for character in text:
        found = unicodedata.bidirectional(character)
        if found not in ("NSM", "BN"):
            kind = found or "ON"
        if kind in ("L", "R", "AL"):
            letter = kind
        yield "AN" if kind == "EN" and letter == "AL" else kind


def _weak(kinds: list[str], own: str) -> list[str]:
    """Letters, numbers with the signs that belong to them, and others (W3 to W7)."""
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    for place in range(1, len(kinds) - 1):
        before, kind, after = kinds[place - 1 : place + 2]
        if before == after and ((kind == "CS" and after in _NUMBERS) or (kind == "ES" and after == "EN")):
            kinds[place] = after
    stretches = [(kind, len(list(group))) for kind, group in groupby(kinds)]
    neighbours = zip(["", *(kind for kind, _ in stretches)], [*(kind for kind, _ in stretches[1:]), ""], strict=False)
    with_units = [
        kind if kind != "ET" or "EN" not in beside else "EN"
        for (kind, count), beside in zip(stretches, neighbours, strict=True)
        for _ in range(count)
    ]
    return list(_numbers_after_letters(with_units, own))


def _numbers_after_letters(kinds: Sequence[str], own: str) -> Iterator[str]:
    letter = own
    for kind in kinds:
        letter = kind if kind in ("L", "R") else letter
        if kind == "EN" and letter == "L":
            yield "L"
        else:
            yield kind if kind in _STRONG else "ON"


def _settle_brackets(text: str, kinds: list[str], own: str) -> None:
    """Brackets go with what is inside them, or else with what is before them (N0)."""
    pairs = [(first, last) for first, last in _bracket_pairs(text) if kinds[first] == kinds[last] == "ON"]
    for first, last in sorted(pairs):
        inside = {_side(kind) for kind in kinds[first + 1 : last]} - {"ON"}
        if inside:
            before = next((_side(kind) for kind in reversed(kinds[:first]) if kind != "ON"), own)
            kinds[first] = kinds[last] = own if own in inside else before


def _bracket_pairs(text: str) -> Iterator[tuple[int, int]]:
    """Places of brackets that belong together (BD16)."""
    waiting: list[tuple[str, int]] = []
    for place, character in enumerate(text):
        if character in _PAIRS:
            if len(waiting) == _DEEPEST:
                return
            waiting.append((_PAIRS[character], place))
        elif any(character == closing for closing, _ in waiting):
            while waiting:
                closing, opened = waiting.pop()
                if closing == character:
                    yield opened, place
                    break


def _settle_others(kinds: list[str], own: str) -> None:
    """Everything else goes with both its neighbours, or with the paragraph (N1, N2)."""
    place = 0
    for kind, group in groupby(list(kinds)):
        end = place + len(list(group))
        if kind == "ON":
            before = _side(kinds[place - 1]) if place else own
            after = _side(kinds[end]) if end < len(kinds) else own
            kinds[place:end] = [before if before == after else own] * (end - place)
        place = end


def _side(kind: str) -> str:
    return "R" if kind in _NUMBERS else kind
