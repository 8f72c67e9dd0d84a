"""How a Word document of a record looks: fonts, colours, page."""

from __future__ import annotations

from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from exporters.formats.docx.runs import SIGN_STYLE
from exporters.formats.docx.xml import child, field
from exporters.formats.printed.colours import ACCENT, GREY

_FONT = "Calibri"
_FONT_OF_OTHER_SCRIPTS = "Arial"


def set_up(document: Any, language: str, footer: str) -> None:
    """Page, fonts and styles of an empty document."""
    _page(document, footer)
    _font(document.styles["Normal"], 10)
    for name, size in (("Title", 22), ("Heading 1", 14), ("Heading 2", 10.5), ("Caption", 9)):
        _font(document.styles[name], size, colour=ACCENT if name != "Caption" else GREY)
    document.styles["Normal"].paragraph_format.space_after = Pt(3)
    child(document.styles["Normal"].element.get_or_add_rPr(), "w:lang", val=language, bidi="ar-SA", eastAsia="zh-CN")
    _sign_style(document)


def set_up_deeper(document: Any) -> None:
    """Styles for a document of many runs, whose headings go deeper, and for its table of contents."""
    for name, size in (("Heading 3", 10.5), ("TOC Heading", 14)):
        _font(document.styles[name], size, colour=ACCENT)
    entry = document.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH)
    entry.base_style = document.styles["Normal"]
    entry.paragraph_format.space_after = Pt(2)
    entry.paragraph_format.tab_stops.add_tab_stop(Mm(170), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)


def _page(document: Any, footer: str) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(20)
    paragraph = section.footer.paragraphs[0]
    run = paragraph.add_run(f"{footer}\t\t")
    run.font.size, run.font.color.rgb = Pt(7.5), RGBColor.from_string(GREY)
    field(paragraph, "PAGE", "1")


def _font(style: Any, size: float, colour: str | None = None) -> None:
    style.font.name, style.font.size = _FONT, Pt(size)
    properties = style.element.get_or_add_rPr()
    fonts = child(properties, "w:rFonts", ascii=_FONT, hAnsi=_FONT, cs=_FONT_OF_OTHER_SCRIPTS)
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    child(properties, "w:szCs", val=str(int(size * 2)))
    if colour:
        style.font.color.rgb = RGBColor.from_string(colour)


def _sign_style(document: Any) -> None:
    """Small letters in a frame, as in the PDF."""
    style = document.styles.add_style(SIGN_STYLE, WD_STYLE_TYPE.CHARACTER)
    style.font.size, style.font.color.rgb = Pt(7), RGBColor.from_string(GREY)
    child(style.element.get_or_add_rPr(), "w:bdr", val="single", sz="4", space="0", color=GREY)
