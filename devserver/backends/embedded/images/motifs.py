"""Draw the things that a prompt may name: a tree, a house, a robot, a snail, wings and weather."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from devserver.backends.embedded.images.paint import mix, rgb
from devserver.backends.embedded.images.prompt import Colour

Draw = ImageDraw.ImageDraw
Rng = np.random.Generator
_DARK: Colour = (0.20, 0.18, 0.26)


def tree(draw: Draw, x: float, y: float, size: float, colour: Colour, rng: Rng) -> None:
    """A trunk with a crown of leaf balls, standing on (x, y)."""
    trunk = rgb((0.40, 0.28, 0.20))
    width = size * 0.07
    draw.polygon(
        [(x - width, y), (x - width * 0.5, y - size * 0.6), (x + width * 0.5, y - size * 0.6), (x + width, y)],
        fill=trunk,
    )
    for number in range(60):
        angle, distance = number * 2.39996, 0.32 * size * np.sqrt(number / 60)
        px, py = x + distance * np.cos(angle) * 1.1, y - size * 0.72 + distance * np.sin(angle)
        light = 0.5 - (py - (y - size * 0.72)) / size
        tone = mix(mix(colour, (0, 0.1, 0.1), 0.45), mix(colour, (1, 1, 0.6), 0.35), light)
        _ball(draw, px, py, size * rng.uniform(0.06, 0.11), tone)


def house(draw: Draw, x: float, y: float, size: float, colour: Colour, rng: Rng) -> None:
    """A house with a roof, a door, a window with light and a chimney."""
    wall, half, top = (0.97, 0.92, 0.83), size * 0.42, y - size * 0.5
    draw.rectangle((x + half * 0.35, y - size * 0.98, x + half * 0.6, y - size * 0.6), fill=rgb((0.5, 0.3, 0.28)))
    draw.rectangle((x - half, top, x + half, y), fill=rgb(wall))
    draw.polygon([(x - half * 1.25, top), (x, y - size), (x + half * 1.25, top)], fill=rgb(colour))
    draw.rectangle((x - half * 0.65, y - size * 0.33, x - half * 0.2, y), fill=rgb((0.45, 0.30, 0.24)))
    box = (x + half * 0.1, y - size * 0.38, x + half * 0.65, y - size * 0.15)
    draw.rectangle(box, fill=rgb((1.0, 0.84, 0.42)), outline=rgb((0.45, 0.30, 0.24)), width=max(1, int(size * 0.015)))


def robot(draw: Draw, x: float, y: float, size: float, colour: Colour, rng: Rng) -> None:
    """A friendly robot with an antenna and lit eyes."""
    metal, line = rgb(mix((0.72, 0.77, 0.82), colour, 0.35)), rgb(_DARK)
    thick, u = max(1, int(size * 0.02)), size / 10

    def box(left: float, top: float, right: float, bottom: float, fill: tuple[int, int, int]) -> None:
        area = (x + left * u, y + top * u, x + right * u, y + bottom * u)
        draw.rounded_rectangle(area, radius=0.5 * u, fill=fill, outline=line, width=thick)

    draw.line((x, y - 9.0 * u, x, y - 10.2 * u), fill=line, width=thick)
    _ball(draw, x, y - 10.4 * u, 0.4 * u, (0.98, 0.45, 0.35))
    for side in (-1, 1):
        box(min(side * 0.4, side * 1.4), -1.6, max(side * 0.4, side * 1.4), 0, metal)
        box(min(side * 2.2, side * 3.0), -5.2, max(side * 2.2, side * 3.0), -2.4, metal)
    box(-2.1, -5.6, 2.1, -1.4, metal)
    box(-1.9, -9.1, 1.9, -5.8, metal)
    for eye in (-0.85, 0.85):
        _ball(draw, x + eye * u, y - 7.7 * u, 0.62 * u, (1.0, 0.95, 0.6))
        _ball(draw, x + eye * u, y - 7.7 * u, 0.26 * u, _DARK)
    draw.arc((x - u, y - 7.4 * u, x + u, y - 6.3 * u), 15, 165, fill=line, width=thick)
    _ball(draw, x, y - 3.6 * u, 0.7 * u, mix(colour, (1, 0.4, 0.4), 0.6))


def snail(draw: Draw, x: float, y: float, size: float, colour: Colour, rng: Rng) -> None:
    """A snail on its way, house and horns and all."""
    body, u = (0.86, 0.70, 0.50), size / 10
    draw.rounded_rectangle((x - 4.6 * u, y - 1.5 * u, x + 4.2 * u, y), radius=0.75 * u, fill=rgb(body))
    draw.polygon(
        [(x + 2.2 * u, y - u), (x + 3.4 * u, y - 4.2 * u), (x + 4.9 * u, y - 4 * u), (x + 4.2 * u, y)], fill=rgb(body)
    )
    for lean in (0.1, 1.1):
        tip = (x + (3.9 + lean * 1.3) * u, y - 6.2 * u)
        draw.line((x + (3.6 + lean) * u, y - 4 * u, *tip), fill=rgb(body), width=max(1, int(0.35 * u)))
        _ball(draw, *tip, 0.38 * u, _DARK)
    for number in range(90):
        # A spiral of shrinking balls is the shell.
        share = number / 89
        angle, reach = share * 5.2 * np.pi, 2.5 * u * (1 - share)
        px, py = x - 0.8 * u + reach * np.cos(angle), y - 3.6 * u + reach * np.sin(angle)
        tone = mix(
            mix(colour, _DARK, 0.25), mix(colour, (1, 1, 0.85), 0.55), 0.5 + 0.5 * np.sin(share * 5.2 * np.pi * 2)
        )
        _ball(draw, px, py, u * (1.1 * (1 - share) + 0.35), tone)


def butterfly(draw: Draw, x: float, y: float, size: float, colour: Colour, rng: Rng) -> None:
    """Four wings with spots, two feelers."""
    for side in (-1, 1):
        for px, py, radius in ((0.42, -0.28, 0.40), (0.32, 0.26, 0.28)):
            _ball(draw, x + side * px * size, y + py * size, radius * size, mix(colour, _DARK, 0.3))
            _ball(draw, x + side * px * size, y + py * size, radius * size * 0.82, colour)
            _ball(draw, x + side * px * size * 1.15, y + py * size, radius * size * 0.32, mix(colour, (1, 1, 1), 0.7))
        draw.line(
            (x, y - 0.3 * size, x + side * 0.25 * size, y - 0.8 * size), fill=rgb(_DARK), width=max(1, int(size * 0.05))
        )
    draw.ellipse((x - 0.08 * size, y - 0.45 * size, x + 0.08 * size, y + 0.45 * size), fill=rgb(_DARK))


def bird(draw: Draw, x: float, y: float, size: float, colour: Colour, rng: Rng) -> None:
    """A round songbird in flight, looking left or right."""
    side = 1 if rng.random() < 0.5 else -1
    shade, belly = rgb(mix(colour, _DARK, 0.35)), mix(colour, (1, 1, 1), 0.55)

    def shape(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x + side * px * size, y + py * size) for px, py in points]

    draw.polygon(shape((-0.4, 0.0), (-1.05, -0.22), (-1.0, 0.14)), fill=shade)
    draw.polygon(shape((0.72, -0.32), (1.08, -0.2), (0.72, -0.1)), fill=rgb((0.98, 0.7, 0.2)))
    draw.ellipse((x - 0.62 * size, y - 0.38 * size, x + 0.62 * size, y + 0.38 * size), fill=rgb(colour))
    _ball(draw, x + side * 0.1 * size, y + 0.12 * size, 0.27 * size, belly)
    _ball(draw, x + side * 0.5 * size, y - 0.2 * size, 0.32 * size, colour)
    _ball(draw, x + side * 0.58 * size, y - 0.27 * size, 0.07 * size, _DARK)
    lift = rng.uniform(0.7, 1.1)
    draw.polygon(shape((0.2, -0.05), (-0.05, -lift), (-0.55, -lift * 0.85), (-0.35, -0.05)), fill=shade)


def stars(draw: Draw, width: int, height: int, rng: Rng) -> None:
    """Stars of different brightness in the upper part of the picture."""
    for x, y, light in rng.random((160, 3)):
        radius = width * (0.0006 + 0.0016 * light**3)
        _ball(draw, x * width, y * 0.55 * height, radius, (1.0, 0.97, 0.7 + 0.3 * light))


def rain(draw: Draw, width: int, height: int, rng: Rng) -> None:
    """Slanting drops over the whole picture."""
    for x, y, near in rng.random((320, 3)):
        length = height * (0.02 + 0.04 * near)
        start = (x * width * 1.1, y * height)
        end = (start[0] - length * 0.28, start[1] + length)
        draw.line((*start, *end), fill=rgb((0.80, 0.88, 0.97)), width=max(1, int(width * 0.0022 * near)))


def snow(draw: Draw, width: int, height: int, rng: Rng) -> None:
    """Flakes near and far over the whole picture."""
    for x, y, near in rng.random((360, 3)):
        _ball(draw, x * width, y * height, width * (0.0012 + 0.0055 * near**2), (0.98, 0.99, 1.0))


def _ball(draw: Draw, x: float, y: float, radius: float, colour: Colour) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=rgb(colour))
