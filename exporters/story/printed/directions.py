"""Split a text where its direction changes: for programs that want to be told, like Word.

The rules are those of the Unicode bidirectional algorithm (UAX 9) as far as they decide between two directions: numbers
go with the letters before them (W7), brackets with what is inside them (N0), other signs with both their neighbours
(N1) or else with the paragraph (N2).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

_STRONG = {"L": "ltr", "R": "rtl", "AL": "rtl"}
_NUMBERS = frozenset(["EN", "AN"])
_PAIRS = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "「": "」", "『": "』", "【": "】", "（": "）"}

_DEEPEST = 63
"""Brackets within brackets that the algorithm looks at."""


def runs(text: str, base: str) -> list[tuple[str, str]]:
    """Stretches of one direction, `ltr` or `rtl`, in a paragraph of direction `base`.

    >>> runs("SD 3.5 בית", "ltr"), runs("בית (SD [3.5]) עץ", "rtl")
    ([('SD 3.5 ', 'ltr'), ('בית', 'rtl')], [('בית (', 'rtl'), ('SD [3.5]', 'ltr'), (') עץ', 'rtl')])
    """
    if not text:
        return []
    if base == "ltr" and not any(unicodedata.bidirectional(character) in ("R", "AL") for character in set(text)):
        return [(text, base)]
    directions = _settle(_with_brackets(text, list(_letters_and_numbers(text, base)), base), base)
    pairs = groupby(zip(text, directions, strict=True), key=lambda pair: pair[1])
    return [("".join(character for character, _ in group), direction) for direction, group in pairs]


def _letters_and_numbers(text: str, base: str) -> Iterator[str | None]:
    before = base
    for character in text:
        kind = unicodedata.bidirectional(character)
        before = _STRONG.get(kind, before)
        yield before if kind in _STRONG or kind in _NUMBERS else None


def _with_brackets(text: str, directions: list[str | None], base: str) -> list[str | None]:
    for opened, closed in sorted(bracket_pairs(text)):
        inside = set(directions[opened + 1 : closed]) - {None}
        if inside:
            before = next((directions[place] for place in range(opened - 1, -1, -1) if directions[place]), base)
            directions[opened] = directions[closed] = base if base in inside else before
    return directions


def bracket_pairs(text: str) -> Iterator[tuple[int, int]]:
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


def _settle(directions: Iterable[str | None], base: str) -> list[str]:
    groups = [(direction, len(list(group))) for direction, group in groupby(directions)]
    settled: list[str] = []
    for (direction, count), (after, _) in zip(groups, [*groups[1:], (base, 0)], strict=True):
        before = settled[-1] if settled else base
        settled += [direction or (before if before == after else base)] * count
    return settled
