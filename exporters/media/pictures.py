"""Read pictures from anywhere and draw them anew: upright, in their colours, with nothing beside the pixels.

One reader for all that leaves: thumbnails, copies for students, pictures in documents. What a file holds besides (where
and by whom a photograph was taken, prompts, graphs, comments, smaller copies of what was cut off) stays behind.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from exporters.media.colour_profile import in_srgb, plain_profile
from exporters.media.open_picture import open_picture, upright

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 50_000_000
"""In all frames together: more than cameras have is a bomb, not a picture."""

MEDIA_TYPES = {
    **{"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"},
    **{"BMP": "image/bmp", "TIFF": "image/tiff", "AVIF": "image/avif"},
}
"""What is read, by the names of Pillow; each is written as what it was."""

_MOVING = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that was made anew, and its type."""

    content: bytes
    media_type: str


def clean_picture(content: bytes) -> Copy | None:
    """The same picture in the same format, whole and moving if it was, and nothing else; None for what is none."""
    return _read(content, None, lambda picture: _drawn_anew(picture, content))


def small_picture(content: bytes, longest_side: int) -> Image.Image | None:
    """The first frame, at most that large, as L, RGB or RGBA with common colours; None for what is none."""
    return _read(content, longest_side, lambda picture: _shrunk(picture, longest_side))


def _read(content: bytes, near: int | None, make: Callable[[Image.Image], Made | None]) -> Made | None:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with open_picture(content, formats=_formats()) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    return None
                if near:
                    # A JPEG is decoded at a fraction of its size where that is enough.
                    picture.draft(None, (near, near))
                return make(picture)
    # Whatever a broken or hostile file makes the decoders raise, it is no picture.
    except Exception:
        return None


def _formats() -> tuple[str, ...]:
    from PIL import Image

    Image.init()
    return tuple(name for name in MEDIA_TYPES if name in Image.OPEN)


def _shrunk(picture: Image.Image, longest_side: int) -> Image.Image:
    from PIL import Image

    picture.seek(0)
    profile = picture.info.get("icc_profile")
    turned = upright(picture)
    drawn = turned if turned.mode == "CMYK" else _plain(turned)
    drawn.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return _bare(_plain(in_srgb(drawn, profile)))


def _drawn_anew(picture: Image.Image, content: bytes) -> Copy | None:
    kind = str(picture.format)
    count = getattr(picture, "n_frames", 1) if kind in _MOVING else 1
    if count * picture.width * picture.height > MOST_PIXELS:
        return None
    profile = picture.info.get("icc_profile")
    timing = {name: picture.info[name] for name in ("loop",) if name in picture.info}
    drawn = list(_frames(picture, count, profile))
    kept = plain_profile(profile, drawn[0][0].mode) if profile else None
    # A profile that cannot be kept is followed instead.
    frames = [frame if kept else in_srgb(frame, profile) for frame, _ in drawn]
    options: dict[str, Any] = {"icc_profile": kept} if kept else {}
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": frames[1:], "duration": [time for _, time in drawn], **timing}
    buffer = io.BytesIO()
    target = "JPEG" if kind == "MPO" else kind
    frames[0].save(buffer, target, **options, **_quality(target, content))
    return Copy(buffer.getvalue(), MEDIA_TYPES[kind])


def _frames(picture: Image.Image, count: int, profile: bytes | None) -> Iterator[tuple[Image.Image, float]]:
    """The frames as pixels alone, and how long each is shown."""
    for number in range(count):
        picture.seek(number)
        turned = upright(picture)
        # Print colours have a meaning by their profile alone.
        drawn = in_srgb(turned, profile) if turned.mode == "CMYK" else turned
        is_kept = picture.format in ("PNG", "TIFF") and drawn.mode.startswith("I")
        yield _bare(drawn if is_kept else _plain(drawn, keep=picture.format)), picture.info.get("duration", 0)


def _plain(picture: Image.Image, keep: str | None = None) -> Image.Image:
    """The picture as L, RGB or RGBA; JPEG knows nothing that is clear."""
    if picture.mode in ("L", "RGB", "RGBA"):
        return picture
    if picture.mode.startswith(("I", "F")):  # numbers without a common lightest one
        return _in_eight_bits(picture)
    is_clear = picture.has_transparency_data and keep not in ("JPEG", "MPO")
    return picture.convert("L" if picture.mode == "1" else "RGBA" if is_clear else "RGB")


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    """A depth map, a mask, floats as L: the smallest number black, the largest white, and what is no number black.

    Where all numbers are one there is nothing to compare: that is as light as it would be among all that there can be.
    """
    import numpy as np
    from PIL import Image

    numbers = np.asarray(picture).astype("float32")
    told = numbers[np.isfinite(numbers)]
    low, high = (float(told.min()), float(told.max())) if told.size else (0.0, 1.0)
    if low == high:
        low, high = 0.0, 1.0 if picture.mode.startswith("F") else 65_535.0
    with np.errstate(over="ignore"):
        light = (np.nan_to_num(numbers, nan=low, posinf=high, neginf=low) - low) / (high - low)
    return Image.fromarray(np.rint(light.clip(0, 1) * 255).astype("uint8"))


def _bare(picture: Image.Image) -> Image.Image:
    """A copy of the pixels alone."""
    from PIL import Image

    made = Image.new(picture.mode, picture.size)
    made.paste(picture)
    return made


def _quality(target: str, content: bytes) -> dict[str, Any]:
    if target == "WEBP":
        # An exact picture stays exact: each of its bits may have been somebody's choice.
        return {"lossless": True} if b"VP8L" in content and b"VP8 " not in content else {"quality": 92}
    return {"JPEG": {"quality": 93, "subsampling": 0}, "AVIF": {"quality": 90}}.get(target, {})
