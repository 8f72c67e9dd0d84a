"""Which seed a run uses: the one asked for, else the configuration's, else a new one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devserver.configs.model import InterceptionConfig, PipelineConfig

LARGEST_SEED = 2**31 - 1


def draw_seed() -> int:
    """A new seed. It comes from the operating system: Python's global random numbers belong to the pipeline."""
    return secrets.randbelow(LARGEST_SEED + 1)


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds of one run, which was asked to use `asked`, or None."""

    asked: int | None
    config: PipelineConfig
    draw: Callable[[], int] = draw_seed

    def configured(self, config_seed: int | str) -> Any:
        """What caller and configuration say about a seed: a number, or "random"."""
        return config_seed if self.asked is None else self.asked

    def of_interception(self, interception: InterceptionConfig) -> int:
        """The seed of stage 2."""
        return self._resolve(interception.seed, offset=0)

    def of_output(self, number: int) -> int:
        """The seed of output `number` (1 up).

        An output that is listed again gets the next number with an asked-for seed: the same picture twice helps nobody.
        """
        outputs = self.config.outputs
        wanted = outputs[number - 1]
        return self._resolve(wanted.seed, offset=[earlier.name for earlier in outputs[: number - 1]].count(wanted.name))

    def _resolve(self, config_seed: int | str, *, offset: int) -> int:
        if self.asked is not None:
            return self.asked + offset
        return config_seed if isinstance(config_seed, int) else self.draw()
