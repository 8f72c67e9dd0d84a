"""Put another seed in the place of every seed in what was passed."""

from __future__ import annotations

from typing import Any

SEED_NAMES = frozenset({"seed", "noise_seed", "random_seed"})
"""What backends call it: most of them; ComfyUI's advanced samplers; Mistral."""


def with_seed(value: Any, seed: int) -> tuple[Any, int]:
    """A copy of `value` with another seed, and how many were replaced. Seeds that are no numbers are links: they stay.

    >>> with_seed({"prompt": {"3": {"inputs": {"seed": 7, "noise_seed": ["4", 0]}}}}, 8)
    ({'prompt': {'3': {'inputs': {'seed': 8, 'noise_seed': ['4', 0]}}}}, 1)
    """
    replaced = 0

    def copy(part: Any) -> Any:
        nonlocal replaced
        if isinstance(part, list):
            return [copy(entry) for entry in part]
        if not isinstance(part, dict):
            return part
        new = {}
        for name, entry in part.items():
            is_seed = name in SEED_NAMES and type(entry) is int
            replaced += is_seed
            new[name] = seed if is_seed else copy(entry)
        return new

    return copy(value), replaced
