"""Which values are kept as they are, and what every other value is turned into.

Kept are None, bool, int, float, str, list, tuple, dict, set, frozenset and the leaves below. `simplify` brings any
other value into that set, without loss where it can (subclasses, enums, numpy scalars), as an `Opaque` where
it cannot.
"""

from __future__ import annotations

import datetime as dt
import enum
import importlib
import sys
import types
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, NamedTuple

REPR_LIMIT = 10_000
"""Characters kept of an opaque object's repr."""


class NotWritten(ValueError):
    """A tag holds what nobody writes into it."""


class _Described:
    """What stands for something that is gone: equal to others of its kind that say the same."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._key() == other._key()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._key()))})"

    def _key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


class EnumValue(_Described):
    """An enum member as it was: its class's name, its own name and its value (the class itself may be gone)."""

    __slots__ = ("class_name", "name", "value")

    def __init__(self, class_name: str, name: str | None, value: Any) -> None:
        self.class_name, self.name, self.value = class_name, name, value

    def __hash__(self) -> int:
        return hash((self.class_name, self.name))  # the value may be unhashable, and a member may be a key


class Opaque(_Described):
    """What is left of an object that cannot be kept: the name of its class and its repr."""

    __slots__ = ("class_name", "description")

    def __init__(self, class_name: str, description: str) -> None:
        self.class_name, self.description = class_name, description

    def __hash__(self) -> int:
        return hash(self._key())


class Leaf(NamedTuple):
    """How a kind of value is written (`{tag: encode(value)}`) and read again."""

    tag: str
    encode: Callable[[Any], Any]
    rebuild: Callable[[Any], Any]


def is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8: no halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped(text: str) -> str:
    """A text that is no valid Unicode, in ASCII."""
    return text.encode("unicode_escape").decode("ascii")


def digits(number: int) -> str:
    """A large integer as text: in decimal while that takes no time worth to speak of, else in hexadecimal."""
    return str(number) if number.bit_length() < 2048 else hex(number)


def _exactly(read: Callable[[str], Any], write: Callable[[Any], str]) -> Callable[[Any], Any]:
    """Reads what `write` writes, to the letter: one writer, one reader."""

    def rebuild(text: Any) -> Any:
        if type(text) is str:
            value = read(text)
            if write(value) == text:
                return value
        raise NotWritten

    return rebuild


def _parts(make: Callable[..., Any], *kinds: type | tuple[type, ...]) -> Callable[[Any], Any]:
    """Reads a list with one part of each of these kinds; True is no number."""

    def rebuild(parts: Any) -> Any:
        if type(parts) in (list, tuple) and len(parts) == len(kinds) and all(map(_is, parts, kinds)):
            return make(*parts)
        raise NotWritten

    return rebuild


