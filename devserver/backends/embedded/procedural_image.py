"""Paint a picture from a prompt by procedure: the same inputs give the same PNG bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from devserver.backends.errors import InvalidParameter

VERSION = "procedural_image 1"
STYLES = ("meadow", "strata", "bauhaus")
SMALLEST, LARGEST = 64, 4096
MOST_STEPS = 100
HIGHEST_CFG = 30.0


@dataclass(frozen=True, slots=True)
class ProceduralImage:
    """A picture as PNG bytes, with every parameter that made it, the chosen ones included."""

    png: bytes
    parameters: dict[str, Any] = field(default_factory=dict)


def render(
    prompt: str,
    *,
    seed: int,
    width: int = 1024,
    height: int = 1024,
    steps: int = 24,
    cfg: float = 5.0,
    style: str = "meadow",
    palette: str | None = None,
) -> ProceduralImage:
    """The picture for a prompt.

    `style` is the model: `meadow`, `strata` or `bauhaus`. `steps` (1 to 100) is the number of
    layers that are painted (in `bauhaus`: of forms), `cfg` (0 to 30) how strongly the prompt's
    words steer colour and form: at 0 the prompt does not count. `seed` is any whole number of up
    to 64 bits, negative ones too; it chooses the composition, and the palette where none is given.

    >>> render("A flower", seed=1, width=64, height=64).png[:4]
    b'\\x89PNG'
    """
    import numpy as np

    from devserver.backends.embedded.images.paint import Scene, to_png
    from devserver.backends.embedded.images.prompt import read_prompt

    _check(seed=seed, width=width, height=height, steps=steps, cfg=cfg, style=style)
    painter = _painter(style)
    # Not the global random state, and the same stream for the same seed.
    rng = np.random.default_rng(seed % 2**64)
    features = read_prompt(prompt)
    chosen = _palette(
        palette, tuple(painter.PALETTES), night="night" in features.motifs and cfg > 0, draw=int(rng.integers(1 << 30))
    )
    scene = Scene(features, _guidance(cfg), width, height, steps, chosen)
    parameters = {
        "style": style,
        "seed": seed,
        "width": width,
        "height": height,
        "steps": steps,
        "cfg": cfg,
        "palette": chosen,
        "motifs": sorted(motif for motif in features.motifs & painter.PAINTS if scene.wants(motif)),
    }
    return ProceduralImage(to_png(painter.paint(scene, rng)), parameters)


def _guidance(cfg: float) -> float:
    """0 at cfg 0, a half at 4, towards 1 beyond: the usual values of cfg all make a difference."""
    return cfg / (cfg + 4.0)


def _painter(style: str) -> Any:
    """The module of a style, with `paint`, `PALETTES` and `PAINTS` (the things it can paint)."""
    from devserver.backends.embedded.images import bauhaus, meadow, strata

    return {"meadow": meadow, "strata": strata, "bauhaus": bauhaus}[style]


def _palette(wished: str | None, palettes: tuple[str, ...], *, night: bool, draw: int) -> str:
    if wished is not None and wished not in palettes:
        raise InvalidParameter(f"unknown palette {wished!r}; this style has {', '.join(palettes)}")
    by_day = [name for name in palettes if name != "night"]
    return wished or ("night" if night else by_day[draw % len(by_day)])


def _check(*, seed: int, width: int, height: int, steps: int, cfg: float, style: str) -> None:
    if style not in STYLES:
        raise InvalidParameter(f"unknown style {style!r}; known are {', '.join(STYLES)}")
    if not -(2**63) <= seed < 2**64:
        raise InvalidParameter(f"seed {seed} has more than 64 bits")
    for name, value, least, most in (
        ("width", width, SMALLEST, LARGEST),
        ("height", height, SMALLEST, LARGEST),
        ("steps", steps, 1, MOST_STEPS),
        ("cfg", cfg, 0, HIGHEST_CFG),
    ):
        if not least <= value <= most:
            raise InvalidParameter(f"{name} {value} is outside of {least} to {most}")
