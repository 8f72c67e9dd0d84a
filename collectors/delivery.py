"""Hand finished records to sinks, on a thread per sink, until each has been written.

A slow or failing sink holds up nobody but itself. Records that come while it works are written together. A record
that cannot be written stays pending (and its run stays in the flight recorder); it is never dropped.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from otel_tracking.errors import Troubles
from otel_tracking.record import ExecutionRecord

GROUP_SIZE = 64
"""Most records that are written together."""


class Sink(Protocol):
    """Anything that keeps records. `write` returns when the record is durable and raises where it cannot be.

    A sink may also have `write_all(records)` (many at once), `contains(trace_id, revision)` (so that recovery writes
    nothing twice) and `location` (text that names where it writes to).
    """

    def write(self, record: ExecutionRecord) -> None:
        """Keep one record."""

    def close(self) -> None:
        """Let go of what is held."""


class Parcel:
    """A record on its way to every sink; `on_durable` is called once, when all have it."""

    def __init__(self, record: ExecutionRecord, sinks: int, on_durable: Callable[[], None]) -> None:
        self.record = record
        self._missing, self._on_durable = sinks, on_durable
        self._lock = threading.Lock()

    def acknowledge(self) -> None:
        """One more sink has it."""
        with self._lock:
            self._missing -= 1
            complete = self._missing == 0
        if complete:
            self._on_durable()


class SinkLane:
    """A sink's own thread and queue."""

    def __init__(self, sink: Sink, troubles: Troubles, *, retry_seconds: float = 0.1) -> None:
        self.sink, self._troubles, self._retry_seconds = sink, troubles, retry_seconds
        self.name = type(sink).__name__
        self.delivered = self.retries = 0
        self.last_error: str | None = None
        self._queue: queue.SimpleQueue[Parcel | None] = queue.SimpleQueue()
        self._unwritten: list[Parcel] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"otel-tracking {self.name}", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """Records that are not written yet."""
        return self._queue.qsize() + len(self._unwritten)

    def put(self, parcel: Parcel) -> None:
        """Queue a record."""
        self._queue.put(parcel)

    def close(self, timeout: float) -> bool:
        """Write what is queued, once more each, and stop. False where something is left or the sink hangs."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        try:
            self.sink.close()
        except Exception as trouble:
            self._note(trouble)
        return not self._unwritten

    def health(self) -> dict[str, Any]:
        """Counts of this sink."""
        return {
            "sink": self.name,
            "delivered": self.delivered,
            "pending": self.pending,
            "retries": self.retries,
            "last_error": self.last_error,
        }

    def _work(self) -> None:
        while True:
            parcels, stop = self._take()
            self._unwritten = list(parcels)
            try:
                self._deliver(parcels)
            except Exception as trouble:  # ours, not the sink's: what is left is tried again
                self._note(trouble)
            if stop:
                return

    def _take(self) -> tuple[list[Parcel], bool]:
        """What waits, at most a group; waits for the first unless something is left to retry."""
        parcels = list(self._unwritten)
        enough = len(parcels) + GROUP_SIZE  # however many cannot be written, the next ones have their turn
        while len(parcels) < enough:
            try:
                parcel = self._queue.get(block=not parcels)
            except queue.Empty:
                break
            if parcel is None:
                return parcels, True
            parcels.append(parcel)
        return parcels, False

    def _deliver(self, parcels: list[Parcel]) -> None:
        together = getattr(self.sink, "write_all", None)
        if together and len(parcels) > 1 and self._attempt(together, [parcel.record for parcel in parcels]):
            for parcel in parcels:
                self._settle(parcel)
            return
        # One by one: a record that its sink cannot take must not hold up the others.
        for parcel in parcels:
            if self._attempt(self.sink.write, parcel.record):
                self._settle(parcel)
        if self._unwritten and not self._closing.is_set():
            self._retry()

    def _retry(self) -> None:
        import tenacity  # only where something failed: it imports asyncio

        waiting = tenacity.Retrying(
            # Without jitter: tenacity's draws from the global random numbers, which are the pipeline's.
            wait=tenacity.wait_exponential(multiplier=self._retry_seconds, max=30),
            sleep=tenacity.nap.sleep_using_event(self._closing),
            stop=tenacity.stop_after_attempt(6) | tenacity.stop_when_event_set(self._closing),
            retry=tenacity.retry_if_result(lambda written: not written),
            retry_error_callback=lambda state: False,
        )
        for parcel in list(self._unwritten):
            if waiting(self._retry_one, parcel):
                self._settle(parcel)

    def _retry_one(self, parcel: Parcel) -> bool:
        self.retries += 1
        return self._attempt(self.sink.write, parcel.record)

    def _attempt(self, write: Callable[[Any], None], what: ExecutionRecord | Sequence[ExecutionRecord]) -> bool:
        try:
            write(what)
        except Exception as trouble:
            self._note(trouble)
            return False
        self.last_error = None
        return True

    def _settle(self, parcel: Parcel) -> None:
        self._unwritten.remove(parcel)
        self.delivered += 1
        parcel.acknowledge()

    def _note(self, trouble: Exception) -> None:
        # An OSError names a path and a reason; other messages may hold what a child wrote.
        self.last_error = str(trouble) if isinstance(trouble, OSError) else type(trouble).__name__
        self._troubles.counts[f"sink {self.name}"] += 1
