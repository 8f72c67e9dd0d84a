"""Values that trackers lose, by name. Each entry makes a fresh value."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import math
import pathlib
import types
import uuid
from collections import Counter, OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import numpy

from collectors.testing import RememberingSink
from otel_tracking.values.rebuild import TAGS


class Colour(enum.Enum):
    RED = 1
    ODD = ("a", {"b": float("inf")})


class Level(enum.IntEnum):
    HIGH = 3


class Mode(enum.StrEnum):
    ECO = "eco"


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class OddDict(dict[Any, Any]):
    pass


class OddList(list[Any]):
    pass


class OddInt(int):
    pass


class OddText(str):
    __slots__ = ()


Point = namedtuple("Point", "x y")


def _nested(depth: int) -> Any:
    value: Any = "bottom"
    for number in range(depth):
        value = {"deeper": value} if number % 2 else [value]
    return value


def _graph(nodes: int = 220) -> dict[str, Any]:
    return {
        str(number): {
            "class_type": "KSampler",
            "inputs": {"seed": 2**64 - number, "cfg": 7.5, "latent": [str(number - 1), 0], "text": "a meadow " * 8},
        }
        for number in range(nodes)
    }


KEPT: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "nested": lambda: {"sampler": {"steps": 20, "sigmas": [1.5, [0.1, None]]}, "on": True},
    "nothing within": lambda: {"seed": None, "list": [None, {"a": None}]},
    "beyond 64 bit": lambda: [2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 2**200, -(2**5000)],
    "large float": lambda: [1e308, 5e-324, 0.1 + 0.2],
    "not a number": lambda: float("nan"),
    "infinite": lambda: {"up": float("inf"), "down": float("-inf")},
    "minus zero": lambda: [-0.0, 0.0],
    "bytes": lambda: {"raw": b"\x00\xff", "none": b""},
    "bytearray": lambda: bytearray(b"\x00\x01"),
    "aware time": lambda: dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=45))),
    "naive time": lambda: dt.datetime(2026, 1, 1, 12, 0, 0, 1),
    "date and time": lambda: [dt.date(1, 1, 1), dt.time(23, 59, 59, 999999), dt.time(1, tzinfo=dt.UTC)],
    "durations": lambda: [dt.timedelta(days=-1, microseconds=1), dt.timedelta.max, dt.timedelta.min],
    "decimals": lambda: [decimal.Decimal("0.10"), decimal.Decimal("1E+400"), decimal.Decimal("-0")],
    "fraction": lambda: fractions.Fraction(-1, 3),
    "complex": lambda: complex(-0.0, float("inf")),
    "uuid": lambda: uuid.UUID(int=2**127 + 1),
    "paths": lambda: [pathlib.PurePosixPath("/a/ö"), pathlib.PureWindowsPath("C:\\x"), pathlib.Path("a/\udcff")],
    "tuples": lambda: ((), (1,), ((2, [3]),)),
    "sets": lambda: {"some": {1, "1", None, (2, 3)}, "none": set()},
    "frozen sets": lambda: frozenset({frozenset(), frozenset({1.5, b"x"})}),
    "ranges": lambda: [range(5), range(10, 0, -2), range(2**70)],
    "integer keys beside twins": lambda: {1: "int", "1": "text", 1.5: "float", None: 0, "None": 1, (1, "a"): 2},
    "boolean key": lambda: {True: "yes", "True": "text"},
    "empty key": lambda: {"": 1, " ": 2},
    "dotted keys": lambda: {"a.b": 1, "a": {"b": 2}},
    "lone surrogates": lambda: ["\ud800", "x\udfff", {"\ud83d": "key"}, "\ufeff\ufffe\uffff"],
    "surrogates that would merge": lambda: "\ud83d" + "\ude00",
    "backslashes beside surrogates": lambda: ["\\ud800", "\\\ud800\n\\n", "\\x41\udc00"],
    "control characters": lambda: "".join(map(chr, range(0x20))) + "\x7f\x85\u2028\u2029\u202e",
    "beyond the basic plane": lambda: {"emoji 🤖": "𝕬👩‍👧"},
    "40 levels": lambda: _nested(40),
    "75 levels": lambda: _nested(75),
    "a megabyte of text": lambda: "meadow ö " * 116_000,
    "300 keys": lambda: {f"key {number}": number for number in range(300)},
    "40 KB graph": _graph,
    "looks like json": lambda: '{"$tuple":[1]}',
    **{
        f"looks like {tag}": lambda tag=tag: [{tag: 1}, {tag: "text"}, {tag: [[1, 2], None]}, {tag: {tag: []}}]
        for tag in (*TAGS, "$unknown", "$")
    },
}
"""Values that must come back equal, of the same type."""

ENUMS: dict[str, Callable[[], Any]] = {
    "enum": lambda: Colour.RED,
    "enum of odd value": lambda: {"it": Colour.ODD},
    "int enum": lambda: [Level.HIGH, {Level.HIGH: "as key"}],
    "str enum": lambda: Mode.ECO,
    "flag": lambda: Right.READ | Right.WRITE,
}
"""Values whose class may be gone when they are read: kept with value, name and class name."""

PLAINED: dict[str, tuple[Callable[[], Any], Any]] = {
    "int subclass": (lambda: OddInt(7), 7),
    "text subclass": (lambda: OddText("seven"), "seven"),
    "dict subclass": (lambda: OddDict(a=OddList([1])), {"a": [1]}),
    "ordered and default dicts": (lambda: [OrderedDict(b=1), defaultdict(list, a=2), Counter("aa")], None),
    "named tuple": (lambda: Point(1, 2), (1, 2)),
    "mapping proxy": (lambda: types.MappingProxyType({"a": 1}), {"a": 1}),
    "memory view": (lambda: memoryview(b"ab"), b"ab"),
    "numpy scalars": (
        lambda: [numpy.int64(5), numpy.float64(1.5), numpy.float32(0.5), numpy.bool_(True), numpy.str_("a")],
        [5, 1.5, 0.5, True, "a"],
    ),
    "zone of a place": (
        lambda: dt.datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin")),
        dt.datetime(2026, 7, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    ),
}
PLAINED["ordered and default dicts"] = (PLAINED["ordered and default dicts"][0], [{"b": 1}, {"a": 2}, {"a": 2}])
"""Values that come back as the plain value they are equal to."""


class Refuses:
    """Raises whatever it is asked."""

    def _refuse(self, *_: object) -> Any:
        raise RuntimeError("no")

    __str__ = __repr__ = __eq__ = __bool__ = __len__ = __iter__ = __format__ = __index__ = __reduce_ex__ = _refuse
    __hash__ = _refuse  # type: ignore[assignment]


class HashableList(list[Any]):
    """A list that may be a key, as some libraries' frozen lists and dicts may."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 7


