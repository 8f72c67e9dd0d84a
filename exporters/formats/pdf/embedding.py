"""Put the glyphs that a document uses into it: small TrueType fonts, with the text that each glyph stands for.

ReportLab's own fonts take TrueType files with one weight and one outline per character. Here any font that HarfBuzz can
read gives outlines for the glyphs that were used, joined and stacked ones among them, and they become a composite font
(PDF 32000-1, 9.7) through ReportLab's objects.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from exporters.formats.pdf.shaping import PER_EM, Glyph, Piece, PlacedGlyph, Typeface

if TYPE_CHECKING:
    from reportlab.pdfbase.pdfdoc import PDFDocument

_FINENESS = 1.0
"""Units that a curve may be off where it becomes a quadratic one, of 1,000 in the size of a letter."""
_MOST_CODES = 65_000
_STILL = 0.01
_A_LITTLE = 0.5

Parts = tuple[PlacedGlyph, ...]
Drawn = tuple[Parts, str]
"""What a glyph looks like, and the text that it stands for."""


class EmbeddedFont:
    """The glyphs of one typeface that a document uses, each with a code."""

    def __init__(self, typeface: Typeface, resource: str) -> None:
        self.resource = resource
        self._typeface = typeface
        self._codes: dict[Drawn, int] = {}
        self._programs: dict[Piece, str] = {}

    def shown(self, piece: Piece, *, leftwards: bool = False) -> str:
        """The glyphs of a piece as PDF shows them: operands of `TJ`; `leftwards` begins with the one at the right."""
        if piece not in self._programs:
            self._programs[piece] = self._leftwards(piece.glyphs[::-1]) if leftwards else self._program(piece.glyphs)
        return self._programs[piece]

    def addObjects(self, document: PDFDocument) -> None:
        """Put the font into the document."""
        _write_font(document, self.resource, self._typeface, tuple(self._codes))

    def _program(self, glyphs: Sequence[Glyph]) -> str:
        said: list[str] = []
        for glyph in glyphs:
            said.append(f"<{self._code(glyph):04x}>")
            beyond = glyph.advance - _advance(self._typeface, glyph.parts)
            if abs(beyond) > _STILL:
                said.append(f"{-beyond:.6g}")
        return "".join(_joined(said))

    def _leftwards(self, glyphs: Sequence[Glyph]) -> str:
        """Each glyph, and how far back from its end the next one begins.

        What takes no room stands a little further left than the letter before it: readers of PDF sort by places.
        """
        said: list[str] = []
        end = start = 0.0
        for glyph in glyphs:
            start -= glyph.advance or _A_LITTLE
            said += [f"{end - start:.6g}"] if said else []
            said.append(f"<{self._code(glyph):04x}>")
            end = start + _advance(self._typeface, glyph.parts)
        return "".join(said)

    def _code(self, glyph: Glyph) -> int:
        key = (glyph.parts, glyph.text)
        if key not in self._codes and len(self._codes) >= _MOST_CODES:
            key = (glyph.parts, "")
        return self._codes.setdefault(key, len(self._codes) + 1)


def _joined(said: list[str]) -> list[str]:
    """`<0001><0002>` as `<00010002>`: half the size."""
    joined: list[str] = []
    for part in said:
        if part[0] == "<" and joined and joined[-1][0] == "<":
            joined[-1] = joined[-1][:-1] + part[1:]
        else:
            joined.append(part)
    return joined


@lru_cache(maxsize=20_000)
def _advance(typeface: Typeface, parts: Parts) -> float:
    return float(sum(typeface.font.get_glyph_h_advance(part.number) for part in parts) * typeface.scale)


@lru_cache(maxsize=4_000)
def _outline(typeface: Typeface, parts: Parts) -> Any:
    """The outline of a glyph as TrueType has it: quadratic curves, in thousandths."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.transformPen import TransformPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    quadratic = Cu2QuPen(pen, _FINENESS)
    scale = typeface.scale
    for part in parts:
        placed = TransformPen(quadratic, (scale, 0, 0, scale, part.right, part.up))
        typeface.font.draw_glyph_with_pen(part.number, placed)
    return pen.glyph()


