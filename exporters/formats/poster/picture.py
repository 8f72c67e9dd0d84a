"""A page as a picture."""

from __future__ import annotations

import io
import zlib

import pypdfium2

_DOTS_PER_POINT = 200 / 72


def picture_of_page(pdf: bytes) -> bytes:
    """The first page of a PDF as a PNG, at 200 dots an inch."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[0].render(scale=_DOTS_PER_POINT).to_pil()
        out = io.BytesIO()
        # On a page that is mostly paper, to look for more than repeated pixels takes up to twenty times as long and
        # makes the file a tenth smaller.
        image.save(out, "PNG", compress_type=zlib.Z_RLE)
        return out.getvalue()
    finally:
        document.close()
