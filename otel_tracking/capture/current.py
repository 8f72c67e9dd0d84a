"""Which backend call a client that is shared by many calls is working for."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from otel_tracking.blocks import Block
from otel_tracking.scope import Scope


class Wired(Protocol):
    """What a call has exchanged so far."""

    def close(self) -> None:
        """The call ends."""


class WiredCall(Scope):
    """A backend call as those who record the wire know it."""

    __slots__ = ("wire",)

    wire: Wired | None

    def not_recorded(self, trouble: Exception | str) -> None:
        """Count what could not be recorded, and tell it once."""
        self._run.troubles.report("capture", trouble)


C = TypeVar("C", bound=WiredCall, covariant=True)


class CurrentCall(Generic[C]):
    """`with call.current():` what `call.current` gives; requests of shared clients inside belong to `call`.

    Tasks begun inside inherit it; threads do so where they run in a copied context. A generator that is suspended
    inside the block is not inside it for its caller, and one that is closed elsewhere leaves nothing behind.
    """

    __slots__ = ("_block", "_previous", "call")

    def __init__(self, call: C) -> None:
        self.call = call
        self._block = Block()
        self._previous: CurrentCall[WiredCall] | None = None

    def __enter__(self) -> C:
        self._previous = _live(_current.get())
        self._block.enter(sys._getframe(1))
        _current.set(self)
        return self.call

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._block.leave()
        # Not `reset(token)`: a generator may be closed in another context, where that raises and nothing is ours.
        if _current.get() is self:
            _current.set(self._previous)


_current: ContextVar[CurrentCall[WiredCall] | None] = ContextVar("otel_tracking_current_call", default=None)


def current_call() -> WiredCall | None:
    """The call whose `with call.current():` block surrounds this code, or None."""
    entry = _current.get()
    while entry is not None and not entry._block.holds():
        entry = entry._previous
    return None if entry is None else entry.call


def _live(entry: CurrentCall[WiredCall] | None) -> CurrentCall[WiredCall] | None:
    """`entry`, or the nearest around it whose block was not left."""
    while entry is not None and not entry._block.is_open:
        entry = entry._previous
    return entry
