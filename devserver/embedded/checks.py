"""Refuse what an engine cannot take, and say what it would."""

from __future__ import annotations

from collections.abc import Iterable

from devserver.backends.errors import InvalidParameter


def check_seed(seed: int) -> None:
    """Raise `InvalidParameter` for a seed of more than 64 bits; negative ones are fine."""
    if not -(2**63) <= seed < 2**64:
        raise InvalidParameter(f"seed {seed} has more than 64 bits")


def check_number(name: str, value: object, least: float, most: float, *, whole: bool = False) -> None:
    """Raise `InvalidParameter` for what is no number (a `whole` one where that is wanted) from least to most."""
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not is_number or not least <= value <= most:  # type: ignore[operator]
        kind = "a whole number" if whole else "a number"
        raise InvalidParameter(f"{name} {value!r:.60} is not {kind} from {least} to {most}")


def check_choice(name: str, value: object, known: Iterable[str]) -> None:
    """Raise `InvalidParameter` for a name that is not among the known ones."""
    if value not in (choices := list(known)):
        raise InvalidParameter(f"unknown {name} {value!r:.60}; known are {', '.join(choices)}")
