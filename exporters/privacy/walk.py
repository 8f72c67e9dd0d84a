"""Look at every part of a value: numbers stay, texts and unknown keys go through the rules, what nobody knows is out.

What was found and what was left out is counted in `Notes`, by place and never by content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from exporters.privacy.known_names import FINGERPRINTS, HEADERS, KEYS, OWN_WORDS
from exporters.privacy.text_rules import Clean, marker
from otel_tracking.values.kinds import simplify

BLOCKED = "blocked"
"""The kind of a text that a check said no to."""

NOT_LISTED = "not on the profile's list"
NOT_KNOWN = "of a kind that no rule knows"
TOO_DEEP = "too deep, or within itself"
FINGERPRINT = "a fingerprint of what was there"

_DEEPEST = 100
_NUMBERS = frozenset({int, float, bool, type(None), Decimal, Fraction, complex})
_GONE = object()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What did not leave: its place in the record, and how many parts of it for which reason."""

    place: str
    why: str


@dataclass(slots=True)
class Notes:
    """What was taken out of one record, and what was left out of it."""

    redactions: Counter[str] = field(default_factory=Counter)
    _left_out: Counter[tuple[str, str]] = field(default_factory=Counter)

    def leave_out(self, place: str, why: str, count: int = 1) -> None:
        """Put down that something at a place did not leave."""
        self._left_out[place, why] += count

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Everything that was left out, in the order of the record."""
        return tuple(
            LeftOut(place, f"{count} {'field' if count == 1 else 'fields'}: {why}")
            for (place, why), count in self._left_out.items()
        )


class Walk:
    """Looks at the values of one record. A text for which `is_blocked` is true is a marker afterwards."""

    def __init__(self, clean: Clean, is_blocked: Callable[[str], bool], notes: Notes) -> None:
        self._clean, self._is_blocked, self._notes = clean, is_blocked, notes
        self._open: set[int] = set()
        self._seen: dict[int, tuple[Any, Any]] = {}

    def value(self, value: Any, place: str) -> Any:
        """The value without what must not leave; None where nothing of it may."""
        self._open, self._seen = set(), {}
        try:
            made = self._part(value, place)
        except RecursionError:
            made = self._leave_out(place, TOO_DEEP)
        return None if made is _GONE else made

    def text(self, text: str, place: str) -> str:
        """A text after the rules."""
        if self._is_blocked(text):
            self._notes.redactions[BLOCKED] += 1
            return marker(BLOCKED)
        clean = self._clean(text)
        self._notes.redactions.update(clean.found)
        if clean.failed:
            self._notes.leave_out(place, f"the rule {clean.failed!r} failed")
        return clean.text

    def word(self, value: Any, place: str) -> Any:
        """A value of a field that has words of ours or numbers: a text that is none of them is anybody's."""
        is_ours = isinstance(value, str) and value in OWN_WORDS
        return value if is_ours and not self._is_blocked(value) else self.value(value, place)

    def key(self, key: str, place: str) -> str:
        """The name of something: a known one stays."""
        return key if key in KEYS else self.text(key, place)

    def _part(self, value: Any, place: str) -> Any:
        kind = type(value)
        if kind is str:
            return value if value in OWN_WORDS and not self._is_blocked(value) else self.text(value, place)
        if kind in _NUMBERS:
            return value
        if kind in _CONTAINERS:
            return self._container(value, place)
        plain = simplify(value)
        if type(plain) is not kind and (type(plain) is str or type(plain) in _NUMBERS or type(plain) in _CONTAINERS):
            return self._part(plain, place)
        return self._leave_out(place, NOT_KNOWN)

    def _container(self, value: Any, place: str) -> Any:
        if id(value) in self._seen:
            return self._seen[id(value)][1]
        if id(value) in self._open or len(self._open) >= _DEEPEST:
            return self._leave_out(place, TOO_DEEP)
        self._open.add(id(value))
        made = _CONTAINERS[type(value)](self, value, place)
        self._open.discard(id(value))
        # With what it was made of, so that nothing else gets its id meanwhile.
        self._seen[id(value)] = value, made
        return made

    def mapping(self, value: Mapping[Any, Any], place: str) -> dict[Any, Any]:
        """A dict: unknown keys through the rules, without fingerprints."""
        made: dict[Any, Any] = {}
        for key, part in value.items():
            if type(key) is str and key.casefold() in FINGERPRINTS:
                self._notes.leave_out(place, FINGERPRINT)
            elif type(key) is str and key.casefold() == "headers" and isinstance(part, Mapping):
                made[key] = self._headers(part, f"{place}.headers")
            elif type(key) is str or type(key) in _NUMBERS:
                if (kept := self._part(part, place)) is not _GONE:
                    made[_unused(self.key(key, place) if type(key) is str else key, made)] = kept
            else:
                self._notes.leave_out(place, NOT_KNOWN)
        return made

    def _headers(self, headers: Mapping[Any, Any], place: str) -> dict[Any, Any]:
        known = {name: value for name, value in headers.items() if type(name) is str and name.casefold() in HEADERS}
        if len(known) < len(headers):
            self._notes.leave_out(place, NOT_LISTED, len(headers) - len(known))
        cleaned = {name: self._part(value, place) for name, value in known.items()}
        return {name: value for name, value in cleaned.items() if value is not _GONE}

    def sequence(self, value: Any, place: str) -> Any:
        """A list, tuple or set of what may leave."""
        parts = [made for part in value if (made := self._part(part, place)) is not _GONE]
        try:
            return type(value)(parts)
        except TypeError:  # Some libraries' lists may be in a set; as plain lists they may not.
            return self._leave_out(place, NOT_KNOWN)

    def _leave_out(self, place: str, why: str) -> object:
        self._notes.leave_out(place, why)
        return _GONE


_CONTAINERS: Mapping[type, Callable[[Walk, Any, str], Any]] = {
    dict: Walk.mapping,
    **dict.fromkeys((list, tuple, set, frozenset), Walk.sequence),
}


def _unused(key: Any, taken: Mapping[Any, Any]) -> Any:
    """A key that is not there yet: two names may be one marker."""
    if key not in taken:
        return key
    return next(tried for number in range(2, len(taken) + 3) if (tried := f"{key} {number}") not in taken)
