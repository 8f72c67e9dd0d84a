"""Open a picture that may come from anybody: what else its file holds does not keep it from being seen."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from exporters.media.png_text import picture_alone

if TYPE_CHECKING:
    from PIL import Image, ImageFile


def open_picture(content: bytes, formats: tuple[str, ...] | None = None) -> ImageFile.ImageFile:
    """The picture, opened and not yet decoded; of a PNG without its texts, which Pillow unpacks or refuses whole.

    Raises what Pillow raises: broken files make its decoders raise almost anything.
    """
    from PIL import Image

    return Image.open(io.BytesIO(picture_alone(content)), formats=formats)


def upright(picture: Image.Image) -> Image.Image:
    """The picture turned as its camera says; as it is where the camera says nothing that can be read."""
    from PIL import ImageOps

    picture.load()
    # What stands in EXIF is anybody's bytes, and its reader raises almost anything.
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture
