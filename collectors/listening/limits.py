"""How much of a server one connection, one address and all of them together may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bytes, seconds and connections.

    A head has to be whole after `head_seconds`, and a body after `body_seconds` and one more for each `slowest` bytes
    of it; an answer is to be fetched at the same rate. `most_body_memory` is for the bodies of all requests that have
    not been answered, `most_unsent` for all answers that their readers have not fetched.
    """

    largest_head: int = 32 * 2**10
    most_body_memory: int = 256 * 2**20
    most_unsent: int = 256 * 2**20
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    answer_seconds: float = 30.0
    idle_seconds: float = 60.0
    linger_seconds: float = 5.0
    slowest: int = 4 * 2**10
    most_connections: int = 800
    most_per_address: int = 256
