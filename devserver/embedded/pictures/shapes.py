"""Geometric forms as polygons, to be turned, scaled and printed in one ink."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from devserver.embedded.pictures.paint import rgb
from devserver.embedded.pictures.prompt import Colour

Points = NDArray[np.float64]
SMOOTHING = 3
"""A form is drawn that many times larger, which smooths its edge."""


class Cut(NamedTuple):
    """A polygon of a form: printed, or cut out of what was printed before."""

    points: Points
    prints: bool = True


Form = tuple[Cut, ...]
"""Polygons around the origin, within -1 and 1."""


def arc(start: float, end: float, radius: float = 1.0) -> Points:
    """Points on a circle from one angle (in turns) to another."""
    angles = np.linspace(start, end, max(3, int(96 * abs(end - start)) + 1)) * 2 * np.pi
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius


def disc(radius: float = 1.0) -> Form:
    """A full circle."""
    return (Cut(arc(0, 1, radius)),)


def ring(inner: float = 0.6) -> Form:
    """A circle with a hole."""
    return Cut(arc(0, 1)), Cut(arc(0, 1, inner), prints=False)


def half() -> Form:
    """Half a disc, flat side up."""
    return (Cut(arc(0, 0.5)),)


def quarter() -> Form:
    """A quarter of a disc whose corner is the origin's lower left."""
    return (Cut(np.concatenate([[[0, 0]], arc(0, 0.25)]) * 1.6 - 0.7),)


def bows(number: int = 3) -> Form:
    """Half rings inside one another."""
    radii = np.linspace(1, 0.2, 2 * number)
    return tuple(
        Cut(np.concatenate([arc(0, 0.5, radius), [[radius, 0]]]), prints=place % 2 == 0)
        for place, radius in enumerate(radii)
    )


def box(width: float = 1.0, height: float = 1.0, x: float = 0.0, y: float = 0.0) -> Form:
    """A rectangle around a point."""
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]])
    return (Cut(corners + np.array([x, y])),)


def triangle() -> Form:
    """A triangle that stands on its side."""
    return (Cut(np.array([[0, -1], [0.95, 0.75], [-0.95, 0.75]])),)


def stripes(number: int = 4, thick: float = 0.42) -> Form:
    """Bars side by side."""
    step = 2 / number
    return tuple(cut for n in range(number) for cut in box(1, step * thick / 2, 0, -1 + step * (n + 0.5)))


def dots(number: int = 4) -> Form:
    """Small discs on a grid."""
    places = np.linspace(-0.85, 0.85, number)
    return tuple(Cut(arc(0, 1, 0.5 / number) + np.array([x, y])) for x in places for y in places)


def put(form: Form, *, x: float = 0.0, y: float = 0.0, size: float = 1.0, turn: float = 0.0) -> Form:
    """The form turned (in turns, clockwise), scaled and moved."""
    angle = turn * 2 * np.pi
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return tuple(Cut(cut.points @ rotation * size + [x, y], cut.prints) for cut in form)


def stamp(sheet: Image.Image, form: Form, colour: Colour, *, multiply: float = 0.0) -> None:
    """Print a form on the sheet; with `multiply` (0 to 1) the inks below show through, as on a poster."""
    points = np.concatenate([cut.points for cut in form])
    left, top = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, sheet.size)
    if left >= right or top >= bottom:
        return
    mask = _mask(form, int(left), int(top), int(right - left), int(bottom - top))
    below = sheet.crop((left, top, right, bottom))
    ink = np.array(rgb(colour), dtype=np.float32)
    paper = np.asarray(below, dtype=np.float32)
    mixed = ink * (1 - multiply) + ink * paper / 255 * multiply
    cover = np.asarray(mask, dtype=np.float32)[..., None] / 255
    sheet.paste(Image.fromarray((paper + (mixed - paper) * cover + 0.5).astype(np.uint8)), (int(left), int(top)))


def _mask(form: Form, left: int, top: int, width: int, height: int) -> Image.Image:
    mask = Image.new("L", (width * SMOOTHING, height * SMOOTHING))
    draw = ImageDraw.Draw(mask)
    for cut in form:
        corners = (cut.points - [left, top]) * SMOOTHING
        draw.polygon([(float(x), float(y)) for x, y in corners], fill=255 if cut.prints else 0)
    return mask.reduce(SMOOTHING)
