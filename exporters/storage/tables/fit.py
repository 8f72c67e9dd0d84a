"""Which Python values a column can say exactly.

Each function returns the Arrow array of a column and the positions of the values that it does not say exactly;
at these the array is null or holds the nearest value, so that SQL still has something to compare.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence, Set
from enum import StrEnum
from typing import Any, NamedTuple

import pyarrow as pa

from exporters.storage.tables.schema import TYPES
from otel_tracking.outcome import Status
from otel_tracking.record import FinishReason
from otel_tracking.taxonomy import ItemType, MediaType
from otel_tracking.values.kinds import is_unicode

_NONE = type(None)
_NOTHING = {_NONE}
_TEXT: frozenset[type] = frozenset({str, _NONE, ItemType, MediaType, Status, FinishReason})
_INT64 = range(-(2**63), 2**63)
_PRINTABLE_BITS = 2048


class FittedColumn(NamedTuple):
    """A column, and where it is not the whole truth."""

    array: Any
    misfits: Sequence[int] = ()


def fit_text(values: Sequence[Any]) -> FittedColumn:
    """Text that is valid Unicode; members of a StrEnum are their text."""
    return _all_at_once("text", values, _TEXT) or _one_by_one("text", values, _text)


def fit_int(values: Sequence[Any]) -> FittedColumn:
    """Integers of 64 bit; True is not 1."""
    return _all_at_once("int", values, {int, _NONE}) or _one_by_one("int", values, _int)


def fit_float(values: Sequence[Any]) -> FittedColumn:
    """Floats with NaN, infinities and -0.0; an integer only nearly."""
    return _all_at_once("float", values, {float, _NONE}) or _one_by_one("float", values, _float)


def fit_time(values: Sequence[Any]) -> FittedColumn:
    """Moments in UTC; what has another zone or none only nearly."""
    if {getattr(value, "tzinfo", None) for value in values} == {dt.UTC}:
        return FittedColumn(pa.array(values, TYPES["time"]))
    return _one_by_one("time", values, _time)


def fit_digits(values: Sequence[Any]) -> FittedColumn:
    """Integers of any usual size, as decimal text; text only nearly, because `"7"` is not `7`."""
    return _one_by_one("digits", values, _digits)


def fit_ints(values: Sequence[Any]) -> FittedColumn:
    """Tuples of integers."""
    return _one_by_one("ints", values, _ints)


def fit_json(values: Sequence[str | None]) -> FittedColumn:
    """Canonical JSON, which is valid text already."""
    return FittedColumn(pa.array(values, TYPES["json"]))


FIT: dict[str, Callable[[Sequence[Any]], FittedColumn]] = {
    "text": fit_text,
    "int": fit_int,
    "float": fit_float,
    "time": fit_time,
    "digits": fit_digits,
    "ints": fit_ints,
    "json": fit_json,
}


def _all_at_once(kind: str, values: Sequence[Any], types: Set[type]) -> FittedColumn | None:
    """The column when every value fits, which is nearly always; a set of types is told in one C loop."""
    found = set(map(type, values))
    if not types >= found:
        return None
    if found == _NOTHING:  # a third of all columns of a run
        return FittedColumn(pa.nulls(len(values), TYPES[kind]))
    try:
        return FittedColumn(pa.array(values, TYPES[kind]))
    except (UnicodeEncodeError, OverflowError, pa.ArrowException):
        return None


def _one_by_one(kind: str, values: Sequence[Any], nearest: Callable[[Any], tuple[Any, bool]]) -> FittedColumn:
    pairs = [(None, True) if value is None else nearest(value) for value in values]
    misfits = [position for position, (_, is_exact) in enumerate(pairs) if not is_exact]
    return FittedColumn(pa.array([value for value, _ in pairs], TYPES[kind]), misfits)


def _text(value: Any) -> tuple[str | None, bool]:
    text = value.value if isinstance(value, StrEnum) else value
    return (text, True) if type(text) is str and is_unicode(text) else (None, False)


def _int(value: Any) -> tuple[int | None, bool]:
    fits = type(value) is int and value in _INT64
    return (value, True) if fits else (None, False)


def _float(value: Any) -> tuple[float | None, bool]:
    if type(value) is int and value in _INT64:
        return float(value), False
    return (value, True) if type(value) is float else (None, False)


def _time(value: Any) -> tuple[dt.datetime | None, bool]:
    if type(value) is not dt.datetime:
        return None, False
    return (value, True) if value.tzinfo is dt.UTC else (None, False)


def _digits(value: Any) -> tuple[str | None, bool]:
    if type(value) is int and value.bit_length() < _PRINTABLE_BITS:
        return str(value), True
    return _text(value)[0], False


def _ints(value: Any) -> tuple[Sequence[int] | None, bool]:
    fits = type(value) is tuple and all(_int(entry)[1] for entry in value)
    return (value, True) if fits else (None, False)
