"""Many runs bound into one PDF: chapters as they come, and last what stands before them.

Pages are put in order when the document is written, and the numbers of pages are drawn then: nothing has to be laid out
twice, and of a chapter that is done nothing is kept but its pages, compressed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

from reportlab.platypus import Flowable, PageBreak

from exporters.formats.pdf.lines import Line
from exporters.formats.pdf.pages import Document, Page
from exporters.formats.pdf.pictures import pressed
from exporters.formats.pdf.structure import Node
from exporters.formats.pdf.styles import PAGE_HEIGHT, PAGE_WIDTH

DrawNumber = Callable[[Any, str], None]
"""Draws a page number so that it ends where the canvas is."""


class BoundPage(Page):
    """A canvas on which each chapter has bookmarks of its own, and whose last pages become the first."""

    def __init__(self, *arguments: Any, draw_number: DrawNumber, **options: Any) -> None:
        super().__init__(*arguments, is_told=False, **options)
        self._draw_number = draw_number
        self._chapter, self._below = "", 0
        self._chapters: dict[int, str] = {}
        self._pages_of: dict[str, int] = {}
        self._entries: tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]] = ([], [])
        self._promised: set[str] = set()
        self._bound = 0
        self.showOutline()

    def begin_chapter(self, name: str, title: str) -> None:
        """From here on bookmarks belong to the chapter of that name, which has one itself."""
        self._chapter, self._below = "", 0
        self.bookmarkHorizontal(name, 0, PAGE_HEIGHT)
        self.addOutlineEntry(title, name, 0, closed=True)
        self._chapter, self._below = name, 1
        self._chapters[self.getPageNumber()] = name

    def begin_front(self) -> None:
        """What follows stands before all that was drawn so far."""
        self._chapter, self._below = "", 0
        self._bound = self.getPageNumber() - 1

    def chapter_on(self, number: int) -> str:
        """The chapter that the page belongs to which was drawn as that; empty in front of all chapters."""
        begun = [page for page in self._chapters if page <= number <= self._bound]
        return self._chapters[max(begun)] if begun else ""

    def printed_number(self, number: int) -> int:
        """The number that stands on the page which was drawn as that."""
        front = self.getPageNumber() - 1 - self._bound
        return number + front if number <= self._bound else number - self._bound

    def promise_number(self, name: str) -> None:
        """The number of the page on which that chapter begins, ending here; it is drawn when it is known."""
        self._promised.add(name)
        self.doForm(f"number-{name}")

    def bookmarkHorizontal(self, key: str, *place: Any, **options: Any) -> None:
        """A bookmark of the chapter."""
        own = self._own(key)
        self._pages_of[own] = self.getPageNumber()
        super().bookmarkHorizontal(own, *place, **options)

    def addOutlineEntry(self, title: str, key: str, level: int = 0, closed: bool | None = None) -> None:
        """An entry below that of the chapter; those in front of all chapters come first."""
        entries = self._entries[0 if self._bound else 1]
        entries.append((title, self._own(key), level + self._below, closed))

    def link(self, line: Line, place: tuple[float, float, float, float], node: Node) -> None:
        """A line as a link to a bookmark of the chapter."""
        super().link(replace(line, link=self._own(line.link)), place, node)

    def showPage(self) -> None:
        """End the page; its content is kept compressed."""
        super().showPage()
        page = self._doc.Pages.pages[-1]
        page.Contents, page.stream = pressed(page.stream.encode()), None

    def save(self) -> None:
        """Put the pages in order, draw what was promised, and write the document."""
        for entry in (*self._entries[0], *self._entries[1]):
            super().addOutlineEntry(*entry)
        pages = self._doc.Pages.pages
        self._doc.Pages.pages = [*pages[self._bound :], *pages[: self._bound]]
        for name in sorted(self._promised):
            self.beginForm(f"number-{name}", -PAGE_WIDTH, -PAGE_HEIGHT, PAGE_WIDTH, PAGE_HEIGHT)
            self._draw_number(self, str(self.printed_number(self._pages_of[name])))
            self.endForm()
        super().save()

    def _own(self, key: str) -> str:
        return f"{self._chapter}/{key}" if self._chapter else key


class Beginning(Flowable):  # type: ignore[misc]
    """Where a chapter begins; nothing to be seen."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self._name, self._title = name, title

    def wrap(self, *_: Any) -> tuple[float, float]:
        """No room."""
        return 0, 0

    def draw(self) -> None:
        """Tell the canvas."""
        self.canv.begin_chapter(self._name, self._title)


class Binder(Document):
    """Takes chapters one at a time and then what stands before them; nothing is written before `bind`."""

    def __init__(
        self, file: BinaryIO, footer: Callable[[Any, int, int], None], draw_number: DrawNumber, *, language: str
    ) -> None:
        super().__init__(file, lang=language)
        self._moment = dt.datetime.fromtimestamp(0, dt.UTC)

        def canvas(*arguments: Any, **options: Any) -> BoundPage:
            own: dict[str, Any] = {"moment": self._moment, "footer": footer, "draw_number": draw_number}
            return BoundPage(*arguments, **own, **options)

        self._startBuild(None, canvas)
        self.canv._doctemplate = self

    def add(self, name: str, title: str, flowables: list[Flowable]) -> None:
        """A chapter on pages of its own; `name` is that of its bookmark, `title` stands in the outline."""
        self._lay([Beginning(name, title), *flowables, PageBreak()])

    def bind(self, flowables: list[Flowable], *, moment: dt.datetime, **about: str) -> None:
        """Put these before all chapters, and write the document, which was made at `moment`, as it says.

        `about` is what it says of itself: title and subject.
        """
        canvas = self.canv
        canvas.begin_front()
        self._lay(flowables)
        canvas.setDateFormatter(lambda *_: f"D:{moment.astimezone(dt.UTC):%Y%m%d%H%M%S}+00'00'")
        canvas.setTitle(about["title"])
        canvas.setSubject(about["subject"])
        canvas.setAuthor("otel-tracking")
        del canvas._doctemplate
        self._endBuild()

    def _lay(self, flowables: list[Flowable]) -> None:
        while flowables:
            self.clean_hanging()
            self.handle_flowable(flowables)
