"""Whether keys can go into a dict or a set in time that their number pays for.

Python compares a key with every earlier one of the same hash. Text is hashed with a secret; numbers, and tuples and
sets of them, are not: whoever knows that `hash(n * (2**61 - 1))` is 0 can make 50,000 keys, a megabyte, take minutes.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from otel_tracking.values.kinds import EnumValue, NotWritten

MOST_STEPS = 64
"""Steps that comparing may cost for each part of the keys: -1 and -2 have the same hash, and so have pairs of them."""

FEW_STEPS = 4096
"""Steps that are always allowed."""

_BYTES_A_STEP = 64


class _Weight(NamedTuple):
    parts: int
    steps: int
    """To compare it once with an equal-hash value."""


def check_hashes(keys: Sequence[Any]) -> None:
    """Raise `NotWritten` where the keys would be compared too often; `TypeError` where one cannot be a key.

    >>> check_hashes([-1, -2, "a", (-1, -2), (-2, -1)])
    """
    counts = Counter(map(hash, keys))
    if len(counts) == len(keys):
        return
    weighed = [(_weight(key), count) for key in keys if (count := counts[hash(key)]) > 1]
    steps = sum(weight.steps * count for weight, count in weighed)
    if steps > max(FEW_STEPS, MOST_STEPS * sum(weight.parts for weight, _ in weighed)):
        raise NotWritten(f"{len(weighed)} of {len(keys)} keys share their hashes")


def _weight(value: Any) -> _Weight:
    kind = type(value)
    if kind is tuple or kind is list:
        return _sum((_weight(part), 1) for part in value)
    if kind is frozenset or kind is set:
        return _of_keys(value)
    if kind is dict:
        return _sum([(_of_keys(value), 1), (_weight(list(value.values())), 1)])
    if kind is EnumValue:
        return _weight([value.class_name, value.name, value.value])
    size = 1 + sys.getsizeof(value) // _BYTES_A_STEP
    return _Weight(size, size)


def _of_keys(keys: Iterable[Any] | Mapping[Any, Any]) -> _Weight:
    """To compare sets, each key is looked up in the other: it meets all that have its hash."""
    keys = list(keys)
    counts = Counter(map(hash, keys))
    return _sum((_weight(key), counts[hash(key)]) for key in keys)


def _sum(weights: Iterable[tuple[_Weight, int]]) -> _Weight:
    parts = steps = 1
    for weight, times in weights:
        parts += weight.parts
        steps += weight.steps * times
    return _Weight(parts, steps)
