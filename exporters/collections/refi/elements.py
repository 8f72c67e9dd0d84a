"""Elements of REFI-QDA: their values as the schema wants them, with no character that XML cannot hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from math import isfinite
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from exporters.collections.facts import day_of
from exporters.collections.refi.guids import guid
from exporters.story.readable import visible, visible_line

USER = guid("user")
"""Whoever coded: this program. People who use the project code under names of their own."""

_STEP = "  "


def element(tag: str, content: Iterable[Element] = (), *, text: object = None, **attributes: object) -> Element:
    """An element with its children or its text; attributes without a value are left out."""
    made = Element(tag, {name: visible_line(value) for name, value in attributes.items() if value is not None})
    made.extend(content)
    made.text = visible(text) if text is not None else None
    return made


def described(text: str) -> list[Element]:
    """A description, where there is one."""
    return [element("Description", text=text)] if text else []


def reference(tag: str, target: str) -> Element:
    """What points to a thing."""
    return element(tag, targetGUID=target)


def coding(code: str, moment: dt.datetime, *key: object) -> Element:
    """A thing with this key has that code."""
    own = guid("coding", code, *key)
    return element(
        "Coding", [reference("CodeRef", code)], guid=own, creatingUser=USER, creationDateTime=date_time(moment)
    )


def date_time(moment: dt.datetime) -> str:
    """A moment to the second, as every program reads it: some know no fractions and no zone but `Z`.

    >>> date_time(dt.datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=dt.UTC))
    '2026-11-23T12:00:00Z'
    """
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def variable_value(variable: str, kind: str, value: Any) -> list[Element]:
    """The value of a variable; nothing where it is none of its kind."""
    tag, written = _VALUES[kind]
    text = written(value)
    if not text:
        return []
    made = element("VariableValue", [reference("VariableRef", variable)])
    SubElement(made, tag).text = text
    return [made]


def xml_of(made: Element, level: int) -> bytes:
    """An element as text, indented as one of that level."""
    indent(made, _STEP, level)
    return f"{_STEP * level}{tostring(made, 'unicode')}\n".encode()


def _boolean(value: Any) -> str:
    return str(value).lower() if type(value) is bool else ""


def _integer(value: Any) -> str:
    return str(value) if type(value) is int else ""


def _decimal(value: Any) -> str:
    # The schema knows no exponents.
    return format(Decimal(repr(value)), "f") if type(value) in (int, float) and isfinite(value) else ""


_VALUES = {
    "text": ("TextValue", visible_line),
    "int": ("IntegerValue", _integer),
    "float": ("FloatValue", _decimal),
    "bool": ("BooleanValue", _boolean),
    "date": ("DateValue", day_of),
    "time": ("DateTimeValue", date_time),
}
