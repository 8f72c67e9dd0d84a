"""Many runs as one Word document: title, contents, summary, plots, and each run as its own document tells it."""

from __future__ import annotations

from collections.abc import Iterable
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import docx

from exporters.collections.book.book import Book, Said, entry_of
from exporters.collections.book.docx_front import write_front
from exporters.collections.book.rows import BookRow
from exporters.collections.options import CollectionOptions
from exporters.formats.docx.contents import bookmark
from exporters.formats.docx.document import plain, say_of_itself, write_chapters
from exporters.formats.docx.runs import tell
from exporters.formats.docx.spooled import SpooledBody
from exporters.formats.docx.styles import set_up, set_up_deeper
from exporters.formats.printed.colours import GREY
from exporters.formats.printed.layout import Printed
from otel_tracking.record import ExecutionRecord


def write(
    records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions, said: Said | None = None
) -> None:
    """A Word document of these records. Runs wait in a private file that has no name; their pictures stay in memory."""
    book, document = Book(options, said), docx.Document()
    set_up(document, options.language, plain(options.title)[:120])
    set_up_deeper(document)
    body = SpooledBody(document)
    with TemporaryFile() as front, TemporaryFile() as runs:
        for record in records:
            row, story = book.read(record)
            _write_run(document, row, book.printed(row, story))
            body.move_to(runs)
        write_front(document, book.front(), book.rows, book.words)
        body.move_to(front)
        say_of_itself(document, options.title, options.language, book.moment)
        body.save(file, front, runs)


def _write_run(document: Any, row: BookRow, told: Printed) -> None:
    heading = document.add_heading("", 1)
    heading.paragraph_format.page_break_before = True
    tell(heading, entry_of(row))
    bookmark(heading, place_of(row), row.number)
    tell(document.add_paragraph(), told.execution_id, size=8, colour=GREY)
    write_chapters(document, told, below=1)


def place_of(row: BookRow) -> str:
    """The name of the bookmark of a run."""
    return f"run_{row.number}"
