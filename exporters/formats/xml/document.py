"""A record as one XML document with a schema: every field typed, and read back to an equal record.

`exporters/formats/xml/execution-record.xsd` (XSD 1.0) describes it; `docs/export-api.md` says how to read it. A field
stands in an element of its own name where it has the type that the field usually has, and in `exact` otherwise.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.etree import _Element

from exporters.errors import BrokenFile
from exporters.formats.json import record_of
from exporters.formats.xml.fields import (
    FIELDS,
    INTEGER,
    ITEM,
    MEDIA,
    MOMENT,
    NUMBER,
    NUMBERS,
    RECORD,
    SPAN,
    TEXT,
    TEXTS,
    fits,
)
from exporters.formats.xml.text import read_text, write_text
from exporters.formats.xml.values import (
    NAMESPACE,
    child,
    name_of,
    number_text,
    plain,
    read_integer,
    read_number,
    read_parameters,
    read_value,
    unplain,
    write_parameters,
    write_value,
)
from exporters.story.readable import language_code
from exporters.story.untranslated import marks_of
from otel_tracking.passed_differently import passed_differently
from otel_tracking.record import ExecutionRecord

SCHEMA = Path(__file__).parent / "execution-record.xsd"

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def render(record: ExecutionRecord) -> bytes:
    """The record as XML, UTF-8, indented; valid against `SCHEMA` whatever is in the record."""
    root = etree.Element(f"{{{NAMESPACE}}}execution_record", nsmap={None: NAMESPACE})
    _write_fields(root, record.to_dict(), RECORD)
    _mark_languages(root, record)
    _say_what_changed(root, record)
    etree.indent(root, space="  ")
    _close_up(root)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return document + b"\n"


def parse(document: bytes) -> ExecutionRecord:
    """The record of a document that `render` wrote; `BrokenFile` says in which line it is something else."""
    root = _read_root(document)
    if not schema().validate(root):
        first = schema().error_log[0]
        message = first.message.replace(f"{{{NAMESPACE}}}", "")
        raise BrokenFile(f"line {first.line} is not as {SCHEMA.name} wants it: {message:.300}")
    try:
        source, refused = unplain(_read_fields(root, RECORD))
    except (RecursionError, ValueError, IndexError) as trouble:
        raise BrokenFile(f"a value of the record cannot be read: {trouble!r:.300}") from trouble
    return record_of(source, refused)


read_xml = parse
"""The record of an XML document; the same as `parse`."""


@functools.cache
def schema() -> etree.XMLSchema:
    """The schema that comes with this package."""
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


def _close_up(root: _Element) -> None:
    """Put a parameter with a simple value on one line: half as many lines, and names beside what they name."""
    for element in root.iter(f"{{{NAMESPACE}}}parameter", f"{{{NAMESPACE}}}key"):
        if len(element[0]) == 0:
            element.text = element[0].tail = None


def _read_root(document: bytes) -> _Element:
    # Our documents never hold these characters, text has "&lt;": so there is no entity that could grow or reach out.
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise BrokenFile("the document has a DOCTYPE, which a record never has; it was not read")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as trouble:
        raise BrokenFile(f"the document is not XML in UTF-8: {trouble.msg}") from trouble
    if root.tag != f"{{{NAMESPACE}}}execution_record":
        raise BrokenFile(f"the document's root is {root.tag:.200}, not execution_record of {NAMESPACE}")
    return root


def _write_fields(parent: _Element, source: Mapping[str, Any], names: Iterable[str]) -> None:
    """Write each field that is not None; what does not fit its element goes to `exact`."""
    exact = {}
    for name in names:
        value = source[name]
        if value is None:
            continue
        if fits(name, value):
            _write_field(child(parent, name), name, value, source)
        else:
            exact[name] = value
    if exact:
        element = child(parent, "exact")
        for name, value in exact.items():
            parameter = child(element, "parameter")
            parameter.set("name", name)
            write_value(parameter, plain(value))


def _write_field(element: _Element, name: str, value: Any, source: Mapping[str, Any]) -> None:
    kind = FIELDS.get(name, TEXT)
    if kind == TEXT:
        write_text(element, value)
        _say_language(element, name, source.get("metadata"))
    elif kind in (INTEGER, MOMENT):
        element.text = str(value)
    elif kind == NUMBER:
        element.text = number_text(value)
    elif kind == NUMBERS:
        element.text = " ".join(map(str, value))
    elif kind == TEXTS:
        for text in value:
            write_text(child(element, "name"), text)
    elif kind == MEDIA:
        _write_fields(element, value, ("sha256", "bytes", "type"))
    elif name == "links":
        for link in value:
            write_parameters(child(element, "link"), plain(link))
    elif name in _PARTS:
        part, names = _PARTS[name]
        for fields in value:
            _write_fields(child(element, part), fields, names)
    else:
        write_parameters(element, plain(value))


_PARTS = {"items": ("item", ITEM), "spans": ("span", SPAN)}


def _say_language(element: _Element, name: str, metadata: Any) -> None:
    """Say the language of a text where the item's metadata knows it. It is not read back: the metadata is."""
    if name not in ("content", "input_text") or not isinstance(metadata, Mapping):
        return
    known = ("to_lang", "input_language", "language") if name == "content" else ("from_lang",)
    code = next((code for key in known if (code := language_code(metadata.get(key)))), None)
    if code:
        element.set(_LANGUAGE, code)


