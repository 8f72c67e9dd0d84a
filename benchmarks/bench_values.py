"""Reading canonical text of 1 KB to 1 MB, for every tag and for what only strangers write: nanoseconds for each byte.

A row that grows from left to right, beyond what the garbage collector costs (a third), takes more time than
its bytes pay for. Time of this thread alone: other programs do not count.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from otel_tracking import canonical
from otel_tracking.values.rebuild import TAGS

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PRIME = 2**61 - 1
"""All multiples of it have one hash."""

GOOD: dict[str, Any] = {
    "$str": "\\ud800abc",
    "$int": "18446744073709551616",
    "$float": "nan",
    "$tuple": [1, "a"],
    "$set": [1, "a"],
    "$frozenset": [1, "a"],
    "$dict": [[1, "a"], [2, "b"]],
    "$bytes": "QUJD",
    "$bytearray": "QUJD",
    "$complex": [0.5, 1.0],
    "$range": [0, 8, 1],
    "$datetime": "2026-11-23T12:00:00+01:00",
    "$date": "2026-11-23",
    "$time": "12:00:00",
    "$timedelta": [0, 90, 0],
    "$decimal": "0.10",
    "$fraction": "1/3",
    "$uuid": "12345678-1234-5678-1234-567812345678",
    "$path": "media/a.png",
    "$windowspath": "C:\\a",
    "$enum": ["paint.Colour", "RED", 1],
    "$opaque": ["paint.Brush", "<Brush>"],
}


def filled(entry: Callable[[int], object], size: int) -> str:
    """A list of entries, about `size` characters of it."""
    number = max(1, size // (len(json.dumps(entry(1))) + 1))
    return json.dumps([entry(position) for position in range(number)], separators=(",", ":"))


def _large(number: int) -> object:
    return number * PRIME if number < 5 else {"$int": str(number * PRIME)}


def _only(tag: str) -> Callable[[int], str]:
    return lambda size: filled(lambda _: {tag: GOOD[tag]}, size)


TEXTS: dict[str, Callable[[int], str]] = {
    **{tag: _only(tag) for tag in GOOD},
    "refused: a fraction": lambda size: filled(lambda _: {"$fraction": "1e12000000"}, size),
    "refused: a tuple of a range": lambda size: filled(lambda _: {"$tuple": {"$range": [0, 10**8, 1]}}, size),
    "refused: keys of one hash": lambda size: f'{{"$set":{filled(_large, size)}}}',
    "refused: sets of one hash": lambda size: f'{{"$set":{filled(lambda n: {"$frozenset": [_large(n)]}, size)}}}',
    "refused: enums of one hash": lambda size: f'{{"$set":{filled(lambda n: {"$enum": ["a", "b", n]}, size)}}}',
    "refused: an integer": lambda size: f'{{"$int":"{"9" * size}"}}',
    "refused: a number of JSON": lambda size: "9" * size,
    "an integer in hexadecimal": lambda size: f'{{"$int":"0x{"9" * size}"}}',
    "a fraction of many digits": lambda size: f'{{"$fraction":"1/{"3" * min(size, 3_800)}"}}',
    "a decimal of many digits": lambda size: f'{{"$decimal":"0.{"3" * size}"}}',
    "bytes": lambda size: f'{{"$bytes":"{"QUJD" * (size // 4)}"}}',
    "a hundred tags deep": lambda size: '{"$tuple":[' * 100 + f'"{"x" * size}"' + "]}" * 100,
    "a hundred refusals deep": lambda size: '{"$tuple":' * 100 + f'"{"x" * size}"' + "}" * 100,
}


def nanoseconds_a_byte(text: str) -> float:
    """The best of a few readings."""
    best = float("inf")
    for _ in range(3):
        begun = time.thread_time_ns()
        canonical.loads(text)
        best = min(best, time.thread_time_ns() - begun)
    return best / len(text)


def main() -> None:
    """Print a row for each kind of text."""
    assert set(GOOD) == set(TAGS)
    print("nanoseconds a byte     " + "".join(f"{size:>12,}" for size in SIZES))
    for name, text_of in TEXTS.items():
        print(f"{name:28}" + "".join(f"{nanoseconds_a_byte(text_of(size)):>11.1f} " for size in SIZES))


if __name__ == "__main__":
    main()
