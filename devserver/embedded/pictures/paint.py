"""Colours, smooth noise and PNG bytes."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from devserver.embedded.pictures.prompt import Colour, PromptFeatures

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is asked for; `guidance` (0 to 1) is how much the prompt counts."""

    features: PromptFeatures
    guidance: float
    width: int
    height: int
    steps: int
    palette: str

    def wants(self, motif: str) -> bool:
        """Whether the prompt asks for a thing, and counts enough to get it."""
        return motif in self.features.motifs and self.guidance > 0


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour between two, `share` (0 to 1) of the second.

    >>> mix((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 0.5)
    (0.5, 0.5, 0.5)
    """
    a, b = first, second
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def turn_hue(colour: Colour, turn: float) -> Colour:
    """The colour with its hue turned; 1.0 is once around."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    return colorsys.hls_to_rgb((hue + turn) % 1.0, lightness, saturation)


def steer(colour: Colour, scene: Scene, *, number: int = 0, share: float = 0.8) -> Colour:
    """The colour drawn towards the prompt's: its colour words, or where it has none its mood's hue."""
    wished = scene.features.colours
    if wished:
        return mix(colour, wished[number % len(wished)], share * scene.guidance)
    return turn_hue(colour, (scene.features.mood - 0.5) * 0.16 * scene.guidance)


def rgb(colour: Colour) -> tuple[int, int, int]:
    """The colour as three bytes."""
    red, green, blue = (round(255 * min(max(part, 0.0), 1.0)) for part in colour)
    return red, green, blue


def ramp(colours: Sequence[Colour], length: int) -> Pixels:
    """`length` colours evenly from the first to the last, as an array of (length, 3)."""
    places = np.linspace(0, len(colours) - 1, length)
    channels = [np.interp(places, range(len(colours)), [colour[n] for colour in colours]) for n in range(3)]
    return np.stack(channels, axis=1).astype(np.float32)


def cloud(rng: np.random.Generator, width: int, height: int, *, cells: int) -> Pixels:
    """Smooth noise between 0 and 1, its largest blobs about 1/`cells` of the width."""
    field = np.zeros((height, width), dtype=np.float32)
    for octave in range(3):
        # More rows than the picture's shape asks for: clouds lie, they do not stand.
        size = (cells * 2**octave, max(3, round(cells * 2**octave * 1.7 * height / width)))
        grid = rng.random((size[1], size[0]), dtype=np.float32)
        blobs = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
        field += np.asarray(blobs) * 0.5 ** (octave + 1)
    return np.clip(field, 0, 1)


def to_image(pixels: Pixels) -> Image.Image:
    """The array of (height, width, 3) between 0 and 1 as an image."""
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def to_png(image: Image.Image) -> bytes:
    """The image as PNG bytes, the same for the same image."""
    buffer = io.BytesIO()
    # Level 4 takes half of level 6's time for 5 % more bytes.
    image.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()
