"""Hand finished records to sinks, on a thread per sink, until each has been written.

A slow or failing sink holds up nobody but itself. Records that come while it works are written together. A record
that cannot be written stays pending (and its run stays in the flight recorder); it is never dropped.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol, runtime_checkable

from collectors.delivery.spill import Spill, SpilledRecord
from otel_tracking.errors import Troubles
from otel_tracking.record import ExecutionRecord

GROUP_SIZE = 128
"""Most records that are written together."""

LONGEST_DELAY = 30.0
"""Seconds after which a failing sink is asked again at the latest."""


class Sink(Protocol):
    """Anything that keeps records. `write` returns when the record is durable and raises where it cannot be.

    A sink may also have `write_all(records)` (many at once), `contains(trace_id, revision)` (so that recovery writes
    nothing twice; with the rest of an `Archive` a collector replaces nothing) and `location` (text that names where it
    writes to). What its `prepare(record)` returns is given to `write` and `write_all` in the record's place: a smaller
    form, made by computing alone, since others wait for it.
    """

    def write(self, record: ExecutionRecord) -> None:
        """Keep one record."""

    def close(self) -> None:
        """Let go of what is held."""


@runtime_checkable
class Archive(Protocol):
    """A sink that can also say what it has: a collector asks it, and puts nothing in the place of what is stored."""

    def revision_of(self, trace_id: str) -> int | None:
        """The highest stored revision of a run; None where none is. Asked for every run: it may be a moment old."""

    def stored(self, trace_id: str) -> ExecutionRecord | None:
        """The stored record of a run, of its highest revision; None where there is none."""

    def trace_of(self, execution_id: str) -> str | None:
        """The trace that is stored under an execution id; None where there is none."""


TRIES_ALONE = 5
"""How often a sink is asked to take a record that it, and not its disk, refuses; for whoever wants it back then."""


class Parcel:
    """A record on its way to every sink; `on_durable` is called once, when all have it.

    Where `on_refused` is given, it is called once and the parcel is let go, when a sink cannot take the record itself:
    it raised `TRIES_ALONE` times, and no disk or network was at fault.

    It is in memory, as the forms that its sinks wanted and, where `build` can make it again, as nothing else; or, where
    too many wait, in a file.
    """

    def __init__(
        self,
        record: ExecutionRecord,
        sinks: int,
        on_durable: Callable[[Parcel], None],
        build: Callable[[], ExecutionRecord] | None = None,
        on_refused: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._on_refused, self._refusals = on_refused, 0
        self._record: ExecutionRecord | None = record
        self._build = build
        self._file: SpilledRecord | None = None
        self._forms: dict[int, Any] = {}
        self._missing, self._on_durable = sinks, on_durable
        self._lock = threading.Lock()
        self.media_bytes = sum(map(len, record.attachments.values()))

    @property
    def record(self) -> ExecutionRecord:
        """The record, made again where it is not at hand."""
        record, build, file = self._record, self._build, self._file
        if record is not None:
            return record
        return file.read() if file else build()  # type: ignore[misc]  # one of the three is there

    def form_for(self, sink: Any) -> Any:
        """What `sink` wants to be given."""
        prepare = getattr(sink, "prepare", None)
        if prepare is None:
            return self.record
        form = self._forms.get(id(sink))
        return prepare(self.record) if form is None else form

    def prepare_for(self, sinks: Iterable[Any]) -> None:
        """Make the forms that `sinks` want, and forget the record where no sink wants itself."""
        forms = {id(sink): self.form_for(sink) for sink in sinks}
        if self._build and all(form is not self._record for form in forms.values()):
            self._forms, self._record = forms, None

    def put_aside(self, files: Spill) -> None:
        """Keep the record in a file from now on; raises, and changes nothing, where that cannot be done."""
        if self._file is None:
            self._file = files.keep(self.record)
            self._record = self._build = None
            self._forms = {}

    def is_given_up(self, trouble: BaseException | None) -> bool:
        """Note that a sink has refused it; whether it is given up for that."""
        if trouble is None or self._on_refused is None or is_of_the_place(trouble):
            return False
        with self._lock:
            self._refusals += 1
            is_last = self._refusals == TRIES_ALONE
        if is_last:
            self._on_refused(trouble)
        return self._refusals >= TRIES_ALONE

    def acknowledge(self) -> None:
        """One more sink has it."""
        with self._lock:
            self._missing -= 1
            complete = self._missing == 0
        if complete:
            if self._file:
                # A file that stays is only looked at once more, by the next start.
                with contextlib.suppress(OSError):
                    self._file.remove()
            self._on_durable(self)


def is_of_the_place(trouble: BaseException) -> bool:
    """Whether a disk, a network or the machine's memory is at fault, and not what was to be written."""
    seen: BaseException | None = trouble
    for _ in range(20):
        if seen is None:
            return False
        if isinstance(seen, OSError | MemoryError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


class SinkLane:
    """A sink's own thread and queue."""

    def __init__(self, sink: Sink, troubles: Troubles, *, retry_seconds: float = 0.1) -> None:
        self.sink, self._troubles, self._retry_seconds = sink, troubles, retry_seconds
        self.name = type(sink).__name__
        self.delivered = self.retries = 0
        self.last_error: str | None = None
        self._queue: queue.SimpleQueue[Parcel | None] = queue.SimpleQueue()
        self._unwritten: list[Parcel] = []
        self._trouble: Exception | None = None
        self._delay, self._retry_at = retry_seconds, 0.0
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
        self._queue.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive() and not self._unwritten

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
        stop = False
        while not stop:
            fresh, stop = self._take()
            self._unwritten += fresh
            try:
                self._deliver(fresh)
                if self._unwritten and (stop or time.monotonic() >= self._retry_at):
                    self._retry(len(self._unwritten) if stop else GROUP_SIZE)
            except Exception as trouble:  # ours, not the sink's: what is left is tried again
                self._note(trouble)
        # Here, and not where `close` was called: a sink may hang in this too.
        try:
            self.sink.close()
        except BaseException as trouble:
            self._note(trouble)

    def _take(self) -> tuple[list[Parcel], bool]:
        """The new records that wait, at most a group, and whether to stop; waits until the next retry is due."""
        fresh: list[Parcel] = []
        wait = max(0.0, self._retry_at - time.monotonic()) if self._unwritten else None
        try:
            while len(fresh) < GROUP_SIZE:
                parcel = self._queue.get(block=not fresh, timeout=wait)
                if parcel is None:
                    return fresh, True
                fresh.append(parcel)
        except queue.Empty:
            pass
        return fresh, False

    def _deliver(self, parcels: list[Parcel]) -> None:
        together = getattr(self.sink, "write_all", None)
        if (
            together
            and len(parcels) > 1
            and self._attempt(lambda: together([parcel.form_for(self.sink) for parcel in parcels]))
        ):
            for parcel in parcels:
                self._settle(parcel)
            return
        # One by one: a record that its sink cannot take must not hold up the others.
        for parcel in parcels:
            if self._attempt(partial(self._write, parcel)):
                self._settle(parcel)
            elif parcel.is_given_up(self._trouble):
                self._unwritten.remove(parcel)
            self._trouble = None  # it holds the record, by its frames

    def _write(self, parcel: Parcel) -> None:
        self.sink.write(parcel.form_for(self.sink))

    def _retry(self, count: int) -> None:
        """Try the first `count` of what is left again; what its sink still cannot take goes behind the others."""
        parcels, others = self._unwritten[:count], self._unwritten[count:]
        self.retries += len(parcels)
        self._deliver(parcels)
        refused = self._unwritten[: len(self._unwritten) - len(others)]
        self._unwritten = others + refused
        # As long as something was written the sink is well; else it is asked ever more seldom.
        self._delay = self._retry_seconds if len(refused) < len(parcels) else min(2 * self._delay, LONGEST_DELAY)
        self._retry_at = time.monotonic() + (self._delay if refused else 0)

    def _attempt(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except BaseException as trouble:  # this thread is ours: even a sink that exits must not end it
            self._note(trouble)
            self._trouble = trouble if isinstance(trouble, Exception) else None
            return False
        self.last_error = None
        return True

    def _settle(self, parcel: Parcel) -> None:
        self._unwritten.remove(parcel)
        self.delivered += 1
        parcel.acknowledge()

    def _note(self, trouble: BaseException) -> None:
        # An OSError names a path and a reason; other messages may hold what a child wrote.
        self.last_error = str(trouble) if isinstance(trouble, OSError) else type(trouble).__name__
        self._troubles.note(f"sink {self.name}", trouble)
