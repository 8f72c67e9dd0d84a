"""The canonical text of values that JSON can say as they are: the quick way, in C.

`canonical` takes it where it can be taken, and writes tags by hand where it cannot.
"""

from __future__ import annotations

import functools
import gc
import math
from collections.abc import Callable, Iterator
from itertools import compress
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
    """The text of a value that JSON can say as it is, in a fifth of the time; None of any other.

    A look at its levels finds what the JSON writer would take for something else (tuples, NaN), and what is shared so
    often that its text would fill the memory. Keys that are no text, large integers and text that is no Unicode are
    refused by the writer itself.
    """
    return text_if_sayable(value) if is_plain(value) else None


def text_if_sayable(value: object) -> str | None:
    """The same of a value that was looked at (`is_plain`)."""
    try:
        text: bytes = _writer()(value)
    except TypeError:
        return None
    # A search for one letter takes a thirtieth of the time of one for three.
    return text.decode() if b"$" not in text or b'{"$' not in text else None


def levels(value: object, depth: int) -> Iterator[tuple[list[Any], set[type]]]:
    """The parts of a value level by level, with their types: all entries of its containers, found in C.

    Keys that are text may be left out. Raises `ValueError` where it is deeper than `depth` or, with what it shares
    counted again, too large to look at.
    """
    level, seen = [value], 0
    for _ in range(depth):
        kinds = set(map(type, level))
        yield level, kinds
        if kinds.isdisjoint(CONTAINERS):
            return
        # Numbers and texts refer to nothing: to pass them over is left to the collector.
        level = gc.get_referents(*(level if kinds <= _KNOWN else of_kinds(level, CONTAINERS)))
        seen += len(level)
        if seen > MAX_REPEATED:
            break
    raise ValueError("too deep, or too much of it is shared")


def of_kinds(parts: list[Any], kinds: frozenset[type]) -> list[Any]:
    """The parts of one of these types, picked in C: a third of the time of a loop in Python."""
    return list(compress(parts, map(kinds.__contains__, map(type, parts))))


CONTAINERS = frozenset({dict, list, tuple, set, frozenset})
_KNOWN = frozenset({str, int, float, bool, type(None), bytes, *CONTAINERS})

MAX_REPEATED = 1_000_000
"""Values written again because they are in several places; where a structure shares itself more often, it is cut."""

_PLAIN = frozenset({str, int, float, bool, type(None), dict, list})
_DEEPEST = 250  # what the JSON writer takes is a little more


def is_plain(value: object, depth: int = _DEEPEST) -> bool:
    """Whether JSON surely can say a value that is not deeper than that: what it cannot, the writer refuses."""
    try:
        return all(kinds <= _PLAIN and _are_finite(level, kinds) for level, kinds in levels(value, depth))
    except ValueError:
        return False


def _are_finite(level: list[Any], kinds: set[type]) -> bool:
    # A sum shows one NaN or infinity among them; a sum that overflows only costs the slower way.
    return float not in kinds or math.isfinite(sum([value for value in level if type(value) is float]))


def to_json(plain: object) -> str:
    """JSON of plain values: keys sorted, no white space. Raises `TypeError` for any other."""
    text: bytes = _writer()(plain)
    return text.decode()


@functools.cache
def _writer() -> Callable[[Any], bytes]:
    import orjson  # only here: who logs and never reads has no need of it

    return functools.partial(orjson.dumps, option=orjson.OPT_SORT_KEYS)
