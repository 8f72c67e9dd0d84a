"""Ports of this machine that nobody else is given while a test has them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def a_kept_port() -> Iterator[int]:
    """One at which nobody listens, unless the test does, as often as it likes: others are refused there.

    A port that is only looked up and let go of is given to whoever asks next, which may be a server of another test.
    """
    with socket.socket() as keeper:
        # Servers say this too: then one of them may listen at a port that somebody has and does not listen at.
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]
