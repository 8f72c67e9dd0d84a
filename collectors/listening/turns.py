"""Whose request is answered next: those we know before strangers, of whom few are answered at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from waitress.task import ThreadedTaskDispatcher

STRANGERS_AT_ONCE = 4
"""Login pages, refusals, styles: quick, many when somebody floods, and never what a thread has to wait for."""


class Asking(Protocol):
    """A connection whose request waits."""

    is_known: bool

    def service(self) -> None:
        """Answer it."""

    def cancel(self) -> None:
        """Do not."""


@dataclass(frozen=True, slots=True)
class StrangersTurn:
    """The turn of a stranger, of which there are few at once."""

    asking: Asking
    give_back: Callable[[], None]

    def service(self) -> None:
        """Answer the request, and let the next stranger have the turn."""
        try:
            self.asking.service()
        finally:
            self.give_back()

    def cancel(self) -> None:
        """Do not."""
        self.asking.cancel()


class Turns:
    """A queue of two lanes. Its length is how many may be taken now. Whoever calls holds the dispatcher's lock."""

    def __init__(self, give_back: Callable[[], None], strangers_at_once: int = STRANGERS_AT_ONCE) -> None:
        self._known: deque[Asking] = deque()
        self._strangers: deque[Asking] = deque()
        self._give_back = give_back
        self.free = strangers_at_once

    def __len__(self) -> int:
        return len(self._known) + min(len(self._strangers), self.free)

    def append(self, asking: Asking) -> None:
        """It waits behind those of its kind."""
        (self._known if asking.is_known else self._strangers).append(asking)

    def popleft(self) -> Asking | StrangersTurn:
        """The next."""
        if self._known:
            return self._known.popleft()
        self.free -= 1
        return StrangersTurn(self._strangers.popleft(), self._give_back)


class Dispatcher(ThreadedTaskDispatcher):
    """Waitress's threads, with that queue."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = Turns(self._next_stranger)
        queue: Any = self._turns
        self.queue = queue

    def _next_stranger(self) -> None:
        with self.lock:
            self._turns.free += 1
            self.queue_cv.notify()
