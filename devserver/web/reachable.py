"""Say by which address telephones in the same network reach a page."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from collectors.listening import is_loopback


def reachable(address: str) -> str:
    """The address itself, one of this server; empty where only this machine can open it."""
    host = urlsplit(request.url).hostname or ""
    return "" if is_loopback(host) else address
