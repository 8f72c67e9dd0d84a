"""Walk through a nested value, whatever its depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Steps = tuple[Any, ...]
"""Keys and positions, from the outside in."""


def parts_of(value: Any) -> Iterator[tuple[Steps, Any]]:
    """The value itself and everything in it, with the way there.

    >>> [steps for steps, part in parts_of({"choices": [{"text": "Eine Blume"}]}) if isinstance(part, str)]
    [('choices', 0, 'text')]
    """
    waiting: list[tuple[Steps, Any]] = [((), value)]
    while waiting:
        steps, part = waiting.pop()
        yield steps, part
        if isinstance(part, dict):
            waiting.extend(((*steps, name), entry) for name, entry in part.items())
        elif isinstance(part, list):
            waiting.extend(((*steps, number), entry) for number, entry in enumerate(part))
