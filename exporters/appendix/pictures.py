"""Pictures as documents can hold them: of a sensible size, in a format that every reader knows, without hidden data."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

_LONGEST_SIDE = 1600
_FEW_COLOURS = 4096


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture, `png` or `jpeg`, and its size in pixels."""

    content: bytes
    suffix: str
    width: int
    height: int


def printable(content: bytes) -> Picture | None:
    """The picture in `content`; None where there is none that can be read. Of an animation it is the first frame.

    It is encoded anew: prompts, workflows and places that programs hide in pictures stay out of documents.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # More pixels than any camera has: a bomb, not a picture.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                image.seek(0)
                image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
                return _encoded(image)
    except Exception:  # pictures come from anywhere, and Pillow raises what its decoders raise
        return None


def _encoded(image: object) -> Picture:
    from PIL import Image

    assert isinstance(image, Image.Image)
    flat = image if image.mode in ("RGB", "L") else image.convert("RGBA" if _is_translucent(image) else "RGB")
    # Drawings stay sharp as PNG; photographs would be ten times as large.
    as_png = flat.mode == "RGBA" or flat.getcolors(_FEW_COLOURS) is not None
    out = io.BytesIO()
    if as_png:
        flat.save(out, "PNG")
    else:
        flat.save(out, "JPEG", quality=90, subsampling=0)
    return Picture(out.getvalue(), "png" if as_png else "jpg", flat.width, flat.height)


def _is_translucent(image: object) -> bool:
    return bool(getattr(image, "has_transparency_data", False))
