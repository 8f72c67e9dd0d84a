"""Many runs as one HTML page: title, links to each run, summary, plots, and each run as its own page tells it."""

from __future__ import annotations

import functools
import shutil
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from exporters.collections.book.book import LONGEST_SIDE, Book, Said
from exporters.collections.options import CollectionOptions
from exporters.formats.html.document import MediaSize, policy, style, template, told_of
from otel_tracking.record import ExecutionRecord

_FOLDER = Path(__file__).parent
_LARGEST, _ENOUGH = 4_000_000, 150_000_000
"""Bytes of a sound or film in the page, and of a page to which no more media are added: they are named then."""
_END = b"</main>\n</body>\n</html>\n"


def write(
    records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions, said: Said | None = None
) -> None:
    """A page of these records. Runs wait in a private file that has no name, because the summary stands before them."""
    book, chapter = Book(options, said), template("chapter.html", _FOLDER)
    with TemporaryFile() as chapters:
        for record in records:
            row, story = book.read(record)
            size = MediaSize(LONGEST_SIDE, _LARGEST if chapters.tell() < _ENOUGH else 0)
            told = told_of(story, top=2, size=size)
            chapters.write(chapter.render(**told, row=row, book=book.words).encode())
        file.write(_front(book).encode())
        chapters.seek(0)
        shutil.copyfileobj(chapters, file)
    file.write(_END)


def _front(book: Book) -> str:
    look = style() + _own_style()
    return template("front.html", _FOLDER).render(
        front=book.front(),
        rows=book.rows,
        words=book.words,
        language=book.options.language,
        style=look,
        policy=policy(look),
        address=_address,
        address_of={"png": "image/png", "jpg": "image/jpeg"},
    )


def _address(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode('ascii')}"


@functools.cache
def _own_style() -> str:
    return (_FOLDER / "book.css").read_text("utf-8")