def _is(part: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(part, kind) and (type(part) is not bool or kind is object)


def _encode_duration(duration: dt.timedelta) -> list[int]:
    return [duration.days, duration.seconds, duration.microseconds]


def _read_duration(*parts: int) -> dt.timedelta:
    duration = dt.timedelta(*parts)
    if _encode_duration(duration) != list(parts):
        raise NotWritten
    return duration


def _encode_range(span: range) -> list[int]:
    return [int(span.start), int(span.stop), int(span.step)]  # True may stand for 1 in it


def _encode_bytes(data: bytes | bytearray) -> str:
    return b64encode(data).decode("ascii")


def _decode_bytes(text: str) -> bytes:
    return b64decode(text, validate=True)


def _encode_decimal(number: Any) -> str:
    return str(number).replace("e", "E")  # a thread's context may want it small


MOST_DIGITS = 4300
"""Of an integer in decimal that is read: it takes the square of its length. What `digits` writes has 617 at most."""


def _encode_fraction(fraction: Any) -> str:
    # With larger parts, to find out whether it is in lowest terms takes longer than its bytes pay for.
    if max(fraction.numerator.bit_length(), fraction.denominator.bit_length()) > 3 * MOST_DIGITS:
        raise NotWritten
    return str(fraction)


def _decode_fraction(text: str) -> Any:
    from fractions import Fraction  # only here: most programs never meet one

    numerator, _, denominator = text.partition("/")
    if max(len(numerator), len(denominator)) > MOST_DIGITS:
        raise NotWritten
    return Fraction(int(numerator), int(denominator or 1))


def _lazily(module: str, name: str) -> Callable[[str], Any]:
    """A constructor of a module that is imported when a value of it is read: most programs never meet one."""
    return lambda text: getattr(importlib.import_module(module), name)(text)


def _text_leaf(tag: str, encode: Callable[[Any], str], decode: Callable[[str], Any]) -> Leaf:
    return Leaf(tag, encode, _exactly(decode, encode))


_LEAVES: dict[str, Leaf] = {
    "builtins.bytes": _text_leaf("$bytes", _encode_bytes, _decode_bytes),
    "builtins.bytearray": _text_leaf("$bytearray", _encode_bytes, lambda text: bytearray(_decode_bytes(text))),
    "builtins.complex": Leaf("$complex", lambda number: [number.real, number.imag], _parts(complex, float, float)),
    "builtins.range": Leaf("$range", _encode_range, _parts(range, int, int, int)),
    "datetime.datetime": _text_leaf("$datetime", dt.datetime.isoformat, dt.datetime.fromisoformat),
    "datetime.date": _text_leaf("$date", dt.date.isoformat, dt.date.fromisoformat),
    "datetime.time": _text_leaf("$time", dt.time.isoformat, dt.time.fromisoformat),
    "datetime.timedelta": Leaf("$timedelta", _encode_duration, _parts(_read_duration, int, int, int)),
    "decimal.Decimal": _text_leaf("$decimal", _encode_decimal, _lazily("decimal", "Decimal")),
    "fractions.Fraction": _text_leaf("$fraction", _encode_fraction, _decode_fraction),
    "uuid.UUID": _text_leaf("$uuid", str, _lazily("uuid", "UUID")),
    "pathlib.PurePosixPath": _text_leaf("$path", str, _lazily("pathlib", "PurePosixPath")),
    "pathlib.PureWindowsPath": _text_leaf("$windowspath", str, _lazily("pathlib", "PureWindowsPath")),
    f"{__name__}.EnumValue": Leaf("$enum", EnumValue._key, _parts(EnumValue, str, (str, types.NoneType), object)),
    f"{__name__}.Opaque": Leaf("$opaque", Opaque._key, _parts(Opaque, str, str)),
}
"""By full name of the class."""

REBUILD: dict[str, Callable[[Any], Any]] = {leaf.tag: leaf.rebuild for leaf in _LEAVES.values()}

_leaves_by_type: dict[type, Leaf | None] = {}


def _leaf_of(kind: type) -> Leaf | None:
    try:
        return _leaves_by_type[kind]
    except KeyError:
        leaf = _LEAVES.get(f"{kind.__module__}.{kind.__qualname__}")
        # Somebody's own class may carry the name of a standard one.
        if leaf is not None and getattr(sys.modules.get(kind.__module__), kind.__name__, None) is not kind:
            leaf = None
        if leaf is not None:
            _leaves_by_type[kind] = leaf
        return leaf


_EXACT: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    # Unbound methods of the base class: a subclass's own overrides never run.
    (str, str.__str__),
    (int, int.__pos__),
    (float, float.__pos__),
    (bytes, lambda value: bytes.__getitem__(value, slice(None))),
    (dict, dict.copy),
    (list, list.copy),
    (tuple, lambda value: tuple.__getitem__(value, slice(None))),
    (set, set().union),
    (frozenset, frozenset().union),
    (bytearray, lambda value: bytearray.__getitem__(value, slice(None))),
    (types.MappingProxyType, dict),
    (memoryview, bytes),
)


def as_leaf(value: object) -> tuple[str, Any] | None:
    """`(tag, payload)` of a value that has a tag of its own and can be written; None of any other."""
    leaf = _leaf_of(type(value))
    if leaf is None:
        return None
    try:
        return leaf.tag, leaf.encode(value)
    except Exception:  # a time zone that raises, a decimal of a broken context
        return None


def simplify(value: object) -> Any:
    """`value` as one of the kinds that are kept; an `Opaque` where nothing equal exists. Never raises."""
    try:
        return _simplify(value)
    except Exception as trouble:
        return Opaque(class_name(value), f"<not readable: {type(trouble).__name__}>")


def _simplify(value: object) -> Any:
    if isinstance(value, enum.Enum) and isinstance(value.name, str | None):
        return EnumValue(class_name(value), value.name, value.value)
    for kind, exact in _EXACT:
        if isinstance(value, kind):
            return exact(value)
    if "pathlib" in sys.modules and isinstance(value, sys.modules["pathlib"].PurePath):
        pathlib = sys.modules["pathlib"]
        flavour = pathlib.PureWindowsPath if isinstance(value, pathlib.PureWindowsPath) else pathlib.PurePosixPath
        return flavour(value)
    if _is_numpy_scalar(value):
        return value.item()  # type: ignore[attr-defined]
    return describe(value)


def _is_numpy_scalar(value: object) -> bool:
    kinds = {kind.__module__ + "." + kind.__name__ for kind in type(value).__mro__}
    return "numpy.generic" in kinds and type(value.item()) is not type(value)  # type: ignore[attr-defined]


def describe(value: object) -> Opaque:
    """The `Opaque` of an object: its class's name and the beginning of its repr."""
    text = repr(value)
    return Opaque(class_name(value), text if len(text) <= REPR_LIMIT else text[:REPR_LIMIT] + "…")


def class_name(value: object) -> str:
    """`module.Class` of a value."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"
