"""Threads and executors: what a pipeline hands to them works for the call that it was handed over in."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from otel_tracking.capture.installing import is_installed, wrap
from otel_tracking.surroundings import carried


class _Pool(threading.local):
    is_lent_to = False


_pool = _Pool()


def wrap_all(module: Any) -> None:
    """Carry the current scope into threads, or into what is submitted to an executor."""
    if hasattr(module, "ThreadPoolExecutor"):
        wrap(module.ThreadPoolExecutor, "submit", _submitting)
    elif hasattr(module, "to_thread"):
        wrap(module, "to_thread", _lending)
    else:
        wrap(module.Thread, "start", _starting)


def _starting(start: Any) -> Any:
    def started(self: Any) -> None:
        if is_installed() and not _pool.is_lent_to and "run" not in self.__dict__:
            usual = self.run
            run = carried(usual)
            if run is not usual:
                self.run = functools.partial(_run, self, run)
        start(self)

    return started


def _run(thread: Any, run: Callable[[], None]) -> None:
    del thread.run  # it would keep itself alive
    run()


def _lending(to_thread: Any) -> Any:
    async def lent(function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return await to_thread(carried(function) if is_installed() else function, *args, **kwargs)

    return lent


def _submitting(submit: Any) -> Any:
    def submitted(self: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        # A thread that the pool begins for this works for others later.
        before, _pool.is_lent_to = _pool.is_lent_to, True
        try:
            return submit(self, carried(function) if is_installed() else function, *args, **kwargs)
        finally:
            _pool.is_lent_to = before

    return submitted
