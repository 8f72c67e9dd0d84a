"""Who may come in, and as whom: by a token, a session that stands for one, or the badge of a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from collectors.listening import Head, Leave, bearer_in, is_same, knows_host
from devserver.pictures import MOST_BYTES
from devserver.web.rooms.badges import COOKIE as BADGE
from devserver.web.rooms.badges import Badge, Badges
from devserver.web.visitors.attempts import Attempts
from devserver.web.visitors.roles import Role
from devserver.web.visitors.sessions import Session, Sessions
from devserver.web.web_settings import WebSettings

COOKIE = "devserver_login"

MOST_BODY = 3 * MOST_BYTES * 4 // 3 + 2**20
"""Three pictures in base64, and a long text."""

MOST_BODY_OF_STRANGERS = 4 * 2**10
"""A form with a token."""

LOGIN, JOIN = "/login", "/join"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: as whom, by which session, and with which badge; None for a token that was sent along, or where none is
    asked for."""

    role: Role
    session: Session | None = None
    badge: Badge | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Answers who somebody is, by what they bring."""

    settings: WebSettings
    sessions: Sessions
    badges: Badges
    attempts: Attempts

    @property
    def is_open(self) -> bool:
        """Whether no token is asked for: then only this machine can reach the server, and whoever sits there may."""
        return self.settings.token is None

    def gate(self, head: Head) -> Leave:
        """How much of a request is read: of one that would be answered with 401, nothing but its head."""
        if self.caller(head.header("Authorization"), _cookies_in(head.header("Cookie"))):
            return Leave(True, MOST_BODY)
        has_form = head.method == "POST" and head.path in (LOGIN, JOIN)
        return Leave(False, MOST_BODY_OF_STRANGERS if has_form else 0)

    def caller(self, authorization: str, cookies: Mapping[str, str]) -> Caller | None:
        """Who that is; None for nobody we know."""
        token = bearer_in(authorization)
        if token is not None and not self.is_open:
            role = self.role_of_token(token)
            return Caller(role) if role else None
        session = self.sessions.of_cookie(cookies[COOKIE]) if COOKIE in cookies and not self.is_open else None
        # Who holds rooms may try one out in another browser; in theirs they stay who they are.
        if session and session.role is not Role.PUPIL:
            return Caller(session.role, session)
        # A server that checks nothing lets no class in, also none that was in before.
        lets_in = BADGE in cookies and self.settings.safety_level != "off"
        badge = self.badges.read(cookies[BADGE]) if lets_in else None
        if session or badge:
            return Caller(Role.PUPIL, session, badge)
        return Caller(Role.ADMIN) if self.is_open else None

    def role_of_token(self, token: str) -> Role | None:
        """The role that a token gives; None for any other text."""
        # Every token is compared, in constant time: how long it takes tells nothing.
        found = [role for known, role in self.settings.tokens() if is_same(token, known)]
        return found[0] if found else None

    def knows_host(self, host: str) -> bool:
        """Whether a request for that host (with or without port) can be meant for this server."""
        return knows_host(host, listens_on=self.settings.host, hostnames=self.settings.hostnames)


def _cookies_in(header: str) -> Mapping[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
