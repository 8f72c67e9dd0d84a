"""What a pupil is called in a room: by a nickname of their own, or by a pseudonym that is made for them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence

from exporters.story.readable import visible_line

LONGEST = 24


def nickname_of(text: str, longest: int = LONGEST) -> str:
    """A nickname as somebody typed it, on one line and with nothing that cannot be seen.

    >>> nickname_of("  Mia   \\n Lou ")
    'Mia Lou'
    """
    return " ".join(visible_line(" ".join(text[:400].split())).split())[:longest].strip()


def pseudonym(animals: Sequence[str], taken: Collection[str]) -> str:
    """One of the animals that nobody in the room is yet; where all are taken, with a number.

    >>> pseudonym(["Otter"], {"Otter", "Otter 2"})
    'Otter 3'
    """
    rounds = 1
    while True:
        names = [name if rounds == 1 else f"{name} {rounds}" for name in animals]
        free = [name for name in names if name not in taken]
        if free:
            return secrets.choice(free)
        rounds += 1


def unlike(nickname: str, taken: Collection[str]) -> str:
    """The nickname, with a number where somebody else in the room has it.

    >>> unlike("Mia", {"Mia"})
    'Mia 2'
    """
    return nickname if nickname not in taken else pseudonym([nickname], taken)
