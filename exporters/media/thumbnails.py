"""Make a small picture of a picture, for pages that show many: bytes in, bytes out, None for what is no picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Literal

from exporters.media.pictures import small_picture

if TYPE_CHECKING:
    from PIL import Image

LONGEST_SIDE = 512
_OPTIONS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 82, "optimize": True}, "WEBP": {"quality": 80, "method": 4}}


def thumbnail(
    content: bytes, *, longest_side: int = LONGEST_SIDE, image_format: Literal["JPEG", "WEBP"] = "JPEG"
) -> bytes | None:
    """The picture, its longest side at most `longest_side`, without anything that came along in the file.

    A smaller picture keeps its size. Of a moving one it is the first frame; what is transparent becomes white. None
    for what cannot be read as a picture, is cut off, or has more than 50 million pixels.
    """
    small = small_picture(content, longest_side)
    if small is None:
        return None
    buffer = io.BytesIO()
    _on_white(small).save(buffer, image_format, **_OPTIONS[image_format])
    return buffer.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode != "RGBA":
        return picture.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
