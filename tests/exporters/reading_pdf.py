"""What other programs find in a PDF."""

from __future__ import annotations

import functools
import io

from pypdf import PdfReader

from exporters import FORMATS


def read(document):
    return PdfReader(io.BytesIO(document))


def text_of(document):
    return "\n".join(page.extract_text() for page in read(document).pages)


@functools.cache
def printed(name, make):
    """That record in that format, made once for all tests that only look at it."""
    return FORMATS[name].render(make())


def headings(reader):
    return [entry.title for entry in reader.outline if not isinstance(entry, list)]


def fonts_of(reader):
    """The fonts of all pages: those that hold the glyphs, below the composite ones."""
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"].get("/Font", {}).values()]
    return [font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font for font in fonts]
