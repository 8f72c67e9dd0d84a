"""Whether two values say the same on the wire: 25 and "25" do, true and 1 do not."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

from otel_tracking import canonical
from otel_tracking.capture.media import cut_base64
from otel_tracking.values.places import ABSENT, is_reference

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_LONGEST_NUMBER = 400


def are_alike(value: Any, other: Any) -> bool:
    """Whether what was configured left as it was, whatever the protocol writes it as.

    A number and the text of it are the same (forms, queries and many a template know only texts), a tuple and a list,
    a moment and its ISO text, media and the reference to them. Of two dicts the second may have more in it.

    >>> are_alike(25, "25"), are_alike("5.50", 5.5), are_alike(True, 1), are_alike(None, 0), are_alike((1,), [1])
    (True, True, False, False, True)
    """
    if isinstance(value, dict):
        return isinstance(other, dict) and all(are_alike(part, other.get(key, ABSENT)) for key, part in value.items())
    if isinstance(value, list | tuple):
        is_list = isinstance(other, list | tuple) and len(value) == len(other)
        return is_list and all(map(are_alike, value, other))
    if is_reference(other):
        return _is_of(value, other)
    return _are_single_alike(value, other)


def leaves_of(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every single value with the names that lead to it; an empty dict or list is one, and so are media."""
    is_whole = isinstance(value, dict | list | tuple) and value and not is_reference(value)
    if not is_whole:
        yield path, value
        return
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in entries:
        yield from leaves_of(part, (*path, str(name)))


def _are_single_alike(value: Any, other: Any) -> bool:
    if isinstance(value, bool) or isinstance(other, bool):
        return _truth(value) is not None and _truth(value) == _truth(other)
    if isinstance(value, int | float | str) and isinstance(other, int | float | str):
        return _are_numbers_or_texts_alike(value, other)
    if value is None or other is None or other is ABSENT:
        return value is other
    return canonical.dumps(value) == canonical.dumps(other) or bool(_as_text(value) == other)


def _are_numbers_or_texts_alike(value: float | str, other: float | str) -> bool:
    if value == other or (value != value and other != other):
        return True
    if isinstance(value, str) == isinstance(other, str):
        return False
    one, another = _number(value), _number(other)
    return one is not None and one == another


def _truth(value: Any) -> bool | None:
    """A truth value, also as forms and queries write it."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _number(value: float | str) -> Decimal | None:
    text = str(value) if not isinstance(value, int) or value.bit_length() < 4 * _LONGEST_NUMBER else ""
    return Decimal(text) if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text) else None


def _as_text(value: Any) -> str | None:
    """What JSON encoders and forms make of a value that JSON does not know."""
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | Fraction | PurePath | UUID) else None


def _is_of(value: Any, reference: dict[str, Any]) -> bool:
    """Whether media that were configured, as bytes or as base64, are those that a reference names."""
    if isinstance(value, bytes | bytearray):
        return bool(hashlib.sha256(value).hexdigest() == reference["media"]["sha256"])
    if isinstance(value, str):
        return bool(cut_base64(value) == reference)
    return bool(value == reference)
