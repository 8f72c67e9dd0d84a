"""Say how far an engine is, to whoever wants to know; the engine need not know who that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Listener = Callable[..., Any]
"""Takes what `say_progress` takes."""

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


def say_progress(done: float, total: float | None = None, unit: str = "steps") -> None:
    """So many of so many `steps` (or `nodes` of a graph) are done; in a `queue` so many are before this one.

    It is shown to whoever watches the run and recorded nowhere. Where nobody listens nothing happens.
    """
    if (listener := _listener.get()) is not None:
        listener(done, total, unit)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """A block in which `listener` hears what engines say on this thread."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
