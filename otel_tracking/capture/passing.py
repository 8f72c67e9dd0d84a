"""Whether what leaves the process now is recorded already, by whoever is further out: one client stands on another."""

from __future__ import annotations

from contextvars import ContextVar

_is_recorded: ContextVar[bool] = ContextVar("otel_tracking_is_recorded", default=False)


class leaving:
    """A block in which what leaves is recorded already."""

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before = _is_recorded.get()
        _is_recorded.set(True)

    def __exit__(self, *error: object) -> None:
        # Not `reset(token)`: what is awaited may be closed in another context.
        _is_recorded.set(self._before)


def is_recorded() -> bool:
    """Whether somebody further out records what leaves now."""
    return _is_recorded.get()
