"""A page as a picture."""

from __future__ import annotations

import io

import pypdfium2

_DOTS_PER_POINT = 200 / 72


def picture_of_page(pdf: bytes) -> bytes:
    """The first page of a PDF as a PNG, at 200 dots an inch."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[0].render(scale=_DOTS_PER_POINT).to_pil()
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True)
        return out.getvalue()
    finally:
        document.close()
