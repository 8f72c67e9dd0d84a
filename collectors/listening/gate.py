"""What is decided on the head of a request, before a byte of its body is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request; names of headers as WSGI has them, without `HTTP_`."""

    method: str
    path: str
    headers: Mapping[str, str]

    def header(self, name: str) -> str:
        """The value of a header; "" where it was not sent."""
        return self.headers.get(name.upper().replace("-", "_"), "")


class Leave(NamedTuple):
    """What a request may do: whether it shows that it may come in, and how many bytes its body may have.

    One that may not send its body is answered by the application all the same, without it, and the connection closed.
    """

    is_known: bool
    largest_body: int


Gate = Callable[[Head], Leave]
"""Called on the thread that all connections share: it has to be quick, and must not wait."""


class Memory:
    """Bytes that may be held by all together."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Whether there was so much."""
        with self._lock:
            if count > self._free:
                return False
            self._free -= count
            return True

    def give(self, count: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._free += count
