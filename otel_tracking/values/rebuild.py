"""Rebuild the values of canonical text: of each tag what its writer writes, to the letter, and nothing else.

The text may come from anybody. No tag makes more of its bytes than was there (`{"$fraction":"1e12000000"}` is no
fraction that anybody wrote), none takes longer to read than its length pays for, and one that is refused stands alone.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from otel_tracking.values.kinds import MOST_DIGITS, REBUILD, NotWritten, Opaque, digits, escaped, is_unicode
from otel_tracking.values.same_hash import check_hashes

MOST_TAGS = 120
"""Tags within tags. The writer stops at 80 containers; what is refused is written out once for each tag around it."""

_NOT_READABLE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
_NESTED = frozenset({dict, list})


class Rebuilt(NamedTuple):
    """A value, and how many values in it were refused and are kept as their text."""

    value: Any
    lossy_values: int


def read_plain(text: str) -> Any:
    """The value of a text as we write it of which JSON says all as it is. Raises `NotWritten` for any other text.

    >>> read_plain('{"steps":4}')
    {'steps': 4}
    """
    if _has_no_tags(text):
        return _as_written(text)
    raise NotWritten


def read_all_plain(texts: Sequence[str]) -> list[Any]:
    """The values of several texts, each as `read_plain` reads it. Raises `NotWritten` where one of them is any other.

    >>> read_all_plain(['{"steps":4}', '"a meadow"'])
    [{'steps': 4}, 'a meadow']
    """
    if all(map(_has_no_tags, texts)):
        reads, writes = _orjson()
        try:
            values = list(map(reads, texts))
            # Each text is one value, and no value is the beginning of another one up to a comma: equal in a row are
            # only those that are equal one by one.
            if writes([[[[values]]]]) == b"[[[[[%b]]]]]" % ",".join(texts).encode():
                return values
        except (ValueError, TypeError):  # as below
            pass
    raise NotWritten


def rebuild(text: str, foreign: bool) -> Rebuilt:
    """The value of `text`; where it is `foreign`, what only looks like a tag is somebody's own object."""
    rebuilder = _Rebuilder(foreign)
    if not foreign:
        try:
            plain = _as_written(text)
            return Rebuilt(plain, 0) if _has_no_tags(text) else _without_tags(plain, rebuilder)
        except NotWritten:
            pass
    return _of_any_json(text, rebuilder)


def _has_no_tags(text: str) -> bool:
    """Whether there is none in a text as orjson writes it, where an object whose key begins with a dollar begins so."""
    return "$" not in text or '{"$' not in text


def _of_any_json(text: str, rebuilder: _Rebuilder) -> Rebuilt:
    try:
        plain = _decoder().decode(text)
    except NotWritten:
        plain = json.JSONDecoder(parse_int=rebuilder.integer, parse_float=rebuilder.float).decode(text)
    # A tag begins with a dollar; where none is, however it was written, nothing needs to be looked at: half the time.
    has_tags = "$" in text or "\\u0024" in text
    return _without_tags(plain, rebuilder) if has_tags else Rebuilt(plain, rebuilder.refused)


def _without_tags(plain: Any, rebuilder: _Rebuilder) -> Rebuilt:
    return Rebuilt(rebuilder.value(plain), rebuilder.refused)


def _as_written(text: str) -> Any:
    """The plain value of a text as orjson writes it, in two fifths of the time; raises `NotWritten` for any other.

    What orjson takes for something else (integers beyond 64 bits, numbers beyond all floats, keys that come twice, -0)
    it also writes otherwise: a value that becomes the same text again is the one that the text says.
    """
    reads, writes = _orjson()
    try:
        plain = reads(text)
        # Within five lists, so that it takes no deeper values than `plain_json` does.
        if writes([[[[[plain]]]]]) == b"[[[[[%b]]]]]" % text.encode():
            return plain
    except (ValueError, TypeError):  # no JSON, too deep, or halves of characters: Python's reader says which
        pass
    raise NotWritten


@functools.cache
def _orjson() -> tuple[Callable[[str], Any], Callable[[Any], bytes]]:
    import orjson  # only here: who logs and never reads has no need of it

    return orjson.loads, orjson.dumps


@functools.cache
def _decoder() -> json.JSONDecoder:
    # JSON that others wrote may hold integers of any size, and nearly always has white space.
    return json.JSONDecoder(parse_int=_integer, parse_float=_float)


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise NotWritten
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotWritten
    return number


class _Rebuilder:
    """Makes values of plain JSON values, from the inside to the outside."""

    def __init__(self, foreign: bool) -> None:
        self.refused = 0
        self._foreign = foreign
        self._tags = 0

    def integer(self, text: str) -> Any:
        """An integer; one that is too long to be read in the time it pays for as its text."""
        return _integer(text) if len(text) <= MOST_DIGITS else self._refuse("int", text)

    def float(self, text: str) -> Any:
        """A number; one that is too large for Python, which would take it for infinity, as its text."""
        return self._refuse("float", text) if math.isinf(number := float(text)) else number

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
        refused = self.refused
        self._tags += 1
        parts = self.value(payload)
        self._tags -= 1
        try:
            return TAGS[tag](parts if type(parts) is not tuple else None)  # no payload is one
        except _NOT_READABLE as trouble:
            if self._foreign:
                return {tag: parts}
            self.refused = refused  # those within it are part of its text
            reason = trouble.args if isinstance(trouble, NotWritten) else ()
            text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), default=lambda part: part.description)
            return self._refuse(tag, text, *reason)

    def _refuse(self, kind: str, text: str, reason: str = "nobody writes it so") -> Opaque:
        self.refused += 1
        return Opaque(kind, f"refused, since {reason}: {text}")


_ESCAPED = re.compile(r"(?:[^\\]|\\(?:[\\tnr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*")
"""What `escaped` writes: of other escapes Python warns, before it is known that nobody wrote them."""


def _text_of_escaped(text: Any) -> str:
    if not _ESCAPED.fullmatch(text):
        raise NotWritten
    found: str = text.encode("ascii").decode("unicode_escape")
    if is_unicode(found) or escaped(found) != text:
        raise NotWritten
    return found


def _large_integer(text: Any) -> int:
    number = int(text, 16) if "x" in text else _integer(text)
    if digits(number) != text or -(2**63) <= number < 2**64:
        raise NotWritten
    return number


def _not_finite(text: Any) -> float:
    # Each NaN is one of its own: a dict may have several as keys.
    return float("nan") if text == "nan" else {"inf": math.inf, "-inf": -math.inf}[text]


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
    "$float": _not_finite,
    "$tuple": lambda parts: tuple(_list(parts)),
    "$set": lambda parts: set(_keys(_list(parts))),
    "$frozenset": lambda parts: frozenset(_keys(_list(parts))),
    "$dict": _dict,
    **REBUILD,
}
"""How the payload of each tag is read, once the values in it are."""
