"""Paint as the Bauhaus printed: circles, triangles, squares and bars along a slanting line, in few inks on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from devserver.embedded.pictures import shapes
from devserver.embedded.pictures.paint import Scene, cloud, steer, to_image
from devserver.embedded.pictures.prompt import Colour
from devserver.embedded.pictures.shapes import Form, box, put, stamp
from devserver.embedded.pictures.things import THINGS

# Paper, black, and the three inks.
PALETTES: dict[str, tuple[Colour, ...]] = {
    "weimar": ((0.95, 0.92, 0.85), (0.11, 0.11, 0.12), (0.83, 0.18, 0.15), (0.95, 0.73, 0.16), (0.12, 0.30, 0.60)),
    "dessau": ((0.93, 0.90, 0.82), (0.16, 0.13, 0.12), (0.88, 0.36, 0.18), (0.98, 0.82, 0.46), (0.13, 0.45, 0.49)),
    "berlin": ((0.90, 0.90, 0.87), (0.10, 0.12, 0.16), (0.72, 0.15, 0.24), (0.87, 0.72, 0.50), (0.32, 0.45, 0.58)),
    "night": ((0.10, 0.11, 0.19), (0.93, 0.90, 0.83), (0.86, 0.28, 0.24), (0.98, 0.82, 0.38), (0.28, 0.46, 0.78)),
}
_GOLDEN = 0.382
_KINDS: tuple[tuple[Callable[[], Form], float], ...] = (
    (shapes.disc, 0.20), (shapes.ring, 0.12), (shapes.half, 0.14), (shapes.quarter, 0.12), (shapes.bows, 0.10),
    (shapes.triangle, 0.10), (box, 0.06), (shapes.stripes, 0.10), (shapes.dots, 0.06),
)  # fmt: skip

Vector = NDArray[np.float64]


class Ink(NamedTuple):
    """What is printed with; `through` (0 to 1) is how much one ink darkens another."""

    black: Colour
    colours: tuple[Colour, ...]
    through: float


class Spot(NamedTuple):
    """Where a form stands, and how large it is."""

    x: float
    y: float
    size: float


def paint(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """The picture: `steps` is the number of forms."""
    paper, black, *inks = (
        steer(c, scene, number=n, share=0.06 if n < 2 else 0.7) for n, c in enumerate(PALETTES[scene.palette])
    )
    sheet = _paper(scene, paper, rng)
    focus = np.array([scene.width, scene.height]) * _golden_point(rng)
    slant = rng.choice([-1, 1]) * (0.09 + 0.05 * rng.random() + 0.03 * scene.guidance * scene.features.mood)

    ink = Ink(black, tuple(inks), 0.0 if scene.palette == "night" else 0.85)
    _print_ground(sheet, scene, ink, focus, slant, rng)
    taken: list[Spot] = []
    for number in range(3, scene.steps):
        taken.append(_print_form(sheet, scene, ink, _free_place(scene, focus, slant, number, taken, rng), slant, rng))
    _print_things(sheet, scene, (paper, black, *inks), rng)
    return sheet


def _golden_point(rng: np.random.Generator) -> tuple[float, float]:
    x, y = (_GOLDEN if rng.random() < 0.5 else 1 - _GOLDEN for _ in range(2))
    return x, y


def _paper(scene: Scene, paper: Colour, rng: np.random.Generator) -> Image.Image:
    pixels = np.full((scene.height, scene.width, 3), paper, dtype=np.float32)
    pixels += (cloud(rng, scene.width, scene.height, cells=6)[..., None] - 0.45) * 0.02
    pixels += rng.standard_normal((scene.height, scene.width, 1), dtype=np.float32) * 0.004
    return to_image(pixels)


def _print_ground(
    sheet: Image.Image, scene: Scene, ink: Ink, focus: Vector, slant: float, rng: np.random.Generator
) -> None:
    """The forms that hold the others: a great disc, a long bar across it, a half against it."""
    side = min(sheet.size)
    first, second = (ink.colours[number] for number in rng.permutation(len(ink.colours))[:2])
    bar = put(box(1.6, 0.016 + 0.022 * rng.random()), x=focus[0], y=focus[1], size=side, turn=slant)
    great = put(shapes.disc(), x=focus[0], y=focus[1], size=side * rng.uniform(0.24, 0.31))
    x, y = focus + _along(slant) * side * rng.uniform(0.30, 0.42) * rng.choice([-1, 1])
    stamp(sheet, great, first, multiply=ink.through)
    if scene.steps > 1:
        stamp(sheet, bar, ink.black)
    if scene.steps > 2:
        stamp(sheet, put(shapes.half(), x=x, y=y, size=side * 0.2, turn=slant + 0.25), second, multiply=ink.through)


def _free_place(
    scene: Scene, focus: Vector, slant: float, number: int, taken: list[Spot], rng: np.random.Generator
) -> Spot:
    """A place for a form, smaller than those before it: of some by lot, the one with most room around it."""
    side = min(scene.width, scene.height)
    size = side * (0.022 + 0.13 * 0.90 ** (number - 3) * rng.uniform(0.6, 1.2))

    def by_lot() -> Spot:
        direction = _along(slant if rng.random() < 0.6 else slant + 0.25)
        away = rng.normal(0, 0.38) * max(scene.width, scene.height) * direction
        beside = _along(slant + 0.25) * side * rng.choice([-0.20, -0.10, 0.10, 0.20])
        x, y = np.clip(focus + away + beside, size * 0.5, [scene.width - size * 0.5, scene.height - size * 0.5])
        return Spot(float(x), float(y), size)

    return max((by_lot() for _ in range(6)), key=lambda place: _room(place, taken))


def _room(place: Spot, taken: list[Spot]) -> float:
    gaps = (np.hypot(place.x - other.x, place.y - other.y) - place.size - other.size for other in taken)
    return float(min(gaps, default=0.0))


def _print_form(
    sheet: Image.Image, scene: Scene, ink: Ink, place: Spot, slant: float, rng: np.random.Generator
) -> Spot:
    kind = _KINDS[int(rng.choice(len(_KINDS), p=[share for _, share in _KINDS]))][0]
    colour = ink.black if rng.random() < 0.25 else ink.colours[int(rng.integers(len(ink.colours)))]
    form = put(kind(), x=place.x, y=place.y, size=place.size, turn=slant + rng.integers(4) / 4)
    stamp(sheet, form, colour, multiply=ink.through)
    return place


def _along(turn: float) -> Vector:
    return np.array([np.cos(turn * 2 * np.pi), np.sin(turn * 2 * np.pi)])


def _print_things(sheet: Image.Image, scene: Scene, inks: tuple[Colour, ...], rng: np.random.Generator) -> None:
    """What the prompt names, each thing out of a few forms, side by side along the lower edge."""
    wanted = [name for name in THINGS if scene.wants(name)]
    lots = rng.permutation(max(len(wanted), 1))
    for name, lot in zip(wanted, lots, strict=False):
        x = scene.width * (0.14 + 0.72 * (lot + 0.5) / len(wanted))
        y = scene.height * rng.uniform(0.64, 0.82)
        size = min(sheet.size) * (0.11 + 0.07 * scene.guidance) / (1 + 0.18 * (len(wanted) - 1))
        for form, number in THINGS[name](rng):
            stamp(sheet, put(form, x=x, y=y, size=size), inks[number])
