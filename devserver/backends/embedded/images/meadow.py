"""Paint a meadow: sky, hills, and layers of grass and flowers coming nearer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from devserver.backends.embedded.images import motifs
from devserver.backends.embedded.images.paint import Pixels, Scene, cloud, curve, mix, ramp, steer, to_image
from devserver.backends.embedded.images.plants import FLOWER_KINDS, blade, flower
from devserver.backends.embedded.images.prompt import Colour

PAINTS = frozenset(("night", "sun", "rain", "snow", "tree", "flower", "bird", "butterfly", "snail", "robot", "house"))
_HORIZON = 0.46


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a meadow at one time of day."""

    sky: tuple[Colour, ...]
    light: Colour
    far: Colour
    near: Colour
    flowers: tuple[Colour, ...]


PALETTES = {
    "morning": Palette(
        ((0.36, 0.66, 0.90), (0.68, 0.86, 0.96), (0.98, 0.95, 0.84)), (1.0, 0.96, 0.76),
        (0.55, 0.72, 0.74), (0.30, 0.58, 0.24), ((0.98, 0.97, 0.93), (0.90, 0.25, 0.27), (0.98, 0.78, 0.24)),
    ),
    "evening": Palette(
        ((0.33, 0.30, 0.58), (0.88, 0.50, 0.54), (0.99, 0.80, 0.52)), (1.0, 0.85, 0.56),
        (0.56, 0.44, 0.58), (0.28, 0.42, 0.24), ((0.98, 0.62, 0.42), (0.86, 0.34, 0.50), (0.99, 0.90, 0.72)),
    ),
    "spring": Palette(
        ((0.50, 0.76, 0.92), (0.80, 0.92, 0.95), (0.99, 0.93, 0.92)), (1.0, 0.98, 0.86),
        (0.62, 0.80, 0.72), (0.42, 0.68, 0.30), ((0.97, 0.60, 0.74), (0.66, 0.46, 0.84), (1.0, 0.88, 0.40)),
    ),
    "night": Palette(
        ((0.04, 0.06, 0.18), (0.10, 0.14, 0.34), (0.26, 0.30, 0.52)), (0.97, 0.96, 0.86),
        (0.18, 0.24, 0.42), (0.08, 0.22, 0.22), ((0.74, 0.78, 0.98), (0.90, 0.62, 0.88), (0.98, 0.90, 0.60)),
    ),
}  # fmt: skip


