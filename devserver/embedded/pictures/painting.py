"""Paint a picture from a prompt by procedure, as the Bauhaus printed: the same inputs give the same PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence

from devserver.embedded.checks import check_choice, check_number, check_seed
from devserver.engines import MadeFile

VERSION = "procedural_image 2"


def render(
    text: str,
    *,
    seed: int,
    images: Sequence[bytes] = (),
    width: int = 1024,
    height: int = 1024,
    steps: int = 24,
    cfg: float = 5.0,
    palette: str | None = None,
) -> MadeFile:
    """The picture for a prompt, as a PNG file; every parameter that made it stands among its facts.

    `steps` (1 to 100) is the number of forms, `cfg` (0 to 30) how strongly the prompt's words steer colour and form: at
    0 the prompt does not count. `palette` is weimar, dessau, berlin or night. `seed` is any whole number of up to 64
    bits, negative ones too; it chooses the composition, and the palette where none is given.

    >>> render("A flower", seed=1, width=64, height=64).content[:4]
    b'\\x89PNG'
    """
    import numpy as np

    from devserver.embedded.pictures import bauhaus
    from devserver.embedded.pictures.paint import Scene, to_png
    from devserver.embedded.pictures.prompt import read_prompt

    check_seed(seed)
    for name, value, least, most in (
        ("width", width, 64, 4096),
        ("height", height, 64, 4096),
        ("steps", steps, 1, 100),
    ):
        check_number(name, value, least, most, whole=True)
    check_number("cfg", cfg, 0, 30)
    if palette is not None:
        check_choice("palette", palette, bauhaus.PALETTES)
    # Not the global random state, and the same stream for the same seed.
    rng = np.random.default_rng(seed % 2**64)
    features = read_prompt(text)
    night = "night" in features.motifs and cfg > 0
    # Drawn in any case: a given palette leaves the rest of the picture as it is.
    drawn = _palette(night=night, draw=int(rng.integers(1 << 30)))
    scene = Scene(features, _guidance(cfg), width, height, steps, palette or drawn)
    facts = {
        "seed": seed,
        "width": width,
        "height": height,
        "steps": steps,
        "cfg": cfg,
        "palette": scene.palette,
        "motifs": sorted(motif for motif in features.motifs if scene.wants(motif)),
    }
    return MadeFile(to_png(bauhaus.paint(scene, rng)), "image/png", facts)


def _guidance(cfg: float) -> float:
    """0 at cfg 0, a half at 4, towards 1 beyond: the usual values of cfg all make a difference."""
    return cfg / (cfg + 4.0)


def _palette(*, night: bool, draw: int) -> str:
    from devserver.embedded.pictures.bauhaus import PALETTES

    by_day = [name for name in PALETTES if name != "night"]
    return "night" if night else by_day[draw % len(by_day)]
