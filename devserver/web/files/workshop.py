"""Make documents in processes of their own: a few at once, each within bounds of time and memory.

The server's own memory does not grow with what somebody exports, a document that hangs or grows holds up nothing, and
whoever asks for many waits for their own.
"""

from __future__ import annotations

import contextlib
import pickle
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path

from exporters.formats.worker import Delivery, Order
from exporters.privacy.profiles import Profile
from exporters.processes import start_beside
from otel_tracking.record import ExecutionRecord

_CALL = "from exporters.formats.worker import main; import sys; main(int(sys.argv[1]), int(sys.argv[2]))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many documents are made `at_once`, how many more may wait, and how many of them may be one person's.

    A document may take so many `seconds` and `most_bytes` of address space. A process is replaced when it has made
    `most_made`, or holds on to more than `kept_bytes`.
    """

    at_once: int = 2
    most_waiting: int = 4
    most_of_one: int = 2
    seconds: float = 60.0
    most_bytes: int = 2 * 2**30
    most_made: int = 50
    kept_bytes: int = 400 * 2**20


class WorkshopFull(Exception):
    """Too many documents are being made; `is_theirs` where all of them are for the one who asks."""

    def __init__(self, *, is_theirs: bool) -> None:
        who = "your documents are still being made" if is_theirs else "many documents are being made"
        super().__init__(f"{who}; ask again in a moment")
        self.is_theirs = is_theirs


class DocumentTooMuch(Exception):
    """A document would take more time or memory than it may; `of_time` says which."""

    def __init__(self, sentence: str, *, of_time: bool = False) -> None:
        super().__init__(sentence)
        self.of_time = of_time


class DocumentFailed(Exception):
    """A document could not be made; the message is the kind of error."""


class Workshop:
    """Makes documents; may be shared by threads. Its processes end by themselves when nothing is asked for."""

    def __init__(self, data_dir: Path, bounds: Bounds | None = None) -> None:
        self._data_dir, self._bounds = str(data_dir), bounds or Bounds()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(self._bounds.at_once)
        self._asked_for: Counter[str] = Counter()
        self._idle: list[_Worker] = []

    def make(
        self,
        record: ExecutionRecord,
        format_name: str,
        options: Mapping[str, str],
        whose: str,
        profile: str = Profile.FULL,
    ) -> bytes:
        """The document of what leaves under a profile. Raises `WorkshopFull`, `DocumentTooMuch`, `DocumentFailed`."""
        order = Order(record, format_name, self._data_dir, options, profile)
        with self.place(whose):
            delivery = self._have_made(order)
        if delivery is None:
            raise DocumentTooMuch(self._too_much("less time or memory"), of_time=True)
        if delivery.error == "MemoryError":
            raise DocumentTooMuch(self._too_much("less memory"))
        if delivery.document is None:
            raise DocumentFailed(delivery.error)
        return delivery.document

    def close(self) -> None:
        """End the processes that wait for work."""
        with self._lock:
            waiting, self._idle = self._idle, []
        for worker in waiting:
            worker.end()

    def _too_much(self, than: str) -> str:
        seconds, most = self._bounds.seconds, self._bounds.most_bytes // 2**20
        return (
            f"this document would have to take {than}: {seconds:g} seconds and {most} MiB are what one may take here. "
            "JSON takes the least, and otel-tracking export has no bounds"
        )

    @contextmanager
    def place(self, whose: str) -> Iterator[None]:
        """One of the places where a document is made, waited for. Raises `WorkshopFull`."""
        bounds = self._bounds
        with self._lock:
            if self._asked_for[whose] >= bounds.most_of_one:
                raise WorkshopFull(is_theirs=True)
            if self._asked_for.total() >= bounds.at_once + bounds.most_waiting:
                raise WorkshopFull(is_theirs=False)
            self._asked_for[whose] += 1
        try:
            with self._places:
                yield
        finally:
            with self._lock:
                self._asked_for.subtract([whose])
                self._asked_for = +self._asked_for  # who has nothing left is forgotten

    def _have_made(self, order: Order) -> Delivery | None:
        """What came of an order; None where its process died of it."""
        while True:
            worker, is_new = self._worker()
            delivery = worker.ask(order, self._bounds.seconds)
            if delivery is not None and worker.made < self._bounds.most_made and not self._is_large(delivery):
                with self._lock:
                    self._idle.append(worker)
            else:
                worker.end()
            # One that waited may have ended by itself a moment ago: that says nothing of the order.
            if delivery is not None or is_new or worker.was_killed:
                return delivery

    def _is_large(self, delivery: Delivery) -> bool:
        return delivery.error == "MemoryError" or delivery.held_bytes > self._bounds.kept_bytes

    def _worker(self) -> tuple[_Worker, bool]:
        with self._lock:
            waiting = self._idle.pop() if self._idle else None
        return (waiting, False) if waiting else (_Worker(self._bounds.most_bytes), True)


class _Worker:
    """One process, and the pipe to it."""

    def __init__(self, most_bytes: int) -> None:
        self._pipe, theirs = Pipe()
        self.made, self.was_killed = 0, False
        with theirs:
            self._process = start_beside(
                _CALL, str(theirs.fileno()), str(most_bytes), pass_fds=[theirs.fileno()], stderr=None
            )

    def ask(self, order: Order, seconds: float) -> Delivery | None:
        """What came of an order; None where the process ended, or was ended after so many seconds."""
        alarm = threading.Timer(seconds, self._kill)
        alarm.daemon = True
        alarm.start()
        try:
            self._pipe.send(order)
            delivery: Delivery = self._pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        finally:
            alarm.cancel()
        self.made += 1
        return delivery

    def end(self) -> None:
        """Let go of the process."""
        self._pipe.close()
        self._process.kill()
        self._process.wait()

    def _kill(self) -> None:
        self.was_killed = True
        with contextlib.suppress(OSError):
            self._process.kill()
