"""What became of a configured value on its way out, in words and with marks where a text was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from exporters.story.changed_words import SAME, compare_texts
from exporters.story.letters import cut
from exporters.story.readable import readable, visible, visible_line
from otel_tracking.passed_differently import PassedDifferently, passed_differently, told_value
from otel_tracking.record import SpanRecord
from otel_tracking.values.places import ABSENT

MOST_COMPARED = 20_000
"""Characters of a text that is compared word by word; of a longer one length and hash have to do."""

_BEFORE = 60
_LONGEST_SAME = 120


@dataclass(frozen=True, slots=True)
class Changed:
    """A configured value that left as another: both as text, and where both are texts what became of which words.

    `passed` is None where nothing left. `pieces` are as those of `TextChange`, what is the same shortened.
    """

    name: str
    configured: str
    passed: str | None
    pieces: tuple[tuple[str, str], ...]


def changed_in(call: SpanRecord, words: Mapping[str, str]) -> tuple[Changed, ...]:
    """Every configured value of a call that left as another."""
    return tuple(_changed(one, words) for one in passed_differently(call))


def change_line(one: PassedDifferently, words: Mapping[str, str]) -> str:
    """A change on one line, for a list of them.

    >>> from exporters.story.words import ENGLISH
    >>> change_line(PassedDifferently("prompt", "/body/prompt", "word " * 350, "word " * 300), ENGLISH)
    'prompt (1,750 characters → 1,500 characters)'
    """
    before, after = (_briefly(value, words) for value in (one.configured, one.passed))
    return f"{visible_line(one.name)} ({before} → {after})"


def around_the_change(left: str, right: str, limit: int = 0) -> tuple[str, str]:
    """Two texts from shortly before the first place where they differ; as they are where both are within a limit.

    >>> around_the_change("a" * 100 + "bc", "a" * 100 + "d") == ("… " + "a" * 60 + "bc", "… " + "a" * 60 + "d")
    True
    """
    if max(len(left), len(right)) <= limit:
        return left, right
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
    start = max(same - _BEFORE, 0)
    start = len(cut(left, start))
    return (f"… {left[start:]}", f"… {right[start:]}") if start else (left, right)


def _changed(one: PassedDifferently, words: Mapping[str, str]) -> Changed:
    return Changed(
        visible_line(one.name),
        _told(one.configured, words),
        None if one.passed is ABSENT else _told(one.passed, words),
        _pieces(one.configured, one.passed),
    )


def _told(value: Any, words: Mapping[str, str]) -> str:
    told = told_value(value)
    if told is value:
        return readable(value)
    return f"{_characters(told['characters'], words)}, sha256 {told['sha256']}"


def _briefly(value: Any, words: Mapping[str, str]) -> str:
    if value is ABSENT:
        return words["lost"]
    told = told_value(value)
    return visible_line(readable(value)) if told is value else _characters(told["characters"], words)


def _characters(number: int, words: Mapping[str, str]) -> str:
    return words["characters"].format(count=f"{number:,}")


def _pieces(configured: Any, passed: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(configured, str) or not isinstance(passed, str):
        return ()
    if max(len(configured), len(passed)) > MOST_COMPARED:
        return ()
    found = compare_texts(visible(configured), visible(passed)).pieces
    return tuple((sign, _shortened(text) if sign == SAME else text) for sign, text in found)


def _shortened(text: str) -> str:
    """A text that is on both sides, without its middle."""
    if len(text) <= _LONGEST_SAME:
        return text
    return f"{cut(text, _BEFORE)} … {text[-_BEFORE:]}"