def paint(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """The picture: `steps` is the number of layers of grass and flowers."""
    palette = PALETTES[scene.palette]
    ground = _background(scene, palette, rng)
    # Twice as large while drawing, halved at the end: that smooths the edges of what is drawn.
    canvas = ground.resize((scene.width * 2, scene.height * 2), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(canvas)
    _sky_things(draw, canvas.size, scene, palette, rng)
    _layers(draw, canvas.size, scene, palette, rng)
    _weather(draw, canvas.size, scene, rng)
    return canvas.reduce(2)


def _background(scene: Scene, palette: Palette, rng: np.random.Generator) -> Image.Image:
    sky = ramp([steer(colour, scene, share=0.22) for colour in palette.sky], int(scene.height * 0.62))
    column = np.concatenate([sky, np.repeat(sky[-1:], scene.height - len(sky), axis=0)])
    pixels = np.repeat(column[:, None, :], scene.width, axis=1)
    _light(pixels, scene, palette, rng)
    _clouds(pixels, scene, palette, rng)
    for layer in range(4):
        _hill(pixels, scene, palette, layer / 3, rng)
    return to_image(pixels)


def _light(pixels: Pixels, scene: Scene, palette: Palette, rng: np.random.Generator) -> None:
    size = min(scene.width, scene.height)
    x0, y0 = rng.uniform(0.15, 0.85) * scene.width, rng.uniform(0.12, 0.26) * scene.height
    radius = size * (0.05 + 0.04 * scene.guidance * (scene.wants("sun") or scene.wants("night")))
    y, x = np.ogrid[: scene.height, : scene.width]
    distance = np.hypot(x - x0, y - y0).astype(np.float32)
    glow = 0.75 * np.exp(-distance / (radius * 3.2)) + np.clip(radius - distance + 0.5, 0, 1)
    pixels += (np.array(palette.light, dtype=np.float32) - pixels) * np.clip(glow, 0, 1)[..., None]


def _clouds(pixels: Pixels, scene: Scene, palette: Palette, rng: np.random.Generator) -> None:
    rows = int(scene.height * _HORIZON)
    gloom = 0.25 * scene.guidance * (scene.wants("rain") or scene.wants("snow"))
    thick = np.clip((cloud(rng, scene.width, rows, cells=4) - 0.52 + gloom) * 3.2, 0, 0.85)
    fade = np.linspace(1, 0.2, rows, dtype=np.float32)[:, None]
    colour = mix((1.0, 1.0, 1.0), palette.sky[1], 0.25 + 0.5 * (scene.palette == "night") + 1.2 * gloom)
    pixels[:rows] += (np.array(colour, dtype=np.float32) - pixels[:rows]) * (thick * fade)[..., None]


def _hill(pixels: Pixels, scene: Scene, palette: Palette, depth: float, rng: np.random.Generator) -> None:
    line = curve(rng, scene.width, waves=1.2 + depth)
    edge = scene.height * (_HORIZON - 0.05 + 0.14 * depth) + line * scene.height * (0.055 - 0.03 * depth)
    top = max(0, int(edge.min()) - 1)
    below = np.arange(top, scene.height, dtype=np.float32)[:, None] - edge[None, :]
    tone = mix(steer(palette.far, scene, share=0.15), steer(palette.near, scene, share=0.15), depth**0.8)
    snowy = 0.75 * scene.guidance * scene.wants("snow")
    colour = np.array(mix(tone, (0.95, 0.97, 1.0), snowy), dtype=np.float32)
    lit = 0.14 * np.exp(-np.maximum(below, 0) / (scene.height * 0.05)) - 0.05
    part = pixels[top:]
    part += (colour + lit[..., None] - part) * np.clip(below + 0.5, 0, 1)[..., None]


def _sky_things(
    draw: motifs.Draw, size: tuple[int, int], scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    width, height = size
    if scene.palette == "night":
        motifs.stars(draw, width, int(height * 0.8), rng)
    if scene.wants("bird"):
        for _ in range(2 + round(6 * scene.guidance)):
            spot = rng.uniform(0.06, 0.94) * width, rng.uniform(0.08, 0.38) * height
            motifs.bird(draw, *spot, height * rng.uniform(0.03, 0.055), steer(palette.flowers[1], scene), rng)
    for motif, share in (("house", 0.17), ("tree", 0.30)):
        if scene.wants(motif):
            x, y = rng.uniform(0.15, 0.85) * width, height * rng.uniform(0.60, 0.64)
            colour = steer(palette.near if motif == "tree" else (0.78, 0.32, 0.26), scene, share=0.5)
            getattr(motifs, motif)(draw, x, y, height * share, colour, rng)


def _layers(draw: motifs.Draw, size: tuple[int, int], scene: Scene, palette: Palette, rng: np.random.Generator) -> None:
    for layer in range(scene.steps):
        near = (layer + 1) / scene.steps
        _grass(draw, size, scene, palette, near, rng)
        _flowers(draw, size, scene, palette, near, rng)
        if layer == int(scene.steps * 0.66):
            _visitors(draw, size, scene, palette, rng)


def _grass(
    draw: motifs.Draw, size: tuple[int, int], scene: Scene, palette: Palette, near: float, rng: np.random.Generator
) -> None:
    width, height = size
    for _ in range(int((190 - 110 * near) * max(0.4, width / height))):
        x, y = rng.uniform(-0.02, 1.02) * width, height * (0.57 + 0.50 * near + rng.uniform(-0.02, 0.02))
        tall = height * (0.016 + 0.13 * near) * rng.uniform(0.5, 1.2)
        tone = mix(mix(palette.far, palette.near, 0.4 + 0.6 * near), (0.80, 0.90, 0.35), rng.uniform(0, 0.32))
        tone = mix(steer(tone, scene, share=0.07), (0.02, 0.12, 0.10), rng.uniform(0.0, 0.45))
        tone = mix(tone, (0.93, 0.97, 1.0), 0.7 * scene.guidance * scene.wants("snow"))
        lean = rng.normal(0, 0.28) * tall
        blade(draw, (x, y), (x + lean, y - tall), lean, height * (0.002 + 0.007 * near), tone)


def _flowers(
    draw: motifs.Draw, size: tuple[int, int], scene: Scene, palette: Palette, near: float, rng: np.random.Generator
) -> None:
    width, height = size
    # About as many flowers in all whatever the number of layers, three times as many when asked for.
    wished = (26 + 60 * scene.guidance * scene.wants("flower")) * width / height
    for _ in range(rng.poisson(wished / scene.steps * (1.6 - near))):
        x, y = rng.uniform(0, 1) * width, height * (0.57 + 0.50 * near)
        tall, bloom = height * (0.03 + 0.20 * near) * rng.uniform(0.7, 1.2), height * (0.006 + 0.045 * near**1.3)
        number = int(rng.integers(len(palette.flowers)))
        colour = mix(steer(palette.flowers[number], scene, number=number, share=0.9), (1, 1, 1), rng.uniform(0, 0.15))
        head = (x + rng.normal(0, 0.12) * tall, y - tall)
        kind = int(rng.integers(len(FLOWER_KINDS)))
        flower(draw, (x, y), head, bloom * rng.uniform(0.7, 1.15), colour, kind, rng.uniform(0, 6.28))


def _visitors(
    draw: motifs.Draw, size: tuple[int, int], scene: Scene, palette: Palette, rng: np.random.Generator
) -> None:
    width, height = size
    for motif, share, row, least, most in (("robot", 0.40, 0.90, 0.15, 0.5), ("snail", 0.24, 0.88, 0.6, 0.85)):
        if scene.wants(motif):
            x = rng.uniform(least, most) * width
            colour = steer(palette.flowers[1], scene, share=0.7)
            getattr(motifs, motif)(draw, x, row * height, height * share, colour, rng)
    if scene.wants("butterfly"):
        for number in range(2 + round(5 * scene.guidance)):
            spot = rng.uniform(0.08, 0.92) * width, rng.uniform(0.3, 0.72) * height
            colour = steer(palette.flowers[number % 3], scene, number=number)
            motifs.butterfly(draw, *spot, height * rng.uniform(0.02, 0.045), colour, rng)


def _weather(draw: motifs.Draw, size: tuple[int, int], scene: Scene, rng: np.random.Generator) -> None:
    if scene.wants("rain"):
        motifs.rain(draw, *size, rng)
    if scene.wants("snow"):
        motifs.snow(draw, *size, rng)
