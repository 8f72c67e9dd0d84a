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
from typing import Any, NamedTuple, TypeVar

from otel_tracking.errors import RecordError
from otel_tracking.values.kinds import EnumValue, Opaque, as_leaf, digits, escaped, is_unicode, simplify
from otel_tracking.values.plain_json import CONTAINERS, MAX_REPEATED, levels, text_if_plain, text_if_scalar, to_json
from otel_tracking.values.rebuild import Rebuilt, rebuild

MAX_DEPTH = 80
"""Deeper values with tags are cut there and counted: with their tags they are three times as deep."""


Result = TypeVar("Result")


class NotCanonical(RecordError, ValueError):
    """A text that no value was written as."""


class Encoded(NamedTuple):
    """Canonical text and how many values in it are only a description of what was logged."""

    text: str
    lossy_values: int


def encode(value: object) -> Encoded:
    """The canonical text of `value` with its count of lossy values.

    >>> encode({"size": (1, 2), "tag": None})
    Encoded(text='{"size":{"$tuple":[1,2]},"tag":null}', lossy_values=0)
    """
    return _on_any_stack(_encode, value)


def _on_any_stack(work: Callable[..., Result], *arguments: Any) -> Result:
    try:
        return work(*arguments)
    except RecursionError:
        from concurrent.futures import ThreadPoolExecutor  # only here: it takes 7 ms to import

        # The caller's stack is nearly full; what is kept must not depend on that.
        with ThreadPoolExecutor(1) as fresh_stack:
            return fresh_stack.submit(work, *arguments).result()


def dumps(value: object) -> str:
    """The canonical text of `value`: equal values have equal text, whatever the order of their keys."""
    return encode(value).text


def loads(text: str) -> Any:
    """The value that `text` was made from, never larger than the text, in time that its length pays for.

    A tag that holds what `dumps` never writes is kept as its text, an `Opaque`: what stands beside it is kept. Raises
    `NotCanonical` for what is no JSON at all, or too deep.

    >>> loads(dumps({1: b"x", "1": (None, -0.0)})) == {1: b"x", "1": (None, -0.0)}
    True
    >>> loads('{"seed":{"$fraction":"1e12000000"},"steps":4}')
    {'seed': Opaque('$fraction', 'refused, since nobody writes it so: "1e12000000"'), 'steps': 4}
    """
    return decode(text).value


def decode(text: str) -> Rebuilt:
    """The value that `loads` returns, with how many values in it were refused: they are lossy since this moment."""
    return _read(text, rebuild, False)


def decode_foreign(text: str) -> Rebuilt:
    """The value of JSON that anybody wrote: as `decode`, but what only looks like a tag is theirs and stays as it is.

    >>> decode_foreign('{"$set":5}')
    Rebuilt(value={'$set': 5}, lossy_values=0)
    """
    return _read(text, rebuild, True)


def _read(text: str, reader: Callable[..., Result], *how: bool) -> Result:
    try:
        return _on_any_stack(reader, text, *how)
    except RecursionError:
        raise NotCanonical(f"{len(text)} characters of JSON are nested too deeply to be read") from None
    except ValueError as trouble:
        raise NotCanonical(f"{len(text)} characters are not JSON: {trouble!s:.200}") from trouble


def settle(value: object) -> tuple[Any, int]:
    """A value that was frozen or read, as it will be after a round trip, and its count of lossy values."""
    if is_settled(value):
        return value, 0
    encoded = encode(value)
    if not encoded.lossy_values:
        return value, 0
    # Counted as they are when they have been read: of two values that can no longer be told apart one is left.
    kept = loads(encoded.text)
    return kept, encode(kept).lossy_values


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
            return value if value.isascii() or is_unicode(value) else {"$str": escaped(value)}
        if kind is bool or value is None:
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**64 else {"$int": digits(value)}
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
        # A leaf's parts stand in a JSON array, whatever Python called them; the parts themselves may need tags.
        return {tag: [self.tag(part) for part in payload] if type(payload) in (tuple, list) else self.tag(payload)}

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
        if type(key) is not str or not (key.isascii() or is_unicode(key)):
            return False
    return len(value) != 1 or not key.startswith("$")
