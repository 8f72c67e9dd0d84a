"""Put another seed in the place of every seed in what was passed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SEED_NAMES = frozenset({"seed", "noise_seed", "random_seed"})
"""What backends call it: most of them; ComfyUI's advanced samplers; Mistral."""


def with_seed(value: Any, seed: int, places: Sequence[str] = ()) -> tuple[Any, int]:
    """A copy of `value` with another seed, and how many were replaced. Seeds that are no numbers are links: they stay.

    `places` are JSON pointers to where the run put its seed; where none is known, seeds go by their names.

    >>> with_seed({"prompt": {"3": {"inputs": {"seed": 7, "noise_seed": ["4", 0]}}}}, 8)
    ({'prompt': {'3': {'inputs': {'seed': 8, 'noise_seed': ['4', 0]}}}}, 1)
    """
    wanted = {tuple(map(_unescaped, place.split("/")[1:])) for place in places}
    replaced = 0

    def copy(part: Any, path: tuple[str, ...]) -> Any:
        nonlocal replaced
        if isinstance(part, list):
            return [copy(entry, (*path, str(number))) for number, entry in enumerate(part)]
        if isinstance(part, dict):
            return {name: copy(entry, (*path, str(name))) for name, entry in part.items()}
        if type(part) is int and (path in wanted if wanted else path[-1:] and path[-1] in SEED_NAMES):
            replaced += 1
            return seed
        return part

    return copy(value, ()), replaced


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
