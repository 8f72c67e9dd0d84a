"""Write the values of one record as canonical JSON, their large parts cut out."""

from __future__ import annotations

import marshal
import math
from collections.abc import Callable, Mapping, MutableMapping
from json.encoder import encode_basestring
from typing import Any

import orjson

from exporters.storage.tables.blobs import LIMIT, cut, shorten
from otel_tracking import canonical
from otel_tracking.values.plain_json import text_if_sayable

_LEVELS = 6
_MANY_PARTS = 64
_INT64 = range(-(2**63), 2**63)
_TEXT = frozenset({str})
_CONTAINERS = frozenset({dict, list})


class Texts:
    """The texts of one record. What is around a graph stays in place, so that SQL can still ask for the seed beside it.

    `blobs` are the large parts (text by sha256). Of values that are known to be plain (`values.plain_json.is_plain`)
    each costs one step of the JSON writer, unless it is large.
    """

    def __init__(self, blobs: MutableMapping[str, str], *, is_plain: bool = False) -> None:
        self.blobs, self._is_plain = blobs, is_plain
        self._dumps: Callable[[Any], str] = _dumps_plain if is_plain else canonical.dumps

    def of(self, value: Any) -> str:
        """Canonical JSON of a value, its smallest large parts moved to the blobs."""
        # Most values are None or short text in ASCII: not worth a look.
        if value is None:
            return "null"
        if type(value) is str and value.isascii():
            return cut(encode_basestring(value), self.blobs)
        text = None if type(value) is dict and _is_surely_large(value) else self.at_once(value)
        return self._of_large(value, _LEVELS) if text is None else text

    def at_once(self, value: Any) -> str | None:
        """The same in one step of the JSON writer, where values are known to be plain and this one is not large."""
        text = text_if_sayable(value) if self._is_plain else None
        return text if text is not None and len(text) <= LIMIT else None

    def of_fields(self, fields: Mapping[str, Any]) -> str:
        """A JSON object of values that are each as `of` writes it: nesting must not deepen them."""
        texts = {name: self._short(value) for name, value in fields.items()}
        return orjson.dumps(texts, option=orjson.OPT_SORT_KEYS).decode()

    def _short(self, value: Any) -> Any:
        return value if value is None or _is_short(value) else orjson.Fragment(self.of(value))

    def _of_large(self, value: Any, levels: int) -> str:
        if type(value) is dict and levels and _has_plain_keys(value):
            return self._of_dict(value, levels - 1)
        if type(value) is str and value.isascii():
            return cut(encode_basestring(value), self.blobs)
        return cut(self._dumps(value), self.blobs)

    def _of_dict(self, value: dict[str, Any], levels: int) -> str:
        """As `cut`, for a dict: to encode its large parts one by one is faster than to find them in the text again."""
        # Of many parts (the nodes of a graph) none is looked at: they belong together.
        large = [key for key, part in value.items() if _may_be_large(part)] if len(value) < _MANY_PARTS else ()
        if not large:
            return shorten(self._dumps(value), self.blobs)
        texts = {key: self._of_large(value[key], levels) for key in large}
        texts |= {key: self._dumps(part) for key, part in value.items() if key not in texts}
        parts = (f"{encode_basestring(key)}:{texts[key]}" for key in sorted(texts))
        return shorten("{" + ",".join(parts) + "}", self.blobs)


def text_of(value: Any, blobs: MutableMapping[str, str]) -> str:
    """Canonical JSON of a value that was not looked at, its smallest large parts moved to `blobs`."""
    return Texts(blobs).of(value)


def _dumps_plain(value: Any) -> str:
    text = text_if_sayable(value)
    return canonical.dumps(value) if text is None else text


def _is_surely_large(value: Mapping[str, Any]) -> bool:
    """Whether a dict holds a graph: to write it once, with what is around it, only to see that, is not worth it."""
    if _CONTAINERS.isdisjoint(map(type, value.values())):
        return False
    return bool([part for part in value.values() if type(part) in _CONTAINERS and len(part) >= _MANY_PARTS])


def _may_be_large(value: Any) -> bool:
    """A quick guess: of a container with many parts it is surely worth to try, of others another encoder in C tells."""
    kind = type(value)
    if kind is str:
        return len(value) > LIMIT
    if kind is not dict and kind is not list:
        return False
    try:
        return len(value) >= _MANY_PARTS or (bool(value) and len(marshal.dumps(value)) > LIMIT)
    except ValueError:
        return False


def _has_plain_keys(value: dict[Any, Any]) -> bool:
    """Whether canonical JSON writes the dict as an object, with these keys; those beyond ASCII are not worth a look."""
    if not (_TEXT.issuperset(map(type, value)) and all(map(str.isascii, value))):
        return False
    return len(value) != 1 or not next(iter(value)).startswith("$")


def _is_short(value: Any) -> bool:
    """Whether the JSON writer may have the value as it is: nothing to tag, nothing to cut out."""
    kind = type(value)
    if kind is str:
        return len(value) <= LIMIT and value.isascii()
    return (kind is int and value in _INT64) or (kind is float and math.isfinite(value))
