"""The canonical text of values that JSON can say as they are: the quick way, in C.

`canonical` takes it where it can be taken, and writes tags by hand where it cannot.
"""

from __future__ import annotations

import functools
import math
import pickle
from collections.abc import Callable
from typing import Any


def text_if_scalar(value: Any) -> str | None:
    """The text of a lone plain value, which most values are; None of any other."""
    kind = type(value)
    if kind is str:
        return to_json(value) if value.isascii() else None
    if kind is int:
        return str(value) if -(2**63) <= value < 2**64 else None
    if kind is float:
        return to_json(value) if math.isfinite(value) else None
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    return _EMPTY[kind] if kind in _EMPTY and not value else None


_EMPTY: dict[type, str] = {dict: "{}", list: "[]"}


def text_if_plain(value: object) -> str | None:
    """The text of a value that JSON can say as it is, in a quarter of the time; None of any other.

    The pickler looks (in C) whether there is anything in it but plain built-in values, the JSON reader whether all of
    it comes back equal: tuples, bytes, NaN and integer keys do not.
    """
    write, read = _codec()
    try:
        _PlainValues().dump(value)
        text: bytes = write(value)
        return text.decode() if b'{"$' not in text and read(text) == value else None
    except Exception:
        return None


class _PlainValues(pickle.Pickler):
    """Refuses values that are not of plain built-in types, and values that contain or share themselves."""

    def __init__(self) -> None:
        super().__init__(_Limited(), protocol=5)
        self.fast = True

    def reducer_override(self, value: Any) -> Any:
        raise pickle.PicklingError("not a plain value")


class _Limited:
    """A file that forgets what is written to it and refuses to be written to without end."""

    def __init__(self) -> None:
        self._written = 0

    def write(self, part: bytes) -> None:
        self._written += len(part)
        if self._written > _LARGEST_PLAIN:
            raise OverflowError


_LARGEST_PLAIN = 8 * 2**20


def to_json(plain: object) -> str:
    """JSON of plain values: keys sorted, no white space. Raises `TypeError` for any other."""
    write, _ = _codec()
    text: bytes = write(plain)
    return text.decode()


@functools.cache
def _codec() -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    import orjson  # only here: who logs and never reads has no need of it

    return functools.partial(orjson.dumps, option=orjson.OPT_SORT_KEYS), orjson.loads