class FrozenDict(dict[Any, Any]):
    """A dict that may be a key."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 8


def _cyclic() -> Any:
    value: dict[str, Any] = {"name": "loop"}
    value["self"] = [value]
    return value


def _cyclic_subclass() -> Any:
    value = OddList()
    value.append(value)
    return value


def _exponential() -> Any:
    value: Any = ["leaf"]
    for _ in range(60):
        value = [value, value]
    return value


class _RaisingZone(dt.tzinfo):
    def utcoffset(self, _: Any) -> Any:
        raise RuntimeError("no zone")


LOSSY: dict[str, Callable[[], Any]] = {
    "opaque": object,
    "class": lambda: RememberingSink,
    "function": lambda: len,
    "lambda": lambda: lambda: 1,
    "module": lambda: math,
    "exception": lambda: ValueError("x"),
    "array": lambda: numpy.zeros((2, 2)),
    "ellipsis": lambda: ...,
    "refuses everything": Refuses,
    "a key that is opaque": lambda: {object: 1},
    "cyclic": _cyclic,
    "cyclic subclass": _cyclic_subclass,
    "too deep": lambda: _nested(260),
    "much too deep": lambda: _nested(20_000),
    "raising time zone": lambda: dt.datetime(2026, 1, 1, tzinfo=_RaisingZone()),
    "shares itself exponentially": _exponential,
}
"""Values that cannot be kept, only described: counted as lossy, and nothing around them suffers."""
