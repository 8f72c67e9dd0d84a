"""Who is next: in turns over those who asked, and what somebody asked for in the order of their asking.

Pure: numbers stand for moments. Whoever has had a turn, and whoever comes anew, is behind those who wait already; so
nobody waits for more than one turn of each other for each place of their own, however many sentences others send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Waiter(NamedTuple):
    """One that waits: `whose` turn it takes, and when it came, as a number that no other has."""

    whose: str
    number: int


def in_turns(waiting: Iterable[Waiter], last_turns: Mapping[str, int]) -> list[Waiter]:
    """All that wait, the next one first; `last_turns` says when somebody had their last turn, numbered with the others.

    >>> a, also_a, b = Waiter("a", 1), Waiter("a", 2), Waiter("b", 3)
    >>> in_turns([a, also_a, b], {}) == [a, b, also_a]
    True
    >>> in_turns([also_a, b], {"a": 4}) == [b, also_a]
    True
    """
    own: dict[str, list[Waiter]] = {}
    for one in sorted(waiting, key=lambda one: one.number):
        own.setdefault(one.whose, []).append(one)
    since = {whose: max(ones[0].number, last_turns.get(whose, 0)) for whose, ones in own.items()}
    placed = [(turn, since[whose], one) for whose, ones in own.items() for turn, one in enumerate(ones)]

    return [one for _, _, one in sorted(placed)]
