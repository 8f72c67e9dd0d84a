"""Which browser asks: a random id in a signed cookie says whose a run is, and nothing of who somebody is.

A program without cookies gets a secret with each run that it starts, and sends it along when it comes back to it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request
from itsdangerous import BadSignature, Signer, TimestampSigner

from devserver.web.replies import set_cookie
from devserver.web.visitors import guard
from devserver.web.visitors.roles import HOLDERS, SEEING_ALL, Role

COOKIE = "devserver_pupil"
COOKIE_SECONDS = 12 * 3600
SECRET_HEADER = "X-Ticket-Secret"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: in which role, from which browser, in which room, and for which ticket they have sent the secret."""

    role: Role
    pupil: str = ""
    ticket: str = ""
    room: str = ""

    @property
    def is_researcher(self) -> bool:
        """Whether everything that was recorded may be seen."""
        return self.role in SEEING_ALL

    @property
    def is_admin(self) -> bool:
        """Whether everything may be done, and runs of all who may are nobody's in particular."""
        return self.role is Role.ADMIN

    @property
    def holds_rooms(self) -> bool:
        """Whether rooms, and the runs of those who are in them, are theirs to look after."""
        return self.role in HOLDERS

    def has_asked_for(self, ticket: str, owner: str) -> bool:
        """Whether a run of that ticket, which belongs to `owner`, is their own."""
        return (owner != "" and owner == self.pupil) or (ticket != "" and ticket == self.ticket)


class Pupils:
    """Gives each browser its id, and each ticket its secret; both can be told from forged ones by the key alone."""

    def __init__(self, key: bytes) -> None:
        self._ids = TimestampSigner(key, salt="devserver pupil 1")
        self._tickets = Signer(key, salt="devserver ticket 1")

    def install(self, app: Flask) -> None:
        """Let `asker()` know who it is; after the guard, which knows the role."""

        @app.after_request
        def keep(response: Response) -> Response:
            new: str = g.get("new_pupil", "")
            if new:
                set_cookie(response, COOKIE, self._ids.sign(new).decode(), COOKIE_SECONDS)
            return response

        @app.before_request
        def recognise() -> None:
            # On pages that are open to all it may be nobody we know.
            has_own_runs = g.caller is not None and g.caller.role is not Role.ADMIN
            if g.caller is not None and g.caller.badge:
                badge = g.caller.badge
                secret = self.read_secret(request.headers.get(SECRET_HEADER))
                g.asker = Asker(Role.PUPIL, badge.pupil.pupil_id, secret, room=badge.room.room_id)
            elif has_own_runs and request.endpoint != "static":
                known = self.read_cookie(request.cookies.get(COOKIE, ""))
                g.new_pupil = "" if known else secrets.token_hex(16)
                secret = self.read_secret(request.headers.get(SECRET_HEADER))
                g.asker = Asker(g.caller.role, known or g.new_pupil, secret)

    def read_cookie(self, cookie: str) -> str:
        """The id in a cookie of ours; empty for any other, and for one that is too old."""
        try:
            return self._ids.unsign(cookie, max_age=COOKIE_SECONDS).decode()
        except BadSignature:
            return ""

    def secret_of(self, ticket: str) -> str:
        """The secret of a ticket, for whoever asked for its run."""
        return self._tickets.sign(ticket).decode()

    def read_secret(self, secret: str | None) -> str:
        """The ticket of a secret of ours; empty for any other."""
        try:
            return self._tickets.unsign(secret or "").decode()
        except BadSignature:
            return ""


def asker() -> Asker:
    """Who asks."""
    found: Any = g.get("asker")
    return found if isinstance(found, Asker) else Asker(guard.role())
