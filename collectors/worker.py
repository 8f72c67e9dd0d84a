"""Do jobs one after the other, on a thread of their own; where they come steadily, some at a time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

Job = Callable[[], object]

MANY = 32
"""Jobs for which a worker that waits for more of them waits no longer."""


def _nothing() -> None:
    """What is done while nobody wants anything."""


def _nobody() -> bool:
    """Whether somebody waits for what is to be done."""
    return False


class Worker:
    """A daemon thread with a queue; putting a job never waits and may happen in a signal handler.

    What a job raises goes to `on_trouble`: the thread is ours, nothing that is done on it may end it.

    With `gather`, jobs are begun at most so many seconds after the ones before them, together: to wake a thread costs
    who wakes it 15 µs, and what a job needs is in no cache each time. A job that comes after such a pause is done at
    once, and so are all while somebody waits (`hurry`, `is_awaited`).
    """

    def __init__(
        self,
        name: str,
        on_trouble: Callable[[BaseException], object],
        *,
        gather: float = 0.0,
        is_awaited: Callable[[], bool] = _nobody,
    ) -> None:
        self._on_trouble, self._gather, self._is_awaited = on_trouble, gather, is_awaited
        self._look: Job = _nothing
        self._seconds: float | None = None
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._gathers_until = 0.0
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    @property
    def waiting(self) -> int:
        """Jobs that were not begun yet."""
        return self._jobs.qsize()

    def start(self, look: Job = _nothing, seconds: float | None = None) -> None:
        """Begin with the jobs there are; `look` every `seconds`, between two jobs or where there are none."""
        self._look, self._seconds = look, seconds
        self._gather = min(self._gather, seconds or self._gather)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Have `job` done after those before it."""
        self._jobs.put(job)
        if self._gather and (self._jobs.qsize() == MANY or self._is_awaited()):
            self.hurry()

    def hurry(self) -> None:
        """Have what was put done now; as safe as `put`."""
        if self._calls.empty():  # one call is enough
            self._calls.put(None)

    def settle(self, timeout: float | None) -> bool:
        """Wait until every job put so far is done; False when time is up or no thread will do them."""
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            return False
        done = threading.Event()
        self._jobs.put(done.set)
        self.hurry()
        return done.wait(timeout)

    def stop(self, timeout: float) -> bool:
        """Let the thread end after the jobs put so far; True when it has."""
        self._jobs.put(None)
        self.hurry()
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
        is_idle = self._gather > 0 and self._jobs.empty()
        if is_idle:
            self._let_some_come()
        try:
            job = self._jobs.get(timeout=self._seconds)
        except Empty:
            return _nothing
        if is_idle:
            self._gathers_until = time.monotonic() + self._gather
        return job

    def _let_some_come(self) -> None:
        """Sleep where who puts a job need not wake this thread, until it is time for the next ones."""
        # What earlier calls were about is seen by what is asked after them.
        with contextlib.suppress(Empty):
            self._calls.get_nowait()
        wait = self._gathers_until - time.monotonic()
        if wait > 0 and self._jobs.empty():
            with contextlib.suppress(Empty):
                self._calls.get(timeout=wait)

    def _guarded(self, job: Job) -> None:
        try:
            job()
        except BaseException as trouble:
            self._on_trouble(trouble)
