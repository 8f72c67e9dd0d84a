"""Which backend call a client that is shared by many calls is working for."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from otel_tracking.scope import Scope
from otel_tracking.surroundings import ScopeBlock, surrounding


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

    Tasks begun inside inherit it; threads do so where they run in a copied context, or what they run is `carried`. A
    generator that is suspended inside the block is not inside it for its caller, and one that is closed elsewhere
    leaves nothing behind.
    """

    __slots__ = ("_block", "call")

    def __init__(self, call: C) -> None:
        self.call = call
        self._block = ScopeBlock(call)

    def __enter__(self) -> C:
        self._block.enter(sys._getframe(1))
        return self.call

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._block.leave()


def current_call() -> WiredCall | None:
    """The call whose `with call.current():` block surrounds this code, or None."""
    return surrounding(WiredCall)
