"""Take out of a text what rules find in it: names, addresses, numbers; a marker says what stood there.

A rule is anything that is called with a text and gives what it found, with a `name` and a `version`:

    TextRules([Roster(["Anna"])]).clean("Anna malt").text      '[name] malt'

Each rule sees the text as it is, and undone: what only shows once disguises are taken off has no place of its own, so
the whole text goes. A text that a rule fails at is left out: nobody has looked at it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol

from exporters.privacy.disguises import TooDisguised, undone

DISGUISED = "disguised"
"""The kind of what is found only where a text is undone."""

UNREAD = "[left out]"
"""Stands for a text that a rule failed at."""

_MOST_ROUNDS = 4
_LONGEST_REMEMBERED, _MOST_REMEMBERED = 1_000, 20_000


class Hit(NamedTuple):
    """What stands from `start` to before `end` of a text is of that kind."""

    start: int
    end: int
    kind: str


class TextRule(Protocol):
    """Says where in a text something stands that must not leave."""

    @property
    def name(self) -> str:
        """What it is called where people read under what rules something was made."""

    @property
    def version(self) -> str:
        """Which version of it."""

    def __call__(self, text: str, /) -> Iterable[Hit]:
        """What it finds, in any order; hits may overlap."""


@dataclass(frozen=True, slots=True)
class CleanText:
    """A text after the rules, how often something of each kind was found, and the rule that failed, if one did."""

    text: str
    found: Mapping[str, int] = field(default_factory=dict)
    failed: str = ""


Clean = Callable[[str], CleanText]
"""Gives a text as it is after some rules."""


class TextRules:
    """Rules that are all asked of every text."""

    def __init__(self, rules: Iterable[TextRule] = ()) -> None:
        self.rules = tuple(rules)
        # Languages, models and keys come in every item.
        self._remembered = lru_cache(_MOST_REMEMBERED)(self._clean)

    @property
    def versions(self) -> tuple[str, ...]:
        """`roster 1`, …: which rules these are."""
        return tuple(f"{rule.name} {rule.version}" for rule in self.rules)

    def clean(self, text: str) -> CleanText:
        """The text without what the rules find. Never raises."""
        return self._remembered(text) if len(text) <= _LONGEST_REMEMBERED else self._clean(text)

    def _clean(self, text: str) -> CleanText:
        try:
            return self._without_hits(text)
        except _RuleFailed as trouble:
            return CleanText(UNREAD, failed=trouble.rule)

    def _without_hits(self, text: str) -> CleanText:
        counts: Counter[str] = Counter()
        for _ in range(_MOST_ROUNDS):
            hits = _merged(self._find(text))
            if not hits:
                break
            counts.update(hit.kind for hit in hits)
            text = _with_markers(text, hits)
        if hits or self._is_disguised(text):
            return CleanText(marker(DISGUISED), {DISGUISED: 1})
        return CleanText(text, counts)

    def _is_disguised(self, text: str) -> bool:
        try:
            return any(next(self._find(form), None) for form in undone(text))
        except TooDisguised:
            return True

    def _find(self, text: str) -> Iterator[Hit]:
        for rule in self.rules:
            try:
                found = [Hit(*hit) for hit in rule(text)]
                is_in_it = all(0 <= start < end <= len(text) for start, end, _ in found)
            # A rule may be anybody's; what it could not look at stays here.
            except Exception as trouble:
                raise _RuleFailed(rule) from trouble
            if not is_in_it:
                raise _RuleFailed(rule)
            yield from found


def in_turn(first: TextRules, then: TextRules) -> Clean:
    """Cleans with the first rules and what is left with the others; each remembers its own texts."""
    if not then.rules:
        return first.clean

    def clean(text: str) -> CleanText:
        before = first.clean(text)
        after = then.clean(before.text)
        return CleanText(after.text, Counter(before.found) + Counter(after.found), before.failed or after.failed)

    return clean


class _RuleFailed(Exception):
    def __init__(self, rule: TextRule) -> None:
        self.rule = str(getattr(rule, "name", type(rule).__name__))


def marker(kind: str) -> str:
    """What stands in the place of something of that kind.

    >>> marker("name")
    '[name]'
    """
    return f"[{kind}]"


def _merged(hits: Iterable[Hit]) -> Sequence[Hit]:
    """The hits in order; what overlaps is one, of the longer one's kind."""
    merged: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if merged and hit.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, hit.end))
        else:
            merged.append(hit)
    return merged


def _with_markers(text: str, hits: Sequence[Hit]) -> str:
    parts, end = [], 0
    for hit in hits:
        parts += [text[end : hit.start], marker(hit.kind)]
        end = hit.end
    return "".join([*parts, text[end:]])
