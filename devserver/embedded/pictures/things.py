"""The things a prompt may name, each put together out of a few geometric forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from devserver.embedded.pictures import shapes
from devserver.embedded.pictures.shapes import Cut, Form, arc, box, disc, half, put

Rng = np.random.Generator
PAPER, BLACK, RED, YELLOW, BLUE = range(5)
Thing = Iterator[tuple[Form, int]]
"""Forms and the number of the ink each is printed in, from the back to the front."""


def _night(rng: Rng) -> Thing:
    yield put(disc(), y=-2.6, size=0.9), YELLOW
    yield put(disc(), x=0.42, y=-2.8, size=0.78), PAPER


def _sun(rng: Rng) -> Thing:
    for turn in np.arange(12) / 12:
        ray = put(box(0.22, 0.055), x=1.25)
        yield put(ray, y=-2.6, turn=turn), RED
    yield put(disc(0.85), y=-2.6), YELLOW


def _house(rng: Rng) -> Thing:
    yield box(0.8, 0.52, 0, 0.48), RED
    yield put(shapes.triangle(), y=-0.72, size=0.95, turn=0), BLACK
    yield box(0.2, 0.34, -0.32, 0.66), YELLOW
    yield box(0.2, 0.2, 0.34, 0.3), PAPER


def _tree(rng: Rng) -> Thing:
    yield box(0.09, 0.75, 0, 0.6), BLACK
    yield put(half(), y=-0.05, size=0.95, turn=0.5), BLUE
    yield put(half(), y=-0.6, size=0.72, turn=0.5), YELLOW
    yield put(disc(), y=-1.15, size=0.34), RED


def _flower(rng: Rng) -> Thing:
    yield box(0.05, 0.85, 0, 0.55), BLACK
    yield put(half(), x=0.33, y=0.75, size=0.33, turn=0.125), BLUE
    for turn in np.arange(6) / 6:
        yield put(put(half(), x=0.62, size=0.34, turn=0.75), y=-0.6, turn=turn), RED
    yield put(disc(0.34), y=-0.6), YELLOW


def _bird(rng: Rng) -> Thing:
    for x, y, size in ((-0.9, -3.0, 0.5), (0.5, -3.4, 0.38), (1.3, -2.7, 0.3)):
        for side in (-1, 1):
            wing = (Cut(np.concatenate([arc(0.5, 0.75), arc(0.75, 0.5, 0.78)])),)
            turned = put(wing, x=x + side * size * 0.98, y=y + size * 0.3, size=size, turn=0.25 if side < 0 else 0)
            yield turned, BLACK


def _butterfly(rng: Rng) -> Thing:
    for x, turn, ink in ((-0.1, 0.32, BLUE), (0.1, 0.68, RED)):
        yield put(half(), x=x, y=-0.9, size=0.78, turn=turn), ink
        yield put(half(), x=x, y=-0.15, size=0.5, turn=turn + (-0.12 if x > 0 else 0.12)), YELLOW
    yield box(0.06, 0.72, 0, -0.5), BLACK


def _snail(rng: Rng) -> Thing:
    yield put(half(), x=0.1, y=0.45, size=1.05, turn=0.5), BLACK
    for size, ink in ((0.78, YELLOW), (0.56, RED), (0.34, YELLOW), (0.14, BLACK)):
        yield put(disc(size), x=0.1, y=-0.1), ink
    yield box(0.05, 0.45, 1.1, 0.05), BLACK
    yield put(disc(0.13), x=1.1, y=-0.45), RED


def _robot(rng: Rng) -> Thing:
    yield box(0.62, 0.7, 0, 0.6), BLUE
    yield box(0.45, 0.36, 0, -0.55), RED
    yield put(shapes.stripes(3, 0.5), y=0.65, size=0.36), PAPER
    for x in (-0.2, 0.2):
        yield put(shapes.ring(0.45), x=x, y=-0.6, size=0.15), PAPER
    yield box(0.035, 0.25, 0, -1.1), BLACK
    yield put(disc(0.11), y=-1.38), YELLOW
    for x in (-0.82, 0.82):
        yield box(0.1, 0.5, x, 0.5), BLACK


def _rain(rng: Rng) -> Thing:
    for _ in range(44):
        x, y = rng.uniform(-5, 5), rng.uniform(-4.5, 1)
        yield put(box(0.26, 0.022), x=x, y=y, turn=0.31), BLUE


def _snow(rng: Rng) -> Thing:
    for _ in range(5):
        yield put(shapes.dots(3), x=rng.uniform(-3, 3), y=rng.uniform(-4, 0.5), size=0.45, turn=rng.random()), PAPER


THINGS: dict[str, Callable[[Rng], Thing]] = {
    "rain": _rain,
    "snow": _snow,
    "night": _night,
    "sun": _sun,
    "bird": _bird,
    "tree": _tree,
    "house": _house,
    "flower": _flower,
    "butterfly": _butterfly,
    "robot": _robot,
    "snail": _snail,
}
"""From the back of the picture to its front."""
