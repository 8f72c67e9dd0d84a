"""Text of the record as runs of a Word paragraph: direction, language and letters marked, signs in frames."""

from __future__ import annotations

import unicodedata
from typing import Any

from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from exporters.formats.docx.xml import child
from exporters.story.printed.directions import runs
from exporters.story.printed.languages import EAST_ASIAN, language_of
from exporters.story.printed.signs import Sign, pieces
from exporters.story.readable import direction_of
from exporters.story.untranslated import MIXED, UNDETERMINED

SIGN_STYLE = "Sign"
"""Character style of what stands for a character that cannot be printed."""

_RIGHT_TO_LEFT = frozenset(["ar", "he", "fa", "ur", "yi", "ps", "sd", "ug", "dv", "ckb"])
_EAST_ASIAN_FONTS = {"ja": "Yu Gothic", "ko": "Malgun Gothic", "zh": "Microsoft YaHei"}
_REGIONS = {"ja": "ja-JP", "ko": "ko-KR", "zh": "zh-CN", "ar": "ar-SA", "he": "he-IL", "fa": "fa-IR", "hi": "hi-IN"}


def tell(
    paragraph: Any,
    text: str,
    language: str | None = None,
    *,
    size: float | None = None,
    colour: str | None = None,
    bold: bool = False,
) -> None:
    """Append `text` to a Word paragraph, which becomes one from right to left where the text begins so."""
    base = direction_of(text)
    if base == "rtl" and not paragraph.runs:
        turn(paragraph)
    for piece in pieces(text, _unassigned(text)):
        if isinstance(piece, Sign):
            _coloured(paragraph.add_run(piece.label, style=SIGN_STYLE), None, None, False)
            continue
        for stretch, direction in runs(piece, base):
            run = paragraph.add_run(stretch)
            _coloured(run, size, colour, bold)
            _mark(run, direction, _language(stretch, direction, language))


def _unassigned(text: str) -> frozenset[str]:
    """Characters that Unicode did not know when this Python was made; new pictograms are known sooner than that."""
    return frozenset(one for one in set(text) if one < "\U0001f000" and unicodedata.category(one) == "Cn")


def _language(stretch: str, direction: str, said: str | None) -> str | None:
    """The language of a stretch: that of its text, unless it quotes another script."""
    shown = language_of(stretch)
    code = language_of(stretch, said)
    is_quote = (direction == "rtl") != (code in _RIGHT_TO_LEFT) or (shown in EAST_ASIAN and code not in EAST_ASIAN)
    return shown if is_quote else code


def turn(paragraph: Any) -> None:
    """Make it a paragraph from right to left; its start is on the right then."""
    child(paragraph._p.get_or_add_pPr(), "w:bidi")


def _coloured(run: Any, size: float | None, colour: str | None, bold: bool) -> None:
    if size:
        run.font.size = Pt(size)
        # Arabic, Hebrew and Indic letters have a size of their own.
        child(run._r.get_or_add_rPr(), "w:szCs").set(qn("w:val"), str(int(size * 2)))
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)
    if bold:
        run.font.bold = True
        run.font.cs_bold = True


def _mark(run: Any, direction: str, code: str | None) -> None:
    if direction == "rtl":
        run.font.rtl = True
    if code in EAST_ASIAN:
        fonts = run._r.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:eastAsia"), _EAST_ASIAN_FONTS[code])
        fonts.set(qn("w:hint"), "eastAsia")
    if code in (MIXED, UNDETERMINED):
        # No spelling of one language is right for it, that of the document least of all.
        child(run._r.get_or_add_rPr(), "w:noProof")
    elif code:
        _say_language(run, direction, code)


def _say_language(run: Any, direction: str, code: str) -> None:
    tag = _REGIONS.get(code, code)
    attribute = "w:eastAsia" if code in EAST_ASIAN else "w:bidi" if direction == "rtl" else "w:val"
    child(run._r.get_or_add_rPr(), "w:lang").set(qn(attribute), tag)
