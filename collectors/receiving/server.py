"""Listen for traces: waitress, a server of plain threads, around the receiver."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from collectors.receiving.http import LARGEST_BODY
from otel_tracking.errors import RecordingError

THREADS = 8
"""Requests that are worked on at once: while one fsync goes on, others come together for the next."""

MOST_CONNECTIONS = 200
END_SECONDS = 10.0


@contextmanager
def listening(receiver: Callable[..., Any], host: str, port: int) -> Iterator[str]:
    """Answer requests while the block lasts; gives the address. Raises `RecordingError` where it cannot be had."""
    from waitress.server import create_server

    # That a request waits for a thread is no news where each waits for a disk.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server: Any = create_server(
        receiver,
        # A map of its own: several servers in one process must not answer for each other.
        map={},
        sockets=[_listen(host, port)],
        threads=THREADS,
        connection_limit=MOST_CONNECTIONS,
        max_request_body_size=LARGEST_BODY,
        # What children wrote is not for temporary files.
        inbuf_overflow=LARGEST_BODY + 1,
        ident="otel-tracking",
        clear_untrusted_proxy_headers=True,
        channel_timeout=60,
    )
    ending = threading.Event()
    loop = threading.Thread(target=_serve, args=(server, ending), name="otel-tracking http", daemon=True)
    loop.start()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}"
    finally:
        # What was being answered is answered, while the loop still sends: its spans are in the spool, and its sender
        # should know.
        server.task_dispatcher.shutdown(cancel_pending=True, timeout=END_SECONDS)
        ending.set()
        with contextlib.suppress(OSError):  # the loop may have seen it by itself, and be gone
            server.pull_trigger()
        loop.join(END_SECONDS)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise RecordingError(
            f"{host}:{port} cannot be listened on ({error.strerror}); another port would work"
        ) from error
    return listener


def _serve(server: Any, ending: threading.Event) -> None:
    from waitress import wasyncore

    sockets = server._map
    while not ending.is_set():
        wasyncore.loop(timeout=30, use_poll=True, map=sockets, count=1)
    wasyncore.close_all(sockets, ignore_all=True)
