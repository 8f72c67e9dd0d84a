"""A thread that writes down which runs have begun, and ends the idle ones: what the pipeline's thread never does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

Job = Callable[[], object]
OnTrouble = Callable[[str, BaseException], object]

MOST_WAITING = 20_000
"""Jobs that wait, behind a disk that hangs; of more the latest is not done."""


class Upkeep:
    """Does jobs in their order, and `look` every `seconds`; begins with the first job, or with `start`.

    What a job raises goes to `on_trouble`. It is a daemon: what is still to be done when the interpreter ends is lost.
    """

    def __init__(self, name: str, look: Job, seconds: float, on_trouble: OnTrouble) -> None:
        self._name, self._look, self._seconds, self._on_trouble = name, look, seconds, on_trouble
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def put(self, job: Job) -> bool:
        """Have a job done; never waits for it. False where too many wait already: it will not be done."""
        if self._jobs.qsize() >= MOST_WAITING:
            self._on_trouble("recorder upkeep", OverflowError("too much waits to be written down"))
            return False
        self._jobs.put(job)
        self.start()
        return True

    def start(self) -> None:
        """Begin, where it has not yet."""
        if self._thread is None:
            self._start()

    def settle(self, timeout: float = 5.0) -> bool:
        """Wait until what was put so far is done."""
        done = threading.Event()
        return self.put(done.set) and done.wait(timeout)

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread after the jobs put so far."""
        self._jobs.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        next_look = time.monotonic() + self._seconds
        while True:
            try:
                job = self._jobs.get(timeout=max(0.0, next_look - time.monotonic()))
            except Empty:
                job = self._look
                next_look = time.monotonic() + self._seconds
            if job is None:
                return
            try:
                job()
            except Exception as trouble:
                self._on_trouble("recorder upkeep", trouble)
