"""Pictures as documents can hold them: of a sensible size, in a format that every reader knows, without hidden data."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exporters.media.pictures import small_picture

if TYPE_CHECKING:
    from PIL import Image

LONGEST_SIDE = 1600
"""Pixels: as sharp as print on half a page."""
_FEW_COLOURS = 4096


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture, `png` or `jpeg`, and its size in pixels."""

    content: bytes
    suffix: str
    width: int
    height: int


def printable(content: bytes, longest_side: int = LONGEST_SIDE) -> Picture | None:
    """The picture in `content`; None where there is none that can be read. Of an animation it is the first frame.

    It is encoded anew: prompts, workflows and places that programs hide in pictures stay out of documents.
    """
    picture = small_picture(content, longest_side)
    return None if picture is None else _encoded(picture)


def _encoded(flat: Image.Image) -> Picture:
    # Drawings stay sharp as PNG; photographs would be ten times as large.
    as_png = flat.mode == "RGBA" or flat.getcolors(_FEW_COLOURS) is not None
    out = io.BytesIO()
    if as_png:
        flat.save(out, "PNG")
    else:
        flat.save(out, "JPEG", quality=90, subsampling=0)
    return Picture(out.getvalue(), "png" if as_png else "jpg", flat.width, flat.height)
