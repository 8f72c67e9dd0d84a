"""Split a text where its direction changes: for programs that want to be told, like Word."""

from __future__ import annotations

import unicodedata
from itertools import groupby

_RIGHT_TO_LEFT = frozenset(["R", "AL"])


def runs(text: str, base: str) -> list[tuple[str, str]]:
    """Stretches of one direction, `ltr` or `rtl`; what has none goes with both its neighbours, or with `base`.

    >>> runs("SD 3.5 בית", "ltr"), runs("בית (2026)", "rtl")
    ([('SD 3.5 ', 'ltr'), ('בית', 'rtl')], [('בית (2026)', 'rtl')])
    """
    if text.isascii() and base == "ltr":
        return [(text, base)] if text else []
    directions = _resolved([_strong(character) for character in text], base)
    pairs = groupby(zip(text, directions, strict=True), key=lambda pair: pair[1])
    return [("".join(character for character, _ in group), direction) for direction, group in pairs]


def _strong(character: str) -> str | None:
    kind = unicodedata.bidirectional(character)
    if kind in _RIGHT_TO_LEFT:
        return "rtl"
    return "ltr" if kind == "L" else None


def _resolved(directions: list[str | None], base: str) -> list[str]:
    resolved, before, waiting = [], base, 0
    for direction in directions:
        if direction is None:
            waiting += 1
            continue
        resolved += [direction if direction == before else base] * waiting
        resolved.append(direction)
        before, waiting = direction, 0
    return [*resolved, *[base] * waiting]
