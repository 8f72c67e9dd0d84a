"""What became of each text on a run's way: which words are new, which have gone, and how far it is from the first.

Texts are compared in one language: with the last one before that was in it. One that is the first in its language is
compared with the text before it, for the words that came along as they were; all others are new there anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from exporters.measures.drift import measure_drift
from exporters.story.changed_words import LEFT, RIGHT, SAME, TextChange, bare, compare_texts, count_words
from otel_tracking.extras import Extra

LONGEST = 5_000
"""Signs of a text that is compared while somebody waits: a page of it, which takes a few milliseconds."""
_MOST_GONE = 300
_NEAR = ((99.9, "drift none"), (80, "drift little"), (55, "drift some"), (30, "drift far"), (0, "drift most"))
"""From which chrF on a text is said to be how near."""


class WayText(NamedTuple):
    """A text on the way: the key and the label of its box, and the code of its language, empty where nobody said."""

    key: str
    label: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class DriftMeter:
    """How far a text is from the first one in its language, from 0 (the same) to 100, and that in words."""

    value: int
    sentence: str


@dataclass(frozen=True, slots=True)
class ChangedText:
    """What changed: `pieces` are the text, as pairs of a tag (`ins` is new, `mark` came along, or none) and a text.

    `gone` are the words that are no more, where they followed each other as one.
    """

    sentence: str = ""
    pieces: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()
    drift: DriftMeter | None = None

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {**asdict(self), "pieces": [list(piece) for piece in self.pieces], "gone": list(self.gone)}


class ComparedTexts:
    """What was compared already, by the two texts. It belongs to one run, and goes with it: texts are nobody else's."""

    def __init__(self) -> None:
        self.words: dict[tuple[str, str], TextChange] = {}
        self.nearness: dict[tuple[str, str], float] = {}


def changes_along(
    texts: Iterable[WayText], words: Mapping[str, str], known: ComparedTexts | None = None
) -> dict[str, ChangedText]:
    """What changed in each text that can be compared with one before, by its key.

    Whoever asks again and again hands in the same `known`, which only this fills: two texts are compared once.
    """
    before: list[WayText] = []
    known = known or ComparedTexts()
    found: dict[str, ChangedText] = {}
    for text in texts:
        # Where nobody says that a text is in another language, it is in that of the text before.
        text = text._replace(language=text.language or (before[-1].language if before else ""))
        is_last_again = len(before) > 1 and text.text == before[-1].text
        if before and not is_last_again and (change := _changed(text, before, words, known)):
            found[text.key] = change
        before.append(text)
    return found


def _changed(
    text: WayText, before: Sequence[WayText], words: Mapping[str, str], known: ComparedTexts
) -> ChangedText | None:
    alike = [one for one in before if one.language == text.language and len(one.text) <= LONGEST]
    if len(text.text) > LONGEST:
        return None
    if not alike:
        return _came_along(before[-1], text, words, known)
    change = _compared(alike[-1].text, text.text, known)
    new, gone = (_count(change, sign) for sign in (RIGHT, LEFT))
    drift = _drift(alike[0], text, words, known)
    since = {"since": alike[-1].label}
    if not new and not gone:
        return ChangedText(words["change none"].format(**since), drift=drift)
    if not _count(change, SAME):
        return ChangedText(words["change all"].format(**since), drift=drift)
    pieces = bare((piece for piece in change.pieces if piece[0] != LEFT), RIGHT)
    sentence = words["change some"].format(**since, new=new, gone=gone)
    return ChangedText(sentence, _tagged(pieces, {RIGHT: "ins"}), _gone(change), drift)


def _came_along(last: WayText, text: WayText, words: Mapping[str, str], known: ComparedTexts) -> ChangedText | None:
    """The words of another language that were left as they were; None where there are none."""
    if len(last.text) > LONGEST:
        return None
    change = _compared(last.text, text.text, known)
    kept = _count(change, SAME)
    # What stands between words alone came along with every text.
    signs = (
        (SAME if sign == SAME and count_words(part) else RIGHT, part) for sign, part in change.pieces if sign != LEFT
    )
    pieces = _tagged(bare(signs, SAME), {SAME: "mark"})
    sentence = words["change kept"].format(since=last.label, kept=kept)
    return ChangedText(sentence, pieces) if kept else None


def _tagged(pieces: Iterable[tuple[str, str]], tags: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((tags.get(sign, "") if part.strip() else "", part) for sign, part in pieces)


def _gone(change: TextChange) -> tuple[str, ...]:
    """The parts that are no more, as many as there is room for; a sign says that there are others."""
    parts = [part.strip() for sign, part in change.pieces if sign == LEFT and not part.isspace()]
    ends = accumulate(map(len, parts))
    shown = [part for part, end in zip(parts, ends, strict=True) if end <= _MOST_GONE]
    return tuple(shown if len(shown) == len(parts) else [*shown, "…"])


def _count(change: TextChange, wanted: str) -> int:
    return count_words(*(part for sign, part in change.pieces if sign == wanted))


def _compared(left: str, right: str, known: ComparedTexts) -> TextChange:
    if (left, right) not in known.words:
        known.words[left, right] = compare_texts(left, right)
    return known.words[left, right]


def _drift(first: WayText, text: WayText, words: Mapping[str, str], known: ComparedTexts) -> DriftMeter | None:
    """Where the measures of `queries` are installed."""
    if not _can_measure():
        return None
    pair = first.text, text.text
    if pair not in known.nearness:
        known.nearness[pair] = measure_drift(*pair).chrf
    nearness = known.nearness[pair]
    far = next(word for least, word in _NEAR if nearness >= least)
    return DriftMeter(round(100 - nearness), words["drift sentence"].format(first=first.label, far=words[far]))


@lru_cache(maxsize=1)
def _can_measure() -> bool:
    return not Extra("queries").missing()
