"""Which backend call a client that is shared by many calls is working for."""

from __future__ import annotations

import inspect
import sys
from contextvars import ContextVar
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_tracking.scopes import BackendCall


class CurrentCall:
    """`with call.current():` what `call.current` gives; requests of shared clients inside belong to `call`.

    Tasks begun inside inherit it; threads do so where they run in a copied context. A generator that is suspended
    inside the block is not inside it for its caller, and one that is closed elsewhere leaves nothing behind.
    """

    __slots__ = ("_generator", "_is_open", "_previous", "call")

    def __init__(self, call: BackendCall) -> None:
        self.call = call
        self._is_open = False
        self._generator: FrameType | None = None
        self._previous: CurrentCall | None = None

    def __enter__(self) -> BackendCall:
        frame = sys._getframe(1)
        self._generator = frame if frame.f_code.co_flags & _SUSPENDABLE else None
        self._previous = _live(_current.get())
        self._is_open = True
        _current.set(self)
        return self.call

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_open, self._generator = False, None
        # Not `reset(token)`: a generator may be closed in another context, where that raises and nothing is ours.
        if _current.get() is self:
            _current.set(self._previous)

    def _holds(self) -> bool:
        return self._is_open and (self._generator is None or _is_running(self._generator))


_SUSPENDABLE = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR

_current: ContextVar[CurrentCall | None] = ContextVar("otel_tracking_current_call", default=None)


def current_call() -> BackendCall | None:
    """The call whose `with call.current():` block surrounds this code, or None."""
    entry = _current.get()
    while entry is not None and not entry._holds():
        entry = entry._previous
    return None if entry is None else entry.call


def _live(entry: CurrentCall | None) -> CurrentCall | None:
    """`entry`, or the nearest around it whose block was not left."""
    while entry is not None and not entry._is_open:
        entry = entry._previous
    return entry


def _is_running(generator: FrameType) -> bool:
    """Whether a generator's frame is among those of the code that asks."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not generator:
        frame = frame.f_back
    return frame is not None
