"""Say which runs did not leave, and why."""

from __future__ import annotations

from typing import Any

from devserver.cli.showing.text import count
from devserver.cli.streams import say
from exporters.privacy.profiles import Profile
from exporters.privacy.way_out import WayOut, kept_back_in_words


def kept_back_as_dict(way_out: WayOut) -> dict[str, Any]:
    """For programs: under what it left, and how many runs did not, by reason."""
    if way_out.profile is Profile.FULL and not way_out.kept_back:
        return {}
    return {"profile": way_out.profile.value, "kept_back": way_out.kept_back}


def say_kept_back(way_out: WayOut, *, err: bool = False) -> None:
    """For people: how many runs did not leave, where there are some; on stderr where stdout is for something else."""
    reasons = way_out.kept_back
    if reasons:
        say(f"not among them: {count(sum(reasons.values()), 'run')}, {kept_back_in_words(reasons)}", err=err)
