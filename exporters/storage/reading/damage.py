"""Say what of a store cannot be read, and go on with the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from exporters.errors import BrokenFile, listed


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that cannot be read, or not all of it, in one sentence; `execution_id` is the run that misses it."""

    path: Path
    sentence: str
    execution_id: str | None = None


OnDamage = Callable[[Damage], None]
"""Told of each damage once."""


class Damages:
    """Remembers what it is told, each damage once.

    >>> damages = Damages()
    >>> damages(Damage(Path("a.parquet"), "a.parquet is empty"))
    >>> damages.paths
    [PosixPath('a.parquet')]
    """

    def __init__(self) -> None:
        self._told: dict[Damage, None] = {}

    def __call__(self, damage: Damage) -> None:
        """Remember it."""
        self._told.setdefault(damage)

    def __iter__(self) -> Iterator[Damage]:
        """In the order they were told."""
        return iter(list(self._told))

    def __len__(self) -> int:
        return len(self._told)

    @property
    def paths(self) -> list[Path]:
        """The files, each once."""
        return list(dict.fromkeys(damage.path for damage in self))

    def pass_on(self, on_damage: OnDamage | None) -> None:
        """Tell somebody of each; where nobody wants to know, refuse."""
        if on_damage is None:
            self.refuse()
            return
        for damage in self:
            on_damage(damage)

    def refuse(self) -> None:
        """Raise `BrokenFile` where there was any: nothing is left out in silence."""
        if self._told:
            raise BrokenFile(listed([damage.sentence for damage in self], limit=3))
