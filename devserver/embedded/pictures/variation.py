"""Vary a picture that somebody hands in: mirror it, and give it the prompt's colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devserver.backends.errors import InvalidParameter
from devserver.embedded.checks import check_number, check_seed
from devserver.engines import MadeFile
from exporters.media.open_picture import open_picture, upright

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Pixels = NDArray[np.float32]

VERSION = "image_variation 2"
LONGEST_SIDE = 1024
MOST_PIXELS = 64_000_000


def vary(
    text: str,
    *,
    seed: int,
    images: Sequence[bytes] = (),
    strength: float = 0.7,
    longest_side: int = LONGEST_SIDE,
) -> MadeFile:
    """The first picture with one half mirrored, in other colours, as a PNG file; further ones are woven in in strips.

    `strength` (0 to 1) is how much of it. Colours are those of the prompt, or the seed's where it names none. The
    result is as large as the first picture, its longest side at most `longest_side` (64 to 4096).
    """
    import numpy as np

    from devserver.embedded.pictures.paint import to_image, to_png

    if not images:
        raise InvalidParameter("image_variation needs a picture; one that comes with the prompt would do")
    check_seed(seed)
    check_number("strength", strength, 0, 1)
    check_number("longest_side", longest_side, 64, 4096)
    rng = np.random.default_rng(seed % 2**64)
    first, *others = (_open(picture, number) for number, picture in enumerate(images, start=1))
    base = _as_pixels(first, _size(first, longest_side))
    for other in others:
        base = _weave(base, _as_pixels(other, (base.shape[1], base.shape[0])), rng)
    changed = _recolour(_mirror(base, bool(rng.integers(2))), text, rng)
    facts = {
        "seed": seed,
        "strength": strength,
        "longest_side": longest_side,
        "pictures": len(images),
        "width": base.shape[1],
        "height": base.shape[0],
    }
    return MadeFile(to_png(to_image(base + (changed - base) * np.float32(strength))), "image/png", facts)


def _open(content: bytes, number: int) -> Image.Image:
    """The picture, as it is meant to be seen: turned as its camera says, on white where it is transparent."""
    from PIL import Image

    try:
        picture = open_picture(content)
        if picture.width * picture.height > MOST_PIXELS:
            raise InvalidParameter(f"image {number} has more than {MOST_PIXELS // 1_000_000} million pixels")
        picture.load()
    except InvalidParameter:
        raise
    # Pillow lets many kinds of errors out of a broken file; each means the same here.
    except Exception as error:
        raise InvalidParameter(
            f"image {number} cannot be read: {type(error).__name__}; a PNG or JPEG would do"
        ) from error
    turned = upright(picture).convert("RGBA")
    paper = Image.new("RGBA", turned.size, "white")
    return Image.alpha_composite(paper, turned).convert("RGB")


def _size(picture: Image.Image, longest_side: int) -> tuple[int, int]:
    share = min(1.0, longest_side / max(picture.size))
    return max(1, round(picture.width * share)), max(1, round(picture.height * share))


def _as_pixels(picture: Image.Image, size: tuple[int, int]) -> Pixels:
    import numpy as np

    return np.asarray(picture.resize(size), dtype=np.float32) / np.float32(255)


def _weave(first: Pixels, second: Pixels, rng: np.random.Generator) -> Pixels:
    """Strips of the one and the other by turns, as wide as the seed wants."""
    import numpy as np

    woven, width = first.copy(), first.shape[1]
    edges = np.sort(rng.integers(0, width + 1, size=int(rng.integers(6, 14)) * 2))
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        woven[:, left:right] = second[:, left:right]
    return woven


def _mirror(pixels: Pixels, across: bool) -> Pixels:
    """The first half and its image in a mirror, side by side or one below the other."""
    rows = pixels if across else pixels.transpose(1, 0, 2)
    half = rows.shape[1] // 2
    mirrored = rows.copy()
    mirrored[:, half:] = rows[:, ::-1][:, half:]
    return mirrored if across else mirrored.transpose(1, 0, 2)


def _recolour(pixels: Pixels, prompt: str, rng: np.random.Generator) -> Pixels:
    """Dark to light as a ramp of colours, those of the prompt or of the seed."""
    import numpy as np

    from devserver.embedded.pictures.paint import ramp
    from devserver.embedded.pictures.prompt import read_prompt

    drawn = [(float(red), float(green), float(blue)) for red, green, blue in rng.random((2, 3))]
    middle = sorted(read_prompt(prompt).colours or drawn, key=sum)
    tones = ramp([(0.06, 0.05, 0.12), *middle, (0.99, 0.97, 0.92)], 256)
    light = np.clip(pixels @ np.array([0.30, 0.59, 0.11], dtype=np.float32), 0, 1)
    return np.asarray(tones[(light * 255).astype(int)], dtype=np.float32)
