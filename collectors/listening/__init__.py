"""Listen for HTTP requests, and give whoever reaches the port no more of the server than is theirs.

`gate.py` says what is decided on a request's head, `request.py` reads a request as far as it is let in,
`connection.py` knows when a connection has taken too long, `places.py` whose place a newcomer gets, and `server.py`
puts them around an application. The HTTP itself is waitress's (`docs/decisions/web-server.md`).
"""

from __future__ import annotations

from collectors.listening.gate import Gate, Head, Leave
from collectors.listening.limits import Limits

__all__ = ["Gate", "Head", "Leave", "Limits"]
