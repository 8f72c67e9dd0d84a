"""As whom somebody may come in."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody may see: a student what the safety checks let through, a researcher everything."""

    STUDENT = "student"
    RESEARCHER = "researcher"
