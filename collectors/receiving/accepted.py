"""What comes of a request that was given to a collector."""

from __future__ import annotations

from typing import NamedTuple


class Accepted(NamedTuple):
    """What was taken of it: how many spans were not, and why."""

    rejected: int = 0
    message: str = ""


class Busy(Exception):
    """Nothing can be taken now; later it can."""
