"""The table of contents of a Word document: entries that are there already, and a field that makes them anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

_INSTRUCTION = r' TOC \o "1-1" \h \z \u '


def bookmark(paragraph: Any, name: str, number: int) -> None:
    """Make the whole of a paragraph the place that links of that name lead to; `number` is its own."""
    start, end = (
        paragraph._p.makeelement(qn(f"w:bookmark{side}"), {qn("w:id"): str(number)}) for side in ("Start", "End")
    )
    start.set(qn("w:name"), name)
    first = paragraph._p.find(qn("w:r"))
    (first.addprevious if first is not None else paragraph._p.append)(start)
    paragraph._p.append(end)


def contents_entry(paragraph: Any, name: str) -> None:
    """Make what a paragraph says a link to that bookmark; behind a tab the number of its page, once Word counts."""
    link = _element("w:hyperlink", anchor=name, history="1")
    for run in paragraph._p.findall(qn("w:r")):
        link.append(run)
    paragraph._p.append(link)
    tab = OxmlElement("w:r")
    tab.append(OxmlElement("w:tab"))
    link.append(tab)
    for part in _field(f" PAGEREF {name} \\h "):
        link.append(part)


def contents(paragraphs: Sequence[Any]) -> None:
    """Make these entries the table of contents: Word offers to bring it up to date."""
    if not paragraphs:
        return
    first, last = paragraphs[0]._p, paragraphs[-1]._p
    begin, instruction, separate, end = _field(_INSTRUCTION)
    for part in (separate, instruction, begin):
        first.insert(1 if first.pPr is not None else 0, part)
    last.append(end)
    table = OxmlElement("w:sdt")
    first.addprevious(table)
    table.append(_gallery())
    content = OxmlElement("w:sdtContent")
    table.append(content)
    for paragraph in paragraphs:
        content.append(paragraph._p)


def _gallery() -> Any:
    properties, part = OxmlElement("w:sdtPr"), OxmlElement("w:docPartObj")
    part.append(_element("w:docPartGallery", val="Table of Contents"))
    part.append(OxmlElement("w:docPartUnique"))
    properties.append(part)
    return properties


def _field(instruction: str) -> list[Any]:
    """The runs of a field that has no result yet: what stands between the last two is shown until it has."""
    told = OxmlElement("w:instrText")
    told.set(qn("xml:space"), "preserve")
    told.text = instruction
    inside = [_element("w:fldChar", fldCharType="begin"), told]
    inside += [_element("w:fldChar", fldCharType=kind) for kind in ("separate", "end")]
    runs = []
    for one in inside:
        run = OxmlElement("w:r")
        run.append(one)
        runs.append(run)
    return runs


def _element(name: str, **attributes: str) -> Any:
    made = OxmlElement(name)
    for attribute, value in attributes.items():
        made.set(qn(f"w:{attribute}"), value)
    return made
