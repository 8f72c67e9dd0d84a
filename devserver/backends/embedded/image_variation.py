"""Vary a picture that somebody hands in: mirror it, sort its pixels, give it the prompt's colours, cut it up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from devserver.backends.errors import InvalidParameter
from exporters.media.open_picture import open_picture, upright

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Pixels = NDArray[np.float32]

VERSION = "image_variation 1"
LONGEST_SIDE = 1024
MOST_PIXELS = 64_000_000


@dataclass(frozen=True, slots=True)
class Variation:
    """A picture as PNG bytes, with every parameter that made it, the chosen ones included."""

    png: bytes
    parameters: dict[str, Any] = field(default_factory=dict)


def vary(
    prompt: str,
    pictures: Sequence[bytes],
    *,
    seed: int,
    effect: str | None = None,
    strength: float = 0.7,
    longest_side: int = LONGEST_SIDE,
) -> Variation:
    """A variation of the first picture; further ones are woven into it in strips.

    `effect` is mirror, kaleidoscope, pixel_sort, recolour, tiles or posterise; the seed draws one where none is given.
    `strength` (0 to 1) is how much of it. Colours are those of the prompt, or the seed's where it names none. The
    result is as large as the first picture, its longest side at most `longest_side` (64 to 4096).
    """
    import numpy as np

    from devserver.backends.embedded.images.paint import to_image, to_png

    _check(seed, effect, strength, longest_side, pictures)
    rng = np.random.default_rng(seed % 2**64)
    # Drawn in any case: a given effect leaves the rest as it is.
    drawn = list(EFFECTS)[int(rng.integers(len(EFFECTS)))]
    first, *others = (_open(picture, number) for number, picture in enumerate(pictures, start=1))
    base = _as_pixels(first, _size(first, longest_side))
    for other in others:
        base = _weave(base, _as_pixels(other, (base.shape[1], base.shape[0])), rng)
    chosen = effect or drawn
    changed = EFFECTS[chosen](base, prompt, strength, rng)
    parameters = {
        "seed": seed,
        "effect": chosen,
        "strength": strength,
        "longest_side": longest_side,
        "pictures": len(pictures),
        "width": base.shape[1],
        "height": base.shape[0],
    }
    return Variation(to_png(to_image(changed)), parameters)


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


def _mirror(pixels: Pixels, prompt: str, strength: float, rng: np.random.Generator) -> Pixels:
    axis = int(rng.integers(2))
    flipped = pixels[:, ::-1] if axis else pixels[::-1]
    half = pixels.shape[axis] // 2
    mirrored = pixels.copy()
    if axis:
        mirrored[:, half:] = flipped[:, half:]
    else:
        mirrored[half:] = flipped[half:]
    return _blend(pixels, mirrored, strength)


def _kaleidoscope(pixels: Pixels, prompt: str, strength: float, rng: np.random.Generator) -> Pixels:
    import numpy as np

    height, width = pixels.shape[:2]
    wedges, turn = int(rng.integers(4, 10)), rng.random() * 2 * np.pi
    y, x = np.mgrid[:height, :width].astype(np.float32)
    dx, dy = x - width / 2, y - height / 2
    angle = (np.arctan2(dy, dx) + turn) % (2 * np.pi / wedges)
    angle = np.minimum(angle, 2 * np.pi / wedges - angle) + turn
    radius = np.hypot(dx, dy)
    from_x = np.clip(width / 2 + radius * np.cos(angle), 0, width - 1).astype(int)
    from_y = np.clip(height / 2 + radius * np.sin(angle), 0, height - 1).astype(int)
    return _blend(pixels, pixels[from_y, from_x], strength)


def _pixel_sort(pixels: Pixels, prompt: str, strength: float, rng: np.random.Generator) -> Pixels:
    """Runs of pixels of middling brightness, in each row or column, sorted from dark to light."""
    import numpy as np

    across = bool(rng.integers(2))
    rows = pixels if across else pixels.transpose(1, 0, 2)
    light = rows.mean(axis=2)
    low, high = 0.5 - 0.48 * strength, 0.5 + 0.48 * strength
    kept = (light < low) | (light > high)
    # What is outside stays where it is; each run between has a number, and is sorted within it.
    runs = np.cumsum(kept, axis=1) * 2 + kept
    order = np.lexsort((light, runs), axis=1)
    ordered = np.take_along_axis(rows, order[..., None], axis=1)
    return np.asarray(ordered if across else ordered.transpose(1, 0, 2), dtype=np.float32)


def _recolour(pixels: Pixels, prompt: str, strength: float, rng: np.random.Generator) -> Pixels:
    """Dark to light as a ramp of colours, those of the prompt or of the seed."""
    import numpy as np

    from devserver.backends.embedded.images.paint import ramp
    from devserver.backends.embedded.images.prompt import read_prompt

    named = sorted(read_prompt(prompt).colours, key=sum)
    drawn = [(float(red), float(green), float(blue)) for red, green, blue in rng.random((2, 3))]
    middle = named or sorted(drawn, key=sum)
    tones = ramp([(0.06, 0.05, 0.12), *middle, (0.99, 0.97, 0.92)], 256)
    light = np.clip(pixels @ np.array([0.30, 0.59, 0.11], dtype=np.float32), 0, 1)
    return _blend(pixels, tones[(light * 255).astype(int)], strength)


def _tiles(pixels: Pixels, prompt: str, strength: float, rng: np.random.Generator) -> Pixels:
    """Cut into squares, some of which change places."""
    height, width = pixels.shape[:2]
    side = max(4, min(height, width) // int(rng.integers(4, 10)))
    places = [(y, x) for y in range(0, height - side + 1, side) for x in range(0, width - side + 1, side)]
    moved = [number for number in range(len(places)) if rng.random() < strength]
    changed = pixels.copy()
    for goal, source in zip(moved, rng.permutation(moved), strict=True):
        (to_y, to_x), (y, x) = places[goal], places[int(source)]
        changed[to_y : to_y + side, to_x : to_x + side] = pixels[y : y + side, x : x + side]
    return changed


def _posterise(pixels: Pixels, prompt: str, strength: float, rng: np.random.Generator) -> Pixels:
    import numpy as np

    levels = max(2, round(10 - 8 * strength))
    return np.asarray(np.round(pixels * (levels - 1)) / (levels - 1), dtype=np.float32)


def _blend(before: Pixels, after: Pixels, strength: float) -> Pixels:
    import numpy as np

    return before + (after - before) * np.float32(strength)


Effect = Callable[["Pixels", str, float, "np.random.Generator"], "Pixels"]
EFFECTS: dict[str, Effect] = {
    "mirror": _mirror,
    "kaleidoscope": _kaleidoscope,
    "pixel_sort": _pixel_sort,
    "recolour": _recolour,
    "tiles": _tiles,
    "posterise": _posterise,
}


def _check(seed: int, effect: str | None, strength: float, longest_side: int, pictures: Sequence[bytes]) -> None:
    if not pictures:
        raise InvalidParameter("image_variation needs a picture; one that comes with the prompt would do")
    if not -(2**63) <= seed < 2**64:
        raise InvalidParameter(f"seed {seed} has more than 64 bits")
    if effect is not None and effect not in EFFECTS:
        raise InvalidParameter(f"unknown effect {effect!r:.60}; known are {', '.join(EFFECTS)}")
    for name, value, least, most in (("strength", strength, 0, 1), ("longest_side", longest_side, 64, 4096)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise InvalidParameter(f"{name} {value!r:.60} is not a number from {least} to {most}")
