"""Who may come in, and as whom: two tokens, a cookie that stands for one of them, and the names this server has."""

from __future__ import annotations

import hashlib
import hmac
import socket
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from devserver.web.web_settings import WebSettings, address_of, is_loopback


class Role(StrEnum):
    """What somebody may see: a student what the safety checks let through, a researcher everything."""

    STUDENT = "student"
    RESEARCHER = "researcher"


@dataclass(frozen=True, slots=True)
class Access:
    """Answers who somebody is, by what they bring."""

    settings: WebSettings

    @property
    def is_open(self) -> bool:
        """Whether no token is asked for: then only this machine can reach the server, and whoever sits there may."""
        return self.settings.token is None

    def role_of_token(self, token: str) -> Role | None:
        """The role that a token gives; None for any other text."""
        roles = ((self.settings.token, Role.RESEARCHER), (self.settings.class_token, Role.STUDENT))
        # Every token is compared, in constant time: how long it takes tells nothing.
        found = [role for known, role in roles if known is not None and _same(token, known)]
        return found[0] if found else None

    def role_of_cookie(self, cookie: str) -> Role | None:
        """The role that a cookie of ours gives, while the token is the one that it was given for."""
        roles = ((self.settings.token, Role.RESEARCHER), (self.settings.class_token, Role.STUDENT))
        found = [role for known, role in roles if known is not None and _same(cookie, _cookie_of(known))]
        return found[0] if found else None

    def cookie_for(self, token: str) -> str:
        """What the cookie says for a token: nothing from which the token could be had."""
        return _cookie_of(token)

    def knows_host(self, host: str) -> bool:
        """Whether a request for that host (with or without port) can be meant for this server.

        A page of somebody else whose name was made to lead here (DNS rebinding) asks for its own name. Addresses are
        no names, so they cannot be made to lead anywhere.
        """
        name = _name_in(host)
        if name is None:
            return False
        if is_loopback(name):
            return True
        if is_loopback(self.settings.host):
            return name in self.settings.hostnames
        own = socket.gethostname().lower()
        return address_of(name) is not None or name in {
            own,
            f"{own}.local",
            self.settings.host,
            *self.settings.hostnames,
        }


def _name_in(host: str) -> str | None:
    """The name or address in a Host header, lower case; None for nonsense."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname if parts.port is None or parts.port >= 0 else None
    except ValueError:
        return None


def _cookie_of(token: str) -> str:
    return hmac.new(token.encode(), b"devserver login 1", hashlib.sha256).hexdigest()


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), known.encode())