@lru_cache(maxsize=32)
def _truetype(typeface: Typeface, drawn: tuple[Parts, ...]) -> tuple[bytes, tuple[int, ...]]:
    """A font of these glyphs, with nothing but what a PDF needs, and its bounding box.

    Kept, since a record is often wanted as PDF and for archives, one after the other.
    """
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    names = [".notdef", *(f"g{place}" for place in range(len(drawn)))]
    outlines = [TTGlyphPen(None).glyph(), *(_outline(typeface, parts) for parts in drawn)]
    advances = [0, *(round(_advance(typeface, parts)) for parts in drawn)]
    builder = FontBuilder(int(PER_EM), isTTF=True)
    # The same glyphs give the same bytes: no font says when it was made.
    builder.updateHead(created=0, modified=0)
    builder.font.recalcTimestamp = False
    builder.setupGlyphOrder(names)
    builder.setupGlyf(dict(zip(names, outlines, strict=True)), calcGlyphBounds=True)
    edges = [getattr(outline, "xMin", 0) for outline in outlines]
    builder.setupHorizontalMetrics(dict(zip(names, zip(advances, edges, strict=True), strict=True)))
    builder.setupHorizontalHeader(ascent=1000, descent=-300)
    builder.setupMaxp()
    out = io.BytesIO()
    builder.font.save(out)
    head = builder.font["head"]
    return out.getvalue(), (head.xMin, head.yMin, head.xMax, head.yMax)


def _write_font(document: Any, resource: str, typeface: Typeface, codes: Sequence[Drawn]) -> None:
    from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFString

    drawn = tuple(dict.fromkeys(parts for parts, _ in codes))
    places = {parts: place for place, parts in enumerate(drawn, start=1)}
    data, box = _truetype(typeface, drawn)
    name = PDFName(f"{_tag(data)}+{typeface.name}")
    indices = b"\0\0" + b"".join(places[parts].to_bytes(2, "big") for parts, _ in codes)
    widths = [0.0, *(_advance(typeface, parts) for parts, _ in codes)]
    descriptor = {
        "Type": PDFName("FontDescriptor"),
        "FontName": name,
        "Flags": 4,
        "FontBBox": PDFArray(box),
        "ItalicAngle": 0,
        "Ascent": 1000,
        "Descent": -300,
        "CapHeight": 714,
        "StemV": 80,
        "FontFile2": _stream(document, data, Length1=len(data)),
    }
    glyphs = {
        "Type": PDFName("Font"),
        "Subtype": PDFName("CIDFontType2"),
        "BaseFont": name,
        "CIDSystemInfo": PDFDictionary(
            {"Registry": PDFString("Adobe"), "Ordering": PDFString("Identity"), "Supplement": 0}
        ),
        "FontDescriptor": document.Reference(PDFDictionary(descriptor)),
        "DW": 0,
        "W": PDFArray([0, PDFArray([f"{width:.6g}" if width % 1 else int(width) for width in widths])]),
        "CIDToGIDMap": _stream(document, indices),
    }
    font = {
        "Type": PDFName("Font"),
        "Subtype": PDFName("Type0"),
        "BaseFont": name,
        "Encoding": PDFName("Identity-H"),
        "DescendantFonts": PDFArray([document.Reference(PDFDictionary(glyphs))]),
        "ToUnicode": _stream(document, _to_unicode(codes)),
    }
    document.idToObject["BasicFonts"].dict[resource] = document.Reference(PDFDictionary(font))


def _stream(document: Any, content: bytes, **entries: Any) -> Any:
    from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFStream

    return document.Reference(PDFStream(PDFDictionary(entries), content))


def _tag(data: bytes) -> str:
    """Six letters that tell this subset from others of the same font."""
    number = int.from_bytes(hashlib.sha256(data).digest()[:8], "big")
    return "".join(chr(ord("A") + number // 26**place % 26) for place in range(6))


def _to_unicode(codes: Sequence[Drawn]) -> bytes:
    """Which characters each code stands for, so that text can be copied and searched (9.10.3)."""
    told = [(code, text) for code, (_, text) in enumerate(codes, start=1)]
    lines = [f"<{code:04x}> <{text.encode('utf-16-be').hex()}>" for code, text in told]
    # No more than a hundred in one section.
    sections = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    body = "".join(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n" for part in sections)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{body}"
        "endcmap CMapName currentdict /CMap defineresource pop end end"
    ).encode("ascii")
