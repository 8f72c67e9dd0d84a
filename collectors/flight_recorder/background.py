"""Do what may be slow on a thread of the recorder's own, one job after the other."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[], None]
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
        self.last_error = f"{type(error).__name__}: {error}"
        kind = f"errors.{type(error).__name__}"
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


class Background:
    """A daemon thread with a queue; putting a job never waits and may happen in a signal handler."""

    def __init__(self, counts: Counts) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(
            target=_work, args=(self._jobs, counts), name="otel-flight-recorder", daemon=True
        )

    def start(self) -> None:
        """Begin with the jobs there are."""
        self._thread.start()

    def put(self, job: Job) -> None:
        """Have `job` done after those before it."""
        self._jobs.put(job)

    def settle(self, timeout: float | None) -> bool:
        """Wait until every job put so far is done; False when time is up or no thread will do them."""
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            return False
        done = threading.Event()
        self._jobs.put(done.set)
        return done.wait(timeout)

    def stop(self, timeout: float) -> bool:
        """Let the thread end after the jobs put so far; True when it has."""
        self._jobs.put(None)
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        return not self._thread.is_alive()


def breathe() -> None:
    """Let a thread that waits for the interpreter lock have it: between two steps that keep it for long."""
    time.sleep(1e-6)


def _work(jobs: SimpleQueue[Job | None], counts: Counts) -> None:
    while (job := jobs.get()) is not None:
        try:
            job()
        except Exception as error:
            counts.error(error)
        # Otherwise the last job, and the media bytes it may hold, would live on until the next.
        del job
