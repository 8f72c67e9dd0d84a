"""Pages of a document: letters in embedded fonts, page numbers, what the file says of itself, the record inside it."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from exporters.formats.pdf.archive import archived
from exporters.formats.pdf.embedding import EmbeddedFont
from exporters.formats.pdf.lines import Line
from exporters.formats.pdf.pictures import picture_object
from exporters.formats.pdf.shaping import Typeface
from exporters.formats.pdf.structure import Mark, Node, nodes_of
from exporters.formats.pdf.styles import BOTTOM, MARGIN, PAGE_HEIGHT, PAGE_WIDTH, WIDTH
from exporters.formats.printed.pictures import Picture

_PRINTED = 4
"""The flag of a link that is there on paper too; archives want it."""


class Page(Canvas):  # type: ignore[misc]
    """A canvas whose letters all come from embedded fonts; nothing else may be a font of it."""

    def __init__(
        self,
        *arguments: Any,
        moment: dt.datetime,
        footer: Callable[[Page, int, int], None],
        is_told: bool,
        **options: Any,
    ) -> None:
        self._embedded: dict[Typeface, EmbeddedFont] = {}
        self._is_told, self._marks, self._links = is_told, 0, 0
        self._footer = footer
        super().__init__(*arguments, **{**options, "invariant": 1, "pageCompression": 0})
        # Every stream is compressed when it is written, and not made text first, which costs a quarter.
        self._doc.defaultStreamFilters = [pdfdoc.PDFZCompress]
        self.setDateFormatter(lambda *_: f"D:{moment:%Y%m%d%H%M%S}+00'00'")

    def embedded(self, typeface: Typeface) -> EmbeddedFont:
        """The font of this document that has the glyphs of that typeface."""
        if typeface not in self._embedded:
            font = EmbeddedFont(typeface, f"F{len(self._embedded) + 1}")
            self._embedded[typeface] = font
            self._doc.delayedFonts.append(font)
        return self._embedded[typeface]

    @contextmanager
    def telling(self, node: Node | None, language: str = "") -> Iterator[None]:
        """What is drawn meanwhile is that, in that language; all else on a page is for the eye alone (14.8.2.2)."""
        if not self._is_told or node is None:
            yield
            return
        node.marks.append(Mark(self.getPageNumber(), self._marks))
        said = f"/MCID {self._marks}" + (f" /Lang ({language})" if language else "")
        self._marks += 1
        self.addLiteral(f"EMC /Span <<{said}>> BDC")
        yield
        self.addLiteral("EMC /Artifact BMC")

    def link(self, line: Line, place: tuple[float, float, float, float], node: Node) -> None:
        """A line as a link to a bookmark."""
        said = "".join(one.piece.text for one in line.placed)
        self.linkRect(said, line.link, place, relative=1, thickness=0, F=_PRINTED)
        node.marks.append(Mark(self.getPageNumber(), self._links, is_link=True))
        self._links += 1

    def begin_page(self, *_: Any) -> None:
        """Promise the footer: how many pages there are is known at the end; a form may be drawn before it is made."""
        self._marks = self._links = 0
        if self._is_told:
            self.addLiteral("/Artifact BMC")
        self.doForm(f"footer-{self.getPageNumber()}")

    def end_page(self, *_: Any) -> None:
        """Nothing is drawn on it any more."""
        if self._is_told:
            self.addLiteral("EMC")

    def show_picture(self, picture: Picture) -> None:
        """The picture in the unit square."""
        known = f"picture-{hashlib.sha256(picture.content).hexdigest()[:16]}"
        if not self.hasForm(known):
            self._doc.addForm(known, picture_object(picture, self._doc))
        self.doForm(known)

    def attach(self, name: str, content: bytes, description: str) -> None:
        """Put a JSON file into the document, where readers list attachments (7.11.4)."""
        text, named = pdfdoc.PDFString, pdfdoc.PDFName
        size = pdfdoc.PDFDictionary({"Size": len(content)})
        entries = {"Type": named("EmbeddedFile"), "Subtype": "/application#2Fjson", "Params": size}
        stream = self._doc.Reference(pdfdoc.PDFStream(pdfdoc.PDFDictionary(entries), content))
        told = {
            "Type": named("Filespec"),
            "F": text(name),
            "UF": text(name),
            "Desc": text(description),
            "AFRelationship": named("Source"),
            "EF": pdfdoc.PDFDictionary({"F": stream, "UF": stream}),
        }
        files = pdfdoc.PDFArray([text(name), self._doc.Reference(pdfdoc.PDFDictionary(told))])
        tree = pdfdoc.PDFDictionary({"Names": files})
        self._doc.Catalog.Names = pdfdoc.PDFDictionary({"EmbeddedFiles": tree})

    def save(self) -> None:
        """Draw the footers, and write the document."""
        pages = self.getPageNumber() - 1
        for number in range(1, pages + 1):
            self.beginForm(f"footer-{number}", 0, 0, PAGE_WIDTH, PAGE_HEIGHT)
            self._footer(self, number, pages)
            self.endForm()
        super().save()

    def setFont(self, *_: Any, **__: Any) -> None:
        """Nothing: drawings would ask for fonts that every reader has, and no archive."""

    def _make_preamble(self) -> None:
        self._preamble = "1 0 0 1 0 0 cm"


class Document(BaseDocTemplate):  # type: ignore[misc]
    """Flowables on A4, with a footer on each page."""

    def __init__(self, out: BinaryIO, **about: Any) -> None:
        super().__init__(out, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), creator="otel-tracking", **about)
        frame = Frame(MARGIN, BOTTOM, WIDTH, PAGE_HEIGHT - MARGIN - BOTTOM, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate("page", [frame], onPage=Page.begin_page, onPageEnd=Page.end_page))


def build(
    flowables: Sequence[Flowable],
    footer: Callable[[Page, int, int], None],
    *,
    moment: dt.datetime,
    attachment: tuple[bytes, str] | None,
    for_archives: bool,
    **about: Any,
) -> bytes:
    """The PDF of these flowables, made at `moment`, as it says, with `record.json` inside and its description.

    One `for_archives` says what is a heading and what a table, and keeps PDF/A-3a and PDF/UA-1.
    `footer` draws on a page what its number and the number of all pages say; `about` is what ReportLab takes: title,
    author, subject, keywords, lang.
    """
    out = io.BytesIO()

    def canvas(*arguments: Any, **options: Any) -> Page:
        page = Page(*arguments, moment=moment, footer=footer, is_told=for_archives, **options)
        if attachment:
            page.attach("record.json", *attachment)
        return page

    root = Node("Document", list(nodes_of(flowables)))
    Document(out, **about).build(list(flowables), canvasmaker=canvas)
    return archived(out.getvalue(), root) if for_archives else out.getvalue()
