"""Bring pictures of more than 8 bits a pixel (depth maps, masks, floats) to what everything shows: dark to light."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_MODES = ("I", "F")


def is_deep(picture: Image.Image) -> bool:
    """Whether its pixels are numbers without a common lightest one."""
    return picture.mode.startswith(_MODES)


def in_eight_bits(picture: Image.Image) -> Image.Image:
    """The picture as L: its smallest number black, its largest white, and what is no number black.

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
