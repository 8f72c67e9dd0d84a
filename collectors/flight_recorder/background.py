"""Count what happened, from any thread; and let other threads go on."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter

logger = logging.getLogger(__name__)


class Counts:
    """What happened how often, from any thread; only the way off the fast path counts."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        # Re-entrant: a signal handler may append in the middle of an append.
        self._lock = threading.RLock()
        self.last_error: str | None = None

    def add(self, what: str, times: int = 1) -> None:
        """Count."""
        with self._lock:
            self._counts[what] += times

    def error(self, error: BaseException) -> None:
        """Count an error nobody expected, and log the first of its kind."""
        name = type(error).__name__
        # An OSError names a path and a reason; other messages may hold what a child wrote.
        self.last_error = f"{name}: {error}" if isinstance(error, OSError) else name
        kind = f"errors.{name}"
        if not self.as_dict().get(kind):
            logger.warning("the flight recorder met %s and goes on", self.last_error)
        self.add(kind)

    def as_dict(self) -> dict[str, int]:
        """Return the counts so far."""
        with self._lock:
            return dict(self._counts)

    def reset_lock(self) -> None:
        """After a fork: the thread that held the lock is not here."""
        self._lock = threading.RLock()


def breathe() -> None:
    """Let a thread that waits for the interpreter lock have it: between two steps that keep it for long."""
    time.sleep(1e-6)