def _mark_languages(root: _Element, record: ExecutionRecord) -> None:
    """Where a text is not all in the language that it was meant for, do not say that it is: `mul`, or `und`."""
    items, marks = root.iterfind(f"{{{NAMESPACE}}}items/{{{NAMESPACE}}}item"), marks_of(record)
    for element, item in zip(items, record.items, strict=True):
        said = marks[id(item)]
        for name, left in (("content", said.made), ("input_text", said.given)):
            text = element.find(f"{{{NAMESPACE}}}{name}")
            if left and text is not None:
                text.set(_LANGUAGE, left.tag)


def _say_what_changed(root: _Element, record: ExecutionRecord) -> None:
    """List what left as another value than the configured one. It is not read back: it is seen again."""
    spans = root.iterfind(f"{{{NAMESPACE}}}spans/{{{NAMESPACE}}}span")
    for element, span in zip(spans, record.spans, strict=True):
        found = [one.to_dict() for one in passed_differently(span)]
        if found:
            write_value(child(element, _CHANGED), plain(found))


_CHANGED = "passed_differently"


def _read_fields(element: _Element, names: Iterable[str]) -> dict[str, Any]:
    """The fields as plain canonical JSON."""
    found: dict[str, Any] = dict.fromkeys(names)
    for part in element:
        name = name_of(part)
        if name == _CHANGED:
            continue
        if name == "exact":
            found.update((str(entry.get("name")), read_value(entry[0])) for entry in part)
        else:
            found[name] = _read_field(part, name)
    return found


def _read_field(element: _Element, name: str) -> Any:
    kind = FIELDS.get(name, TEXT)
    if kind == TEXT:
        return plain(read_text(element))
    if kind == INTEGER:
        return read_integer(element.text or "")
    if kind == MOMENT:
        return element.text
    if kind == NUMBER:
        return read_number(element.text or "")
    if kind == NUMBERS:
        return [read_integer(number) for number in (element.text or "").split()]
    if kind == TEXTS:
        return [plain(read_text(part)) for part in element]
    if kind == MEDIA:
        return _read_fields(element, ("sha256", "bytes", "type"))
    if name == "links":
        return [read_parameters(part) for part in element]
    if name in _PARTS:
        return [_read_fields(part, _PARTS[name][1]) for part in element]
    return read_parameters(element)
