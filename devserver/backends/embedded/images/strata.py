"""Paint strata: paper-cut layers of wavy land under a great disc, each casting a shadow."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from devserver.backends.embedded.images import motifs
from devserver.backends.embedded.images.paint import Pixels, Scene, cloud, curve, mix, ramp, steer, to_image
from devserver.backends.embedded.images.prompt import Colour

# From the sky down to the nearest layer.
PALETTES: dict[str, tuple[Colour, ...]] = {
    "dawn": ((0.99, 0.87, 0.74), (0.98, 0.66, 0.52), (0.87, 0.40, 0.45), (0.48, 0.24, 0.45), (0.17, 0.13, 0.32)),
    "lagoon": ((0.93, 0.97, 0.90), (0.60, 0.86, 0.80), (0.22, 0.65, 0.70), (0.10, 0.40, 0.55), (0.05, 0.18, 0.34)),
    "orchard": ((1.00, 0.95, 0.78), (0.96, 0.79, 0.42), (0.66, 0.71, 0.33), (0.28, 0.51, 0.35), (0.10, 0.27, 0.25)),
    "night": ((0.10, 0.12, 0.30), (0.22, 0.22, 0.48), (0.35, 0.29, 0.56), (0.20, 0.18, 0.42), (0.06, 0.06, 0.18)),
}


PAINTS = frozenset(("night", "sun", "bird", "rain", "snow"))
_DISC: dict[str, Colour] = {
    "dawn": (1.0, 0.95, 0.72),
    "lagoon": (0.99, 0.60, 0.45),
    "orchard": (0.96, 0.47, 0.30),
    "night": (1.0, 0.97, 0.84),
}


def paint(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """The picture: `steps` is the number of layers."""
    colours = [steer(colour, scene, number=n, share=0.55) for n, colour in enumerate(PALETTES[scene.palette])]
    tones = ramp(colours, scene.steps + 1)
    pixels = _sky(scene, colours, rng)
    for layer in range(scene.steps):
        _lay(pixels, tones[layer + 1], _edge(scene, layer, rng), rng)
    return _with_things(to_image(pixels), scene, colours, rng)


def _with_things(image: Image.Image, scene: Scene, colours: list[Colour], rng: np.random.Generator) -> Image.Image:
    wanted = [motif for motif in ("bird", "rain", "snow") if scene.wants(motif)]
    if not wanted:
        return image
    # Drawn twice as large and halved, which smooths the edges.
    canvas = image.resize((scene.width * 2, scene.height * 2), Image.Resampling.BILINEAR)
    draw, (width, height) = ImageDraw.Draw(canvas), canvas.size
    if "bird" in wanted:
        for _ in range(2 + round(6 * scene.guidance)):
            spot = rng.uniform(0.06, 0.94) * width, rng.uniform(0.06, 0.5) * height
            motifs.bird(draw, *spot, height * rng.uniform(0.03, 0.055), steer(colours[3], scene), rng)
    for motif in ("rain", "snow"):
        if motif in wanted:
            getattr(motifs, motif)(draw, width, height, rng)
    return canvas.reduce(2)


def _sky(scene: Scene, colours: list[Colour], rng: np.random.Generator) -> Pixels:
    height, width = scene.height, scene.width
    sky = ramp([colours[0], mix(colours[0], colours[1], 0.6)], height)[:, None, :]
    pixels = np.repeat(sky, width, axis=1)
    pixels += (cloud(rng, width, height, cells=4)[..., None] - 0.45) * 0.06
    _disc(pixels, scene, rng)
    return pixels


def _disc(pixels: Pixels, scene: Scene, rng: np.random.Generator) -> None:
    """A sun, or a moon when the prompt speaks of the night, with rings of light around it."""
    size = min(scene.width, scene.height)
    x0, y0 = rng.uniform(0.25, 0.75) * scene.width, rng.uniform(0.2, 0.34) * scene.height
    radius = size * rng.uniform(0.09, 0.15) * (1 + 0.5 * scene.guidance * scene.wants("sun"))
    y, x = np.ogrid[: scene.height, : scene.width]
    distance = np.hypot(x - x0, y - y0).astype(np.float32)
    rings = np.exp(-distance / (size * 0.28)) * (0.75 + 0.25 * np.cos(distance / (size * 0.012)))
    light = np.array(_DISC[scene.palette], dtype=np.float32)
    pixels += (light - pixels) * (0.35 * np.clip(rings, 0, 1))[..., None]
    pixels += (light - pixels) * np.clip(radius - distance + 0.5, 0, 1)[..., None]


def _edge(scene: Scene, layer: int, rng: np.random.Generator) -> Pixels:
    """The height at which a layer begins, for each column of the picture."""
    depth = (layer + 0.6) / scene.steps
    restless = 0.5 + scene.guidance * scene.features.mood
    line = curve(rng, scene.width, waves=rng.uniform(0.6, 1.8) * restless)
    swing = scene.height * (0.11 - 0.06 * depth)
    return (scene.height * (0.34 + 0.64 * depth) + line * swing).astype(np.float32)


def _lay(pixels: Pixels, tone: Pixels, edge: Pixels, rng: np.random.Generator) -> None:
    height = pixels.shape[0]
    reach = height * 0.03
    top, deep = max(0, int(edge.min() - 4 * reach)), int(edge.max() + height * 0.24)
    # Further down a layer is of one tone, and mostly covered by the next ones.
    pixels[deep:] = tone
    part = pixels[top:deep]
    below = np.arange(top, top + len(part), dtype=np.float32)[:, None] - edge[None, :]
    depth = np.maximum(below, 0)

    part *= 1 - 0.30 * np.exp(np.minimum(below, 0) / reach)[..., None]
    veins = 0.025 * np.sin(below / (height * rng.uniform(0.007, 0.012))) * np.exp(-depth / (height * 0.08))
    face = tone + (veins + 0.10 * np.exp(-depth / (height * 0.006)))[..., None]
    # Half a pixel of cover on either side keeps the edge smooth.
    part += (face - part) * np.clip(below + 0.5, 0, 1)[..., None]
