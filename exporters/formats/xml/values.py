"""Any value as typed XML elements, and back: `<integer>5</integer>`, `<tuple><text>a</text><null/></tuple>`.

What is written is the value's canonical JSON with an element for each of its tags, so that whatever
`otel_tracking.canonical` keeps is kept here too.
"""

from __future__ import annotations

import json
import math
from typing import Any

from lxml import etree
from lxml.etree import _Element

from exporters.formats.xml.text import is_possible, read_text, write_text
from otel_tracking import canonical
from otel_tracking.values.rebuild import Rebuilt

NAMESPACE = "urn:otel-tracking:execution-record:1"

TEXT_TAGS = frozenset(
    {"bytes", "bytearray", "datetime", "date", "time", "decimal", "fraction", "uuid", "path", "windowspath"}
)
"""Canonical tags whose payload is a text; each is the name of an element."""

SEQUENCE_TAGS = frozenset({"tuple", "set", "frozenset", "timedelta", "complex", "range", "enum", "opaque"})
"""Canonical tags whose payload is a list of values; each is the name of an element."""

_SPECIAL_NUMBERS = {"nan": "NaN", "inf": "INF", "-inf": "-INF"}
_NUMBERS_READ = {written: read for read, written in _SPECIAL_NUMBERS.items()}


def plain(value: object) -> Any:
    """The canonical JSON of a value as plain lists and dicts, tags included."""
    return json.loads(canonical.dumps(value))


def unplain(tagged: Any) -> Rebuilt:
    """The value of such lists and dicts, with how many values in it are none that anybody wrote."""
    return canonical.decode(json.dumps(tagged))


def child(parent: _Element, name: str) -> _Element:
    """A new element in `parent`."""
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")


def name_of(element: _Element) -> str:
    """The name of an element, without its namespace."""
    return str(etree.QName(element).localname)


def write_value(parent: _Element, tagged: Any) -> None:
    """Write plain canonical JSON as one element in `parent`."""
    kind = type(tagged)
    if kind is str:
        write_text(child(parent, "text"), tagged)
    elif kind is dict:
        _write_object(parent, tagged)
    elif kind is list:
        _write_values(child(parent, "list"), tagged)
    elif tagged is None:
        child(parent, "null")
    elif kind is bool:
        child(parent, "boolean").text = "true" if tagged else "false"
    else:
        child(parent, "integer" if kind is int else "number").text = repr(tagged)


def write_parameters(parent: _Element, tagged: Any) -> None:
    """Write a dict with names that XML can hold as `<parameter name="…">`, anything else as one value."""
    if type(tagged) is dict and not _tag_of(tagged) and all(map(is_possible, tagged)):
        _write_entries(parent, tagged.items())
    else:
        write_value(parent, tagged)


def read_value(element: _Element) -> Any:
    """The plain canonical JSON of an element that `write_value` wrote."""
    name = name_of(element)
    if name == "text":
        return plain(read_text(element))
    if name == "list":
        return [read_value(part) for part in element]
    if name == "map":
        return {"$dict": [_read_entry(part) for part in element]}
    if name in SEQUENCE_TAGS:
        return {f"${name}": [read_value(part) for part in element]}
    if name in TEXT_TAGS:
        return {f"${name}": plain(read_text(element))}
    if name == "tagged":
        return {element.get("tag"): read_value(element[0])}
    return _read_scalar(name, element.text or "")


def read_parameters(element: _Element) -> Any:
    """The plain canonical JSON of what `write_parameters` wrote into an element."""
    if len(element) == 1 and name_of(element[0]) != "parameter":
        return read_value(element[0])
    return {"$dict": [_read_entry(part) for part in element]}


def _write_object(parent: _Element, tagged: dict[str, Any]) -> None:
    tag = _tag_of(tagged)
    payload: Any = tagged.get(f"${tag}")
    if not tag:
        _write_entries(child(parent, "map"), tagged.items())
    elif tag == "dict":
        _write_entries(child(parent, "map"), payload)
    elif tag == "str":
        write_text(child(parent, "text"), unplain(tagged).value)
    elif tag == "int":
        child(parent, "large_integer").text = payload
    elif tag == "float":
        child(parent, "number").text = _SPECIAL_NUMBERS[payload]
    elif tag in SEQUENCE_TAGS:
        _write_values(child(parent, tag), payload)
    elif tag in TEXT_TAGS:
        write_text(child(parent, tag), unplain(payload).value)
    else:
        # A tag that is younger than this module: kept, if not with a name of its own.
        element = child(parent, "tagged")
        element.set("tag", f"${tag}")
        write_value(element, payload)


def _tag_of(tagged: dict[str, Any]) -> str:
    """`tuple` of `{"$tuple": …}`; empty for an object of somebody's own, which canonical JSON never makes look so."""
    key = next(iter(tagged)) if len(tagged) == 1 else ""
    return key[1:] if key.startswith("$") else ""


def _write_values(parent: _Element, values: list[Any]) -> None:
    for value in values:
        write_value(parent, value)


def _write_entries(parent: _Element, entries: Any) -> None:
    for key, value in entries:
        if type(key) is str and is_possible(key):
            element = child(parent, "parameter")
            element.set("name", key)
        else:
            element = child(parent, "pair")
            write_value(child(element, "key"), key)
        write_value(element, value)


def _read_entry(element: _Element) -> list[Any]:
    if name_of(element) == "parameter":
        return [element.get("name"), read_value(element[0])]
    return [read_value(element[0][0]), read_value(element[1])]


def _read_scalar(name: str, text: str) -> Any:
    if name == "null":
        return None
    if name == "boolean":
        return text.strip() in ("true", "1")
    if name == "integer":
        return read_integer(text)
    if name == "large_integer":
        return {"$int": text.strip()}
    if name == "number":
        return read_number(text)
    raise ValueError(f"no value is written as <{name}>")


def read_integer(text: str) -> Any:
    """The plain canonical JSON of an integer in XML; what is longer than any that is written is none."""
    text = text.strip()
    return int(text) if len(text) <= _MOST_DIGITS else {"$int": text}


_MOST_DIGITS = 20


def read_number(text: str) -> Any:
    """The plain canonical JSON of a number as XML Schema writes it: `0.25`, `NaN`, `-INF`."""
    text = text.strip()
    number = float(_NUMBERS_READ.get(text, text))
    # A number that is too large for Python (1e400) is another one than infinity.
    return number if math.isfinite(number) else {"$float": _NUMBERS_READ.get(text, text)}


def number_text(number: float) -> str:
    """A number as XML Schema writes it.

    >>> number_text(0.25), number_text(float("-inf"))
    ('0.25', '-INF')
    """
    return repr(number) if math.isfinite(number) else _SPECIAL_NUMBERS[str(number)]
