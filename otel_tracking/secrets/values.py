"""Take secrets out of values of any kind that is kept, not of JSON's alone: tuples, sets, bytes, descriptions."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from fractions import Fraction
from typing import Any

from otel_tracking.secrets.redaction import Path, Redaction
from otel_tracking.secrets.shapes import SHORTEST
from otel_tracking.values.kinds import EnumValue, Opaque

_PLAIN = frozenset(
    {
        *(type(None), bool, int, float, complex, range),
        *(dt.datetime, dt.date, dt.time, dt.timedelta, Decimal, Fraction, uuid.UUID),
    }
)
_FIXED = frozenset({tuple, set, frozenset})
"""Containers that are made anew: their parts have no place that could be given another value."""


class _Fixed:
    """A container of fixed parts, on its way to being made anew, and the places that it stands in."""

    def __init__(self, value: Any) -> None:
        self.was = value  # alive, so that nothing else gets its id
        self.parts = list(value)
        self.places: list[tuple[Any, Any]] = []
        self.is_begun = self.is_made = False

    def stands_in(self, container: Any, key: Any) -> None:
        """It was met in a place."""
        self.places.append((container, key))
        if self.is_made:
            container[key] = self.made

    def make(self) -> None:
        """Make it, after its parts, and put it in its places. Where no part is another, it stays what it was."""
        parts = list(self.was)
        is_same = all(part is before for part, before in zip(self.parts, parts, strict=True))
        self.is_made, self.made = True, self.was if is_same else type(self.was)(self.parts)
        for container, key in self.places:
            container[key] = self.made


class _Walk:
    """A look at every part of a value once. Whatever shares or holds itself ends, and nothing recurses."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._fixed: dict[int, _Fixed] = {}
        self._seen: set[int] = set()
        self._waiting: list[tuple[Any, Path]] = []

    def look_at(self, holder: list[Any], path: Path) -> None:
        """Take the secrets out of the one value that `holder` holds."""
        self._look_into(holder, path, in_holder=True)
        while self._waiting:
            container, where = self._waiting.pop()
            if type(container) is not _Fixed:
                self._look_into(container, where)
            elif not container.is_begun:
                container.is_begun = True
                self._waiting.append((container, where))  # once more, when its parts are done
                self._look_into(container.parts, where)
            elif not container.is_made:
                container.make()

    def _look_into(self, container: Any, where: Path, *, in_holder: bool = False) -> None:
        redaction = self._redaction
        if type(container) is dict:
            _clean_keys(container, redaction, where)
            redaction.clean_names(container, where)
            _clean_described(container, redaction, where)
        elif len(container) == 2:
            _clean_pair(container, redaction, where)
        for key, entry in list(container.items() if type(container) is dict else enumerate(container)):
            kind, here = type(entry), where if in_holder else (key, where)
            if kind in _FIXED:
                self._look_at_fixed(container, key, entry, here)
            elif kind is dict or kind is list:
                if id(entry) not in self._seen:
                    self._seen.add(id(entry))
                    self._waiting.append((entry, here))
            elif kind not in _PLAIN and (cleaned := _clean_leaf(entry, redaction, here)) is not entry:
                container[key] = cleaned

    def _look_at_fixed(self, container: Any, key: Any, entry: Any, path: Path) -> None:
        known = self._fixed.get(id(entry))
        if known is None:
            known = self._fixed[id(entry)] = _Fixed(entry)
        known.stands_in(container, key)
        # What waits further down is taken now: what it stands in can only be made after it.
        if not known.is_begun:
            self._waiting.append((known, path))


def clean_values(value: Any, redaction: Redaction, path: Path) -> Any:
    """`value` without secrets. Its dicts and lists are changed in place: hand over nobody else's."""
    holder = [value]
    _Walk(redaction).look_at(holder, path)
    return holder[0]


def _clean_leaf(value: Any, redaction: Redaction, path: Path) -> Any:
    kind = type(value)
    if kind is str:
        return redaction.text(value, path) if len(value) >= SHORTEST else value
    if kind is bytes or kind is bytearray:
        return _clean_bytes(value, redaction, path)
    if kind is Opaque:
        text = redaction.text(value.description, path)
        return value if text == value.description else Opaque(value.class_name, text)
    if kind is EnumValue:
        inner = clean_values(value.value, redaction, path)
        return value if inner is value.value else EnumValue(value.class_name, value.name, inner)
    text = str(value)  # what is left are paths
    cleaned = redaction.text(text, path)
    return value if cleaned == text else kind(cleaned)


def _clean_bytes(data: Any, redaction: Redaction, path: Path) -> Any:
    # Every byte is a character of Latin-1, and secrets are ASCII.
    text = data.decode("latin-1")
    cleaned = redaction.text(text, path)
    return data if cleaned == text else type(data)(cleaned.encode("latin-1", "replace"))


def _clean_keys(container: dict[Any, Any], redaction: Redaction, path: Path) -> None:
    """Remove what stands under keys that are no texts, and the secrets in such keys."""
    for key, value in list(container.items()):
        if type(key) is bytes and type(value) in (str, bytes):
            name = key.decode("latin-1")
            if redaction.is_named_secret(name, value):
                container[key] = redaction.remove(name, value, (name, path))
        if type(key) in (bytes, tuple, frozenset):
            cleaned = clean_values(key, redaction, path)
            if cleaned != key:
                container[cleaned] = container.pop(key)


def _clean_pair(container: list[Any], redaction: Redaction, path: Path) -> None:
    """`("X-Api-Key", "…")`: the name and the value of a header."""
    name, value = container
    if type(name) is bytes and type(value) is bytes:
        name = name.decode("latin-1")
    if type(name) is str and type(value) in (str, bytes) and value and redaction.is_header(name):
        container[1] = redaction.remove(name, value, (name, path))


def _clean_described(container: dict[Any, Any], redaction: Redaction, path: Path) -> None:
    """`{"name": "X-Api-Key", "value": "…"}`: a header as archives of HTTP write it."""
    name, value = container.get("name", container.get("key")), container.get("value")
    if type(name) is str and type(value) is str and value and redaction.is_header(name):
        container["value"] = redaction.remove(name, value, (name, path))
