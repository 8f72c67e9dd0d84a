"""Serve an application from one process with threads, and end so that nothing is lost.

The server is waitress: plain threads, no forks, nothing to compile. A watcher holds one thread while it watches and a
client that waits for its run holds one too, so there are as many threads as may be held, and some that never are.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from devserver.errors import SettingsError
from devserver.web.runner import Runner
from devserver.web.web_settings import WebSettings

SPARE_THREADS = 8
"""Threads for everything that is quick."""

END_SECONDS = 20.0
ANSWER_SECONDS = 2.0


def threads_for(settings: WebSettings) -> int:
    """How many threads are needed so that watchers and waiting clients never keep a page from being shown."""
    return settings.most_streams + settings.most_waiting + settings.slots + SPARE_THREADS


@contextmanager
def serving(app: Flask, settings: WebSettings) -> Iterator[str]:
    """Serve while the block lasts; gives the server's address. At the end open runs are cancelled and recorded.

    Raises `SettingsError` where the address cannot be had.
    """
    server = _open_server(app, settings)
    ending = threading.Event()
    loop = threading.Thread(target=_serve, args=(server, ending), name="devserver web", daemon=True)
    loop.start()
    try:
        yield f"http://{_shown(settings.host)}:{server.effective_port}"
    finally:
        runner: Runner = app.extensions["runner"]
        # First the runs, while their watchers can still be told; then those who are being answered.
        runner.close(END_SECONDS)
        server.task_dispatcher.shutdown(cancel_pending=True, timeout=ANSWER_SECONDS)
        ending.set()
        with contextlib.suppress(OSError):  # the loop has ended already
            server.pull_trigger()
        loop.join(END_SECONDS)


def _open_server(app: Flask, settings: WebSettings) -> Any:
    from waitress.server import create_server

    try:
        return create_server(
            app,
            # A map of its own: several servers in one process must not answer for each other.
            map={},
            sockets=[_listen(settings)],
            threads=threads_for(settings),
            connection_limit=2 * threads_for(settings) + 100,
            ident="devserver",
            clear_untrusted_proxy_headers=True,
            channel_timeout=60,
        )
    except OSError as error:
        raise SettingsError(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}); "
            "another --port would work, or the server that has it could be stopped"
        ) from error


def _listen(settings: WebSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError:
        listener.close()
        raise
    return listener


def _serve(server: Any, ending: threading.Event) -> None:
    from waitress import wasyncore

    sockets = server._map
    while not ending.is_set():
        wasyncore.loop(timeout=30, use_poll=True, map=sockets, count=1)
    wasyncore.close_all(sockets, ignore_all=True)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
