"""The code of a room: six signs that nobody confuses, and that spell no word."""

from __future__ import annotations

import secrets

SIGNS = "23456789CDFHJKMNPQRTVWX"
"""Without 0 O, 1 I L, B S Z G, which look like others, and without vowels, which make words."""

LENGTH = 6
"""148 million codes: at 300 wrong ones a minute somebody would guess for months, and a room is open for an hour."""


def new_code() -> str:
    """A code that nobody can foretell."""
    return "".join(secrets.choice(SIGNS) for _ in range(LENGTH))


def read_code(text: str) -> str:
    """A code as somebody typed it: capitals, spaces and hyphens make no difference; empty for what is none.

    >>> read_code(" k7m-4xd "), read_code("hello")
    ('K7M4XD', '')
    """
    signs = "".join(text[:40].upper().replace("-", " ").split())
    return signs if len(signs) == LENGTH and set(signs) <= set(SIGNS) else ""


def spoken(code: str) -> str:
    """A code as it is shown: in two halves.

    >>> spoken("K7M4XD")
    'K7M 4XD'
    """
    return f"{code[: LENGTH // 2]} {code[LENGTH // 2 :]}"
