"""Draw blades of grass and four kinds of flowers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import ImageDraw

from devserver.backends.embedded.images.paint import mix, rgb
from devserver.backends.embedded.images.prompt import Colour

Draw = ImageDraw.ImageDraw
Point = tuple[float, float]
_YOLK: Colour = (0.99, 0.80, 0.25)
_STEPS = np.linspace(0.0, 1.0, 7)


def blade(draw: Draw, base: Point, tip: Point, bend: float, thickness: float, colour: Colour) -> None:
    """A blade from `base` to `tip`, bent sideways by `bend`, thinning out."""
    x, y = _bow(base, tip, bend)
    half = thickness * (1 - _STEPS) ** 0.7 / 2
    points = [*zip(x - half, y, strict=True), *zip((x + half)[::-1], y[::-1], strict=True)]
    draw.polygon(points, fill=rgb(colour))


def flower(draw: Draw, base: Point, head: Point, size: float, colour: Colour, kind: int, turn: float) -> None:
    """A stem with a leaf and a head of one of the kinds in FLOWER_KINDS."""
    green = (0.22, 0.47, 0.22)
    blade(draw, base, head, (head[0] - base[0]) * 0.4, max(2.0, size * 0.16), green)
    middle = (base[0] * 0.6 + head[0] * 0.4, base[1] * 0.6 + head[1] * 0.4)
    blade(draw, middle, (middle[0] + size * (0.9 if turn > 3 else -0.9), middle[1] - size), 0, size * 0.3, green)
    FLOWER_KINDS[kind % len(FLOWER_KINDS)](draw, head, size, colour, turn)


def daisy(draw: Draw, at: Point, size: float, colour: Colour, turn: float) -> None:
    """Two rings of long petals around a yolk."""
    _ring(draw, at, count=13, length=size, breadth=size * 0.17, colour=mix(colour, (0, 0, 0), 0.16), turn=turn + 0.24)
    _ring(draw, at, count=13, length=size * 0.92, breadth=size * 0.16, colour=colour, turn=turn)
    _ball(draw, at, size * 0.32, mix(_YOLK, (0.55, 0.3, 0.05), 0.35))
    _ball(draw, (at[0] - size * 0.05, at[1] - size * 0.05), size * 0.25, _YOLK)


def poppy(draw: Draw, at: Point, size: float, colour: Colour, turn: float) -> None:
    """Few wide petals around a dark heart."""
    _ring(draw, at, count=5, length=size, breadth=size * 0.52, colour=mix(colour, (0, 0, 0), 0.18), turn=turn + 0.6)
    _ring(draw, at, count=5, length=size * 0.86, breadth=size * 0.46, colour=colour, turn=turn)
    _ring(draw, at, count=5, length=size * 0.5, breadth=size * 0.2, colour=mix(colour, (0, 0, 0), 0.35), turn=turn)
    _ball(draw, at, size * 0.2, (0.16, 0.13, 0.16))


def tulip(draw: Draw, at: Point, size: float, colour: Colour, turn: float) -> None:
    """A cup of three petals, the middle one in front."""
    x, y = at
    for side, shade in ((-0.42, 0.2), (0.42, 0.2), (0.0, 0.0)):
        petal = _petal((x + side * size * 0.5, y + size * 0.5), size * 1.35, size * 0.36, -np.pi / 2 + side * 0.55)
        draw.polygon(petal, fill=rgb(mix(colour, (0, 0, 0), shade)))


def allium(draw: Draw, at: Point, size: float, colour: Colour, turn: float) -> None:
    """A ball of many small blossoms, lighter towards the light."""
    for number in range(44):
        # The golden angle spreads the blossoms without a pattern.
        angle, distance = number * 2.39996 + turn, size * 0.8 * np.sqrt(number / 44)
        spot = (at[0] + distance * np.cos(angle), at[1] + distance * np.sin(angle))
        light = 0.5 - 0.5 * (spot[1] - at[1]) / size
        _ball(draw, spot, size * 0.13, mix(mix(colour, (0, 0, 0), 0.25), mix(colour, (1, 1, 1), 0.45), light))


FLOWER_KINDS: tuple[Callable[[Draw, Point, float, Colour, float], None], ...] = (daisy, poppy, tulip, allium)


def _bow(base: Point, tip: Point, bend: float) -> tuple[np.ndarray, np.ndarray]:
    x = base[0] + (tip[0] - base[0]) * _STEPS + bend * _STEPS**2
    return x - bend * _STEPS, base[1] + (tip[1] - base[1]) * _STEPS


def _ring(draw: Draw, at: Point, *, count: int, length: float, breadth: float, colour: Colour, turn: float) -> None:
    for number in range(count):
        draw.polygon(_petal(at, length, breadth, turn + 2 * np.pi * number / count), fill=rgb(colour))


def _petal(at: Point, length: float, breadth: float, angle: float) -> list[Point]:
    around = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    along, across = length * (0.5 - 0.5 * np.cos(around)), breadth * np.sin(around) * (1 - 0.25 * np.cos(around))
    x = at[0] + along * np.cos(angle) - across * np.sin(angle)
    y = at[1] + along * np.sin(angle) + across * np.cos(angle)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _ball(draw: Draw, at: Point, radius: float, colour: Colour) -> None:
    draw.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=rgb(colour))
