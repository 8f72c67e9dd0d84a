"""Do jobs one after the other, on a thread of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

Job = Callable[[], object]


def _nothing() -> None:
    """What is done while nobody wants anything."""


class Worker:
    """A daemon thread with a queue; putting a job never waits and may happen in a signal handler.

    What a job raises goes to `on_trouble`: the thread is ours, nothing that is done on it may end it.
    """

    def __init__(self, name: str, on_trouble: Callable[[BaseException], object]) -> None:
        self._on_trouble = on_trouble
        self._look: Job = _nothing
        self._seconds: float | None = None
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    @property
    def waiting(self) -> int:
        """Jobs that were not begun yet."""
        return self._jobs.qsize()

    def start(self, look: Job = _nothing, seconds: float | None = None) -> None:
        """Begin with the jobs there are; `look` every `seconds`, between two jobs or where there are none."""
        self._look, self._seconds = look, seconds
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

    def _work(self) -> None:
        looked_at = time.monotonic()
        while (job := self._next()) is not None:
            self._guarded(job)
            # Otherwise the last job, and the media bytes it may hold, would live on until the next.
            del job
            if self._seconds is not None and time.monotonic() - looked_at >= self._seconds:
                looked_at = time.monotonic()
                self._guarded(self._look)

    def _next(self) -> Job | None:
        try:
            return self._jobs.get(timeout=self._seconds)
        except Empty:
            return _nothing

    def _guarded(self, job: Job) -> None:
        try:
            job()
        except BaseException as trouble:
            self._on_trouble(trouble)
