"""Serve an application from one process with threads, and end so that nothing is lost.

A watcher holds one thread while it watches and a client that waits for its run holds one too, so there are as many
threads as may be held, and some that never are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from flask import Flask

from collectors.listening import Limits
from devserver.errors import SettingsError
from devserver.web.asking.runner import Runner
from devserver.web.files.bundles import Bundles
from devserver.web.visitors.access import Access
from devserver.web.web_settings import WebSettings

SPARE_THREADS = 8
"""Threads for everything that is quick."""

END_SECONDS = 20.0
ANSWER_SECONDS = 2


def threads_for(settings: WebSettings) -> int:
    """How many threads are needed so that watchers and waiting clients never keep a page from being shown."""
    return settings.most_streams + settings.most_waiting + settings.slots + SPARE_THREADS


@contextmanager
def serving(app: Flask, settings: WebSettings, limits: Limits | None = None) -> Iterator[str]:
    """Serve while the block lasts; gives the server's address. At the end open runs are cancelled and recorded.

    Raises `SettingsError` where the address cannot be had.
    """
    from collectors.listening.server import listening

    access: Access = app.extensions["access"]
    runner: Runner = app.extensions["runner"]
    bundles: Bundles = app.extensions["bundles"]

    def end() -> None:
        bundles.close()
        runner.close(END_SECONDS)

    server = listening(
        app,
        settings.host,
        settings.port,
        gate=access.gate,
        limits=limits or Limits(most_per_address=settings.most_per_address),
        threads=threads_for(settings),
        name="devserver",
        end_seconds=ANSWER_SECONDS,
        # First the runs, while their watchers can still be told; then those who are being answered.
        before_end=end,
        trusted_proxy=settings.proxy,
    )
    with ExitStack() as stack:
        try:
            address = stack.enter_context(server)
        except OSError as error:
            raise SettingsError(
                f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}); "
                "another --port would work, or the server that has it could be stopped"
            ) from error
        yield address
