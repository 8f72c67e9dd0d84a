"""Any Python value as deterministic JSON text, and back to an equal value.

Plain JSON stays plain JSON. What JSON cannot say becomes an object with one key that starts with `$`:

    (1, 2)                  {"$tuple":[1,2]}
    {1: "a"}                {"$dict":[[1,"a"]]}        also for dicts that look like one of these objects
    b"\\x00"                 {"$bytes":"AA=="}
    float("nan")            {"$float":"nan"}
    2**70                   {"$int":"1180591620717411303424"}
    "\\ud800"                {"$str":"\\\\ud800"}           text that is not valid Unicode
    Colour.RED              {"$enum":["paint.Colour","RED",1]}
    object()                {"$opaque":["builtins.object","<object object at …>"]}     kept as text, counted as lossy

`docs/semantic-conventions.md` lists every tag. Keys are sorted, there is no white space, text is UTF-8.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from otel_tracking.plain_json import CONTAINERS, MAX_REPEATED, levels, text_if_plain, text_if_scalar, to_json
from otel_tracking.values import REBUILD, EnumValue, Opaque, as_leaf, simplify

MAX_DEPTH = 80
"""Deeper values with tags are cut there and counted: with their tags they are three times as deep."""


class Encoded(NamedTuple):
    """Canonical text and how many values in it are only a description of what was logged."""

    text: str
    lossy_values: int


def encode(value: object) -> Encoded:
    """The canonical text of `value` with its count of lossy values.

    >>> encode({"size": (1, 2), "tag": None})
    Encoded(text='{"size":{"$tuple":[1,2]},"tag":null}', lossy_values=0)
    """
    try:
        return _encode(value)
    except RecursionError:
        from concurrent.futures import ThreadPoolExecutor  # only here: it takes 7 ms to import

        # The caller's stack is nearly full; what is kept must not depend on that.
        with ThreadPoolExecutor(1) as fresh_stack:
            return fresh_stack.submit(_encode, value).result()


def dumps(value: object) -> str:
    """The canonical text of `value`: equal values have equal text, whatever the order of their keys."""
    return encode(value).text


def loads(text: str) -> Any:
    """The value that `text` was made from; plain JSON is read as plain JSON.

    >>> loads(dumps({1: b"x", "1": (None, -0.0)})) == {1: b"x", "1": (None, -0.0)}
    True
    """
    import json  # not orjson: JSON that others wrote may hold integers of any size

    # A tag begins with a dollar; where none is, however it was written, nothing needs to be looked at: half the time.
    has_tags = "$" in text or "\\u0024" in text
    return json.loads(text, object_hook=_untag) if has_tags else json.loads(text)


def settle(value: object) -> tuple[Any, int]:
    """A value that was frozen or read, as it will be after a round trip, and its count of lossy values."""
    if is_settled(value):
        return value, 0
    encoded = encode(value)
    return (loads(encoded.text) if encoded.lossy_values else value), encoded.lossy_values


_SIMPLE = frozenset({str, int, float, bool, type(None), bytes, *CONTAINERS})
_MAY_HOLD_MORE = frozenset({Opaque, EnumValue})


def is_settled(value: object) -> bool:
    """Whether a value surely is the same after a round trip: nothing unusual, not deep, not shared without end."""
    try:
        return all(kinds <= _SIMPLE or _are_kept(level) for level, kinds in levels(value, MAX_DEPTH))
    except ValueError:
        return False


def _are_kept(parts: list[Any]) -> bool:
    odd = [part for part in parts if type(part) not in _SIMPLE]
    return all(type(part) not in _MAY_HOLD_MORE and as_leaf(part) is not None for part in odd)


def _encode(value: object) -> Encoded:
    text = text_if_scalar(value) or text_if_plain(value)
    if text is not None:
        return Encoded(text, 0)
    tagger = _Tagger()
    return Encoded(to_json(tagger.tag(value)), tagger.lossy_values)


class _Tagger:
    """Turns a value into plain JSON values; equal parts that are plain already are passed on as they are."""

    def __init__(self) -> None:
        self.lossy_values = 0
        self._repeated = 0
        self._seen: set[int] = set()
        self._path: set[int] = set()

    def tag(self, value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return value if value.isascii() else _tag_text(value)
        if kind is bool or value is None:
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**64 else {"$int": _digits(value)}
        if kind is float:
            return value if math.isfinite(value) else {"$float": str(value)}
        container = _CONTAINERS.get(kind)
        if container:
            return self._tag_container(container, value)
        return self._tag_leaf(value)

    def _tag_container(self, container: Callable[[_Tagger, Any], Any], value: Any) -> Any:
        if id(value) in self._path:
            return self.tag(Opaque(type(value).__name__, "<the value contains itself>"))
        if len(self._path) >= MAX_DEPTH or self._is_repeated_too_often(value):
            return self.tag(Opaque(type(value).__name__, f"<cut: {len(value)} values, too deep or too many>"))
        self._path.add(id(value))
        try:
            return container(self, value)
        finally:
            self._path.discard(id(value))

    def _is_repeated_too_often(self, value: Any) -> bool:
        # What is there once is as large as memory allowed; what is shared can be larger than that.
        if id(value) not in self._seen:
            self._seen.add(id(value))
            return False
        self._repeated += len(value)
        return self._repeated > MAX_REPEATED

    def _tag_leaf(self, value: Any) -> Any:
        leaf = as_leaf(value)
        if leaf is None:
            return self.tag(simplify(value))
        tag, payload = leaf
        self.lossy_values += type(value) is Opaque
        return {tag: self._tag_payload(payload)}

    def _tag_payload(self, payload: Any) -> Any:
        # A leaf's parts stand in a JSON array, whatever Python called them; the parts themselves may need tags.
        return [self.tag(part) for part in payload] if type(payload) in (tuple, list) else self.tag(payload)

    def tag_list(self, value: list[Any]) -> Any:
        return [self.tag(entry) for entry in value]

    def tag_tuple(self, value: tuple[Any, ...]) -> Any:
        return {"$tuple": [self.tag(entry) for entry in value]}

    def tag_set(self, value: set[Any] | frozenset[Any]) -> Any:
        return {f"${type(value).__name__}": sorted(map(self.tag, value), key=to_json)}

    def tag_dict(self, value: dict[Any, Any]) -> Any:
        if _is_plain_object(value):
            return {key: self.tag(entry) for key, entry in value.items()}
        pairs = [[self.tag(key), self.tag(entry)] for key, entry in value.items()]
        return {"$dict": sorted(pairs, key=lambda pair: to_json(pair[0]))}


_CONTAINERS: dict[type, Callable[[_Tagger, Any], Any]] = {
    dict: _Tagger.tag_dict,
    list: _Tagger.tag_list,
    tuple: _Tagger.tag_tuple,
    set: _Tagger.tag_set,
    frozenset: _Tagger.tag_set,
}


def _is_plain_object(value: dict[Any, Any]) -> bool:
    for key in value:
        if type(key) is not str or not (key.isascii() or _is_unicode(key)):
            return False
    return len(value) != 1 or not key.startswith("$")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tag_text(text: str) -> Any:
    return text if _is_unicode(text) else {"$str": text.encode("unicode_escape").decode("ascii")}


def _digits(number: int) -> str:
    # Python refuses to print very long decimal numbers (sys.set_int_max_str_digits); hexadecimal has no limit.
    return str(number) if number.bit_length() < 2048 else hex(number)


_UNTAG: dict[str, Callable[[Any], Any]] = {
    "$str": lambda escaped: escaped.encode("ascii").decode("unicode_escape"),
    "$int": lambda digits: int(digits, 0),
    "$float": float,
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
    "$dict": dict,
    **REBUILD,
}


def _untag(plain: dict[str, Any]) -> Any:
    if len(plain) != 1:
        return plain
    [(key, payload)] = plain.items()
    rebuild = _UNTAG.get(key)
    if rebuild is None:
        return plain
    try:
        return rebuild(payload)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return plain  # somebody's own "$set" in an old file: theirs to keep
