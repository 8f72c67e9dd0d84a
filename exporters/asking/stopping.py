"""Have DuckDB work beside the thread that asks, so that Ctrl-C is heard whatever it is busy with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import duckdb

_Made = TypeVar("_Made")
_AGAIN = 0.05
"""Seconds after which DuckDB is told once more: what it has not begun yet cannot be interrupted."""


def stoppable(connection: duckdb.DuckDBPyConnection, work: Callable[[], _Made]) -> _Made:
    """What `work` gives, or what it raises; `KeyboardInterrupt` once it was stopped."""
    made: Future[_Made] = Future()

    def run() -> None:
        # False where Ctrl-C came first.
        if made.set_running_or_notify_cancel():
            try:
                made.set_result(work())
            except BaseException as trouble:
                made.set_exception(trouble)

    try:
        threading.Thread(target=run, name="otel-tracking ask", daemon=True).start()
        return made.result()
    except KeyboardInterrupt:
        # Wherever this thread was just then: either the work never begins, or it is stopped and waited for.
        if not made.cancel():
            while not made.done():
                connection.interrupt()
                wait([made], _AGAIN)
        raise
