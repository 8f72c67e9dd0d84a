"""The elements of a Word document that python-docx has no words for, each where the schema wants it."""

from __future__ import annotations

from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

_ORDER = {
    "rPr": (
        "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof snapToGrid "
        "vanish webHidden color spacing w kern position sz szCs highlight u effect bdr shd fitText vertAlign rtl cs em "
        "lang eastAsianLayout specVanish oMath"
    ),
    "pPr": (
        "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers pBdr shd tabs "
        "suppressAutoHyphens kinsoku wordWrap overflowPunct topLinePunct autoSpaceDE autoSpaceDN bidi adjustRightInd "
        "snapToGrid spacing ind contextualSpacing mirrorIndents suppressOverlap jc textDirection textAlignment "
        "textboxTightWrap outlineLvl divId cnfStyle rPr sectPr pPrChange"
    ),
    "tcPr": "cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection tcFitText vAlign hideMark",
    "trPr": "cnfStyle divId gridBefore gridAfter wBefore wAfter cantSplit trHeight tblHeader tblCellSpacing jc hidden",
}
"""Children in the order of the schema: Word refuses documents that have them in another."""


def child(parent: Any, name: str, **attributes: str) -> Any:
    """The child of that name, made in its place where it is missing; attributes are in Word's namespace."""
    found = parent.find(qn(name))
    if found is None:
        found = OxmlElement(name)
        order = [f"w:{entry}" for entry in _ORDER[parent.tag.rpartition("}")[2]].split()]
        parent.insert_element_before(found, *order[order.index(name) + 1 :])
    for attribute, value in attributes.items():
        found.set(qn(f"w:{attribute}"), value)
    return found


def shade(properties: Any, fill: str) -> None:
    """Colour the background of paragraph or cell properties."""
    child(properties, "w:shd", val="clear", color="auto", fill=fill)


def border(properties: Any, name: str, **sides: str) -> None:
    """Lines around paragraph or cell properties: a colour for each side."""
    lines = child(properties, name)
    for side in ("top", "left", "bottom", "right"):
        if side in sides:
            lines.append(_element(f"w:{side}", val="single", sz="6", space="4", color=sides[side]))


def field(paragraph: Any, instruction: str, shown: str) -> None:
    """A field that Word works out by itself, with what is shown until then."""
    simple = _element("w:fldSimple", instr=instruction)
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = shown
    run.append(text)
    simple.append(run)
    paragraph._p.append(simple)


def repeat_as_header(row: Any) -> None:
    """Show this row of a table again on each page."""
    child(row._tr.get_or_add_trPr(), "w:tblHeader")


def keep_together(row: Any) -> None:
    """Never break this row of a table over two pages."""
    child(row._tr.get_or_add_trPr(), "w:cantSplit")


def may_break(row: Any) -> None:
    """Let this row of a table go over pages."""
    child(row._tr.get_or_add_trPr(), "w:cantSplit", val="0")


def keep_on_one_page(table: Any, *, with_next: bool) -> None:
    """Never break this table over two pages; `with_next` also not between it and what follows."""
    rows = list(table._tbl.iter(qn("w:tr")))
    for row in rows if with_next else rows[:-1]:
        for paragraph in row.iter(qn("w:p")):
            child(paragraph.get_or_add_pPr(), "w:keepNext")


def exact_height(row: Any, points: float) -> None:
    """Make this row of a table as high as that, whatever is in it."""
    child(row._tr.get_or_add_trPr(), "w:trHeight", val=str(round(points * 20)), hRule="exact")


def describe_picture(shape: Any, alternative: str) -> None:
    """What a screen reader says instead of a picture."""
    shape._inline.docPr.set("descr", alternative)


def _element(name: str, **attributes: str) -> Any:
    made = OxmlElement(name)
    for attribute, value in attributes.items():
        made.set(qn(f"w:{attribute}"), value)
    return made
