"""Rebuild the values of canonical text: of each tag what its writer writes, to the letter, and nothing else.

The text may come from anybody. No tag makes more of its bytes than was there (`{"$fraction":"1e12000000"}` is no
fraction that anybody wrote), none takes longer to read than its length pays for, and one that is refused stands alone.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import Any

from otel_tracking.same_hash import check_hashes
from otel_tracking.values import MOST_DIGITS, REBUILD, NotWritten, Opaque, digits, escaped, is_unicode

MOST_TAGS = 120
"""Tags within tags. The writer stops at 80 containers; what is refused is written out once for each tag around it."""

_NOT_READABLE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
_NESTED = frozenset({dict, list})


def rebuild(text: str, foreign: bool) -> Any:
    """The value of `text`; where it is `foreign`, what only looks like a tag is somebody's own object."""
    plain = _decoder().decode(text)
    # A tag begins with a dollar; where none is, however it was written, nothing needs to be looked at: half the time.
    return _Rebuilder(foreign).value(plain) if "$" in text or "\\u0024" in text else plain


@functools.cache
def _decoder() -> json.JSONDecoder:
    # Not orjson: JSON that others wrote may hold integers of any size.
    return json.JSONDecoder(parse_int=_integer, parse_float=_float)


def _integer(text: str) -> Any:
    return int(text) if len(text) <= MOST_DIGITS else _refused("int", text)


def _float(text: str) -> Any:
    number = float(text)
    return number if math.isfinite(number) else _refused("float", text)


def _refused(kind: str, text: str, reason: str = "nobody writes it so") -> Opaque:
    return Opaque(kind, f"refused, since {reason}: {text}")


class _Rebuilder:
    """Makes values of plain JSON values, from the inside to the outside."""

    def __init__(self, foreign: bool) -> None:
        self._foreign = foreign
        self._tags = 0

    def value(self, plain: Any) -> Any:
        kind = type(plain)
        if kind is list:
            return [self.value(entry) if type(entry) in _NESTED else entry for entry in plain]
        if kind is not dict:
            return plain
        if len(plain) == 1:
            [(tag, payload)] = plain.items()
            if tag in TAGS:
                return self._tagged(tag, payload)
        return {key: self.value(entry) if type(entry) in _NESTED else entry for key, entry in plain.items()}

    def _tagged(self, tag: str, payload: Any) -> Any:
        if self._tags >= MOST_TAGS:
            raise RecursionError
        self._tags += 1
        parts = self.value(payload)
        self._tags -= 1
        try:
            return TAGS[tag](parts if type(parts) is not tuple else None)  # no payload is one
        except _NOT_READABLE as trouble:
            return {tag: parts} if self._foreign else _refused(tag, _text(payload), *_reason(trouble))


def _reason(trouble: Exception) -> tuple[str, ...]:
    return (str(trouble),) if isinstance(trouble, NotWritten) and trouble.args else ()


def _text(payload: Any) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), default=lambda refused: refused.description)


def _text_of_escaped(text: Any) -> str:
    found: str = text.encode("ascii").decode("unicode_escape")
    if is_unicode(found) or escaped(found) != text:
        raise NotWritten
    return found


def _large_integer(text: Any) -> int:
    number = int(text, 16) if "x" in text else _decimal(text)
    if digits(number) != text or -(2**63) <= number < 2**64:
        raise NotWritten
    return number


def _decimal(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise NotWritten
    return int(text)


def _list(parts: Any) -> list[Any]:
    if type(parts) is not list:
        raise NotWritten
    return parts


def _keys(keys: list[Any]) -> list[Any]:
    check_hashes(keys)
    if len(set(keys)) != len(keys):
        raise NotWritten("one of its keys is there twice")
    return keys


def _dict(parts: Any) -> dict[Any, Any]:
    pairs = _list(parts)
    if not all(type(pair) is list and len(pair) == 2 for pair in pairs):
        raise NotWritten
    _keys([key for key, _ in pairs])
    return dict(pairs)


TAGS: dict[str, Callable[[Any], Any]] = {
    "$str": _text_of_escaped,
    "$int": _large_integer,
    "$float": {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.__getitem__,
    "$tuple": lambda parts: tuple(_list(parts)),
    "$set": lambda parts: set(_keys(_list(parts))),
    "$frozenset": lambda parts: frozenset(_keys(_list(parts))),
    "$dict": _dict,
    **REBUILD,
}
"""How the payload of each tag is read, once the values in it are."""
