"""Make a small picture of a picture, for pages that show many: bytes in, bytes out, None for what is no picture."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from PIL import Image

LONGEST_SIDE = 512
MOST_PIXELS = 50_000_000
_READ = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_OPTIONS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 82, "optimize": True}, "WEBP": {"quality": 80, "method": 4}}


def thumbnail(
    content: bytes, *, longest_side: int = LONGEST_SIDE, image_format: Literal["JPEG", "WEBP"] = "JPEG"
) -> bytes | None:
    """The picture, its longest side at most `longest_side`, without anything that came along in the file.

    A smaller picture keeps its size. Of a moving one it is the first frame; what is transparent becomes white. None
    for what cannot be read as a picture, is cut off, or has more than 50 million pixels.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _shrink(content, longest_side, image_format)
    # Whatever a broken or hostile file makes the decoders raise, it has no thumbnail.
    except Exception:
        return None


def _shrink(content: bytes, longest_side: int, image_format: str) -> bytes | None:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content), formats=_READ) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            return None
        # A JPEG is decoded at a fraction of its size where that is enough.
        picture.draft("RGB", (longest_side, longest_side))
        upright = ImageOps.exif_transpose(picture)
    upright = _on_white(upright)
    upright.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    # A copy of the pixels alone: what the file said beside them stays behind.
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    buffer = io.BytesIO()
    bare.save(buffer, image_format, **_OPTIONS[image_format])
    return buffer.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode in ("RGB", "L"):
        return picture.convert("RGB")
    if picture.mode.startswith(("I", "F")):
        # More than 8 bits a pixel: brought to them, or everything would be white.
        low, high = cast(tuple[float, float], picture.getextrema())
        span = (high - low) or 1
        return picture.convert("F").point(lambda value: (value - low) * (255 / span)).convert("L").convert("RGB")
    clear = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
