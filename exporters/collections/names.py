"""Names that no two things share, whatever records call them, and that may be names of files."""

from __future__ import annotations

import re

from exporters.story.letters import cut
from exporters.story.readable import visible_line

_NOT_IN_FILES = re.compile(r'[/\\:*?"<>|]')
_LONGEST = 200
"""Bytes: programs append suffixes of their own, and file systems end at 255."""


class UniqueNames:
    """Gives names, each once; small and capital letters make no difference.

    >>> names = UniqueNames()
    >>> names.give("7b Monday"), names.give("7B monday"), names.give("7b Monday", ".png")
    ('7b Monday', '7B monday 2', '7b Monday.png')
    """

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._counts: dict[str, int] = {}

    def give(self, wanted: str, suffix: str = "") -> str:
        """The name, or with a number behind it where somebody has it."""
        name = f"{wanted}{suffix}"
        while name.casefold() in self._given:
            count = self._counts[wanted] = self._counts.get(wanted, 1) + 1
            name = f"{wanted} {count}{suffix}"
        self._given.add(name.casefold())
        return name


def file_name(wanted: object) -> str:
    """What a file of that name may be called, wherever it is.

    >>> file_name("7b/Monday: *"), file_name("..")
    ('7b_Monday_ _', 'unnamed')
    """
    name = _NOT_IN_FILES.sub("_", visible_line(wanted)).strip(" .")
    while len(name.encode()) > _LONGEST:
        name = cut(name, min(len(name) - 1, _LONGEST)).rstrip(" .")
    return name or "unnamed"
