"""Listen for HTTP requests, and give whoever reaches the port no more of the server than is theirs.

`gate.py` says what is decided on a request's head, `request.py` reads a request as far as it is let in,
`connection.py` knows when a connection has taken too long, `places.py` whose place a newcomer gets, and `server.py`
puts them around an application. The HTTP itself is waitress's (`docs/decisions/web-server.md`).
"""

from __future__ import annotations

from collectors.listening.gate import Head, Leave
from collectors.listening.hosts import address_of, is_from_elsewhere, is_loopback, knows_host
from collectors.listening.limits import Limits
from collectors.listening.places import network_of
from collectors.listening.tokens import bearer_in, is_same, what_is_wrong

__all__ = [
    "Head",
    "Leave",
    "Limits",
    "address_of",
    "bearer_in",
    "is_from_elsewhere",
    "is_loopback",
    "is_same",
    "knows_host",
    "network_of",
    "what_is_wrong",
]
