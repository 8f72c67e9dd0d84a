"""As whom somebody may come in, and for whom each route is: a route that does not say so is no route."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from flask import Flask
from werkzeug.routing import Rule


class Role(StrEnum):
    """What somebody is here for: a pupil sends sentences, a teacher holds rooms, a researcher sees and takes along
    everything that was recorded, and an admin may do all of it, erase, and end logins."""

    PUPIL = "pupil"
    TEACHER = "teacher"
    RESEARCHER = "researcher"
    ADMIN = "admin"


Roles = frozenset[Role | None]
"""For whom something is; None stands for somebody whom nobody knows."""

ALL: Roles = frozenset(Role)
OPEN: Roles = ALL | {None}
PUPILS: Roles = frozenset({Role.PUPIL, Role.ADMIN})
"""Where a pupil of a room has something to do; an admin tries it out."""
HOLDERS: Roles = frozenset({Role.TEACHER, Role.ADMIN})
"""Who holds rooms."""
SEEING_ALL: Roles = frozenset({Role.RESEARCHER, Role.ADMIN})
"""Who sees every run as it was recorded."""
ADMINS: Roles = frozenset({Role.ADMIN})


class RoutedFor(Rule):
    """A route that says for which roles it is."""

    def __init__(self, string: str, *, roles: Roles | None = None, **options: Any) -> None:
        super().__init__(string, **options)
        if roles is None and options.get("endpoint") != "static":
            raise TypeError(f"the route {string} does not say for whom it is: roles=ALL, or others of roles.py")
        self.roles = OPEN if roles is None else roles


class RoledFlask(Flask):
    """An application each route of which says for whom it is."""

    url_rule_class: type[Rule] = RoutedFor


def sentence_for(roles: Roles) -> str:
    """For whom something is, in words.

    >>> sentence_for(HOLDERS)
    'this is for admin and teacher'
    """
    return f"this is for {' and '.join(sorted(role.value for role in roles if role))}"
