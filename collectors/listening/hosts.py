"""Which names a server has: a page of somebody else must not reach it under a name of its own."""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit


def knows_host(host: str, *, listens_on: str, hostnames: Collection[str] = ()) -> bool:
    """Whether a request for that host (with or without port) can be meant for the server that listens there.

    A page of somebody else whose name was made to lead here (DNS rebinding) asks for its own name. Addresses are no
    names, so they cannot be made to lead anywhere. `hostnames` are further names, in lower case.
    """
    name = _name_in(host)
    if name is None:
        return False
    if is_loopback(name) or name in hostnames:
        return True
    if is_loopback(listens_on):
        return False
    own = socket.gethostname().lower()
    return address_of(name) is not None or name in {own, f"{own}.local", listens_on}


@functools.lru_cache(64)  # asked twice of each request, and always of the same few
def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("school.example")
    (True, True, False, False)
    """
    if host == "localhost":
        return True
    address = address_of(host)
    return address is not None and address.is_loopback


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is written as; None where it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_from_elsewhere(method: str, site: str | None, origin: str | None, host: str) -> bool:
    """Whether another site's page sends it: browsers say where a request comes from, programs need not.

    `site` and `origin` are `Sec-Fetch-Site` and `Origin`, None where they were not sent.
    """
    if method in ("GET", "HEAD", "OPTIONS"):
        return False
    # Older browsers, and newer ones without TLS, send no Sec-Fetch-Site; the scheme may be that of a proxy.
    if site:
        return site not in ("same-origin", "none")
    return origin is not None and _netloc_of(origin) != host


def _netloc_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # no browser says so
        return None


@functools.lru_cache(64)
def _name_in(host: str) -> str | None:
    """The name or address in a Host header, lower case; None for nonsense."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname if parts.port is None or parts.port >= 0 else None
    except ValueError:
        return None
