"""Say how much of a long work is done, where its parts know only themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int], None]
"""Told how much is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a work, which runs from `first` to `last` of `of`; whoever does it says how far it is.

    >>> half = Share(lambda done, of: print(f"{done} of {of}"), 0, 100, 200)
    >>> half(1, 4)
    25 of 200
    >>> half.part(1 / 2, 1)(1, 2)
    75 of 200
    """

    tell: Progress
    first: float
    last: float
    of: int

    def __call__(self, done: int, of: int) -> None:
        """So much of this part is done."""
        self.tell(round(self.first + (self.last - self.first) * done / of), self.of)

    def part(self, begin: float, end: float) -> Share:
        """The part of this part between two fractions of it."""
        size = self.last - self.first
        return Share(self.tell, self.first + size * begin, self.first + size * end, self.of)


NOBODY = Share(lambda done, of: None, 0, 0, 1)
"""Of a work of which nobody wants to know how far it is."""
