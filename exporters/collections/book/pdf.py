"""Many runs as one PDF: title, contents with page numbers, summary, plots, and each run as its own PDF tells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from exporters.collections.book.book import Book, Said, entry_of
from exporters.collections.book.pdf_front import Contents, front_pages
from exporters.collections.options import CollectionOptions
from exporters.formats.pdf import texts_of
from exporters.formats.pdf.bound import Binder
from exporters.formats.pdf.chapters import draw_footer, run_among_others
from exporters.formats.pdf.flow import draw_letters
from exporters.formats.pdf.lines import Span, Typesetter
from exporters.formats.pdf.parts import plain
from exporters.formats.pdf.styles import SMALL
from exporters.formats.pdf.typefaces import typefaces_for
from otel_tracking.record import ExecutionRecord


def write(
    records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions, said: Said | None = None
) -> None:
    """A PDF of these records; of a run that is done its pages alone are kept, compressed."""
    book = Book(options, said)
    own = Typesetter(typefaces_for([options.title, *texts_of(book.words)]), options.language)
    binder = Binder(file, _footer(book, own), _draw_number(own), language=options.language)
    for record in records:
        row, story = book.read(record)
        printed = book.printed(row, story)
        setter = Typesetter(typefaces_for(texts_of(printed)), options.language)
        binder.add(row.name, plain(entry_of(row)), run_among_others(setter, printed))
        own.signs.update(setter.signs)
    front = book.front()
    setter = Typesetter(typefaces_for(texts_of(front.facts, front.tables, book.rows)), options.language, own.signs)
    pages = front_pages(setter, front, Contents(book.rows, book.words))
    binder.bind(pages, moment=book.moment, title=plain(options.title), subject=plain(book.words["book"]))


def _footer(book: Book, setter: Typesetter) -> Any:
    """What draws the foot of a page: the run that it tells of, or the title; and which page of how many."""

    def draw(canvas: Any, number: int, pages: int) -> None:
        chapter = canvas.chapter_on(number)
        named = book.rows[int(chapter.rpartition("-")[2]) - 1] if chapter else None
        left = f"{named.number}. {named.execution_id}" if named else book.options.title
        draw_footer(setter, canvas, left, f"{book.words['page']} {canvas.printed_number(number)} / {pages}")

    return draw


def _draw_number(setter: Typesetter) -> Any:
    def draw(canvas: Any, number: str) -> None:
        line = setter.lines([Span(number, SMALL)], 100, direction="ltr")[0]
        draw_letters(canvas, line, -line.width, 0)

    return draw
