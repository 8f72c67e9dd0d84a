"""Hand finished records to sinks, on a thread per sink, until each has been written.

A slow or failing sink holds up nobody but itself. Records that come while it works are written together, and where
some were written a moment ago the next wait a little for company: a write costs as much for one as for ten. A record
that cannot be written stays pending (and its run stays in the flight recorder); it is never dropped.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from collectors.delivery.parcel import Parcel
from collectors.delivery.sinks import Outlet, Sink, refused_by
from otel_tracking.errors import ToldTrouble, Troubles

GROUP_SIZE = 128
"""Most records that are written together."""

ENOUGH = 32
"""Records that wait for no others: what they share costs each of them little."""

MUCH_MEDIA = 32 * 2**20
"""Bytes of media that wait for no others either."""

APART = 0.25
"""Seconds between the beginnings of two writes where records come steadily, fewer than enough, and nobody waits."""

LONGEST_DELAY = 30.0
"""Seconds after which a failing sink is asked again at the latest."""


class SinkLane:
    """A sink's own thread and queue."""

    def __init__(
        self,
        sink: Sink | Outlet,
        troubles: Troubles,
        *,
        retry_seconds: float = 0.1,
        on_tried: Callable[[], None] = lambda: None,
        is_awaited: Callable[[], bool] = lambda: False,
        enough: int = ENOUGH,
        first: Callable[[], object] = lambda: None,
    ) -> None:
        self.outlet = sink if isinstance(sink, Outlet) else Outlet.of(sink)
        self._troubles, self._retry_seconds = troubles, retry_seconds
        self.name, self._on_tried, self._is_awaited = self.outlet.name, on_tried, is_awaited
        self.delivered = self.retries = 0
        self.last_error: str | None = None
        self._enough, self._first = enough, first
        self._news = threading.Condition()
        self._queued: deque[Parcel] = deque()
        self._is_closing = self._lingers = False
        self._begun_at = float("-inf")
        self._unwritten: list[Parcel] = []
        self._trouble: Exception | None = None
        self._delay, self._retry_at = retry_seconds, 0.0
        self._thread = threading.Thread(target=self._work, name=f"otel-tracking {self.name}", daemon=True)
        self._thread.start()

    def holds_up(self, parcel: Parcel | None) -> bool:
        """Whether to wait for it is worth while: its sink does not fail, and has not had that record (not made yet)."""
        return not self.is_failing and (parcel is None or id(self) not in parcel.tried_by)

    @property
    def is_failing(self) -> bool:
        """Whether its sink did not take what it was given last."""
        return self.last_error is not None

    @property
    def pending(self) -> int:
        """Records that are not written yet."""
        return len(self._queued) + len(self._unwritten)

    def put(self, parcel: Parcel) -> None:
        """Queue a record."""
        with self._news:
            self._queued.append(parcel)
            if not self._lingers or self._is_enough():
                self._news.notify_all()

    def hurry(self) -> None:
        """Have nobody linger: somebody waits."""
        with self._news:
            self._news.notify_all()

    def close(self, timeout: float) -> bool:
        """Write what is queued, once more each, and stop. False where something is left or the sink hangs."""
        with self._news:
            self._is_closing = True
            self._news.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive() and not self._unwritten

    def health(self) -> dict[str, Any]:
        """Counts of this sink."""
        return {
            "sink": self.name,
            "delivered": self.delivered,
            "pending": self.pending,
            "retries": self.retries,
            "refused": refused_by(self.outlet.sink),
            "last_error": self.last_error,
            **self.outlet.health(),
        }

    def _work(self) -> None:
        stop = False
        self._begin()
        while not stop:
            fresh, stop = self._take()
            self._unwritten += fresh
            try:
                self._deliver(fresh)
                if self._unwritten and (stop or time.monotonic() >= self._retry_at):
                    self._retry(len(self._unwritten) if stop else GROUP_SIZE)
            except Exception as trouble:  # ours, not the sink's: what is left is tried again
                self._note(trouble)
            for parcel in fresh:
                parcel.tried_by.add(id(self))
            self._on_tried()
        # Here, and not where `close` was called: a sink may hang in this too.
        try:
            self.outlet.close()
        except BaseException as trouble:
            self._note(trouble)

    def _begin(self) -> None:
        try:
            self.outlet.begin()
        except Exception as trouble:
            self._note(trouble)

    def _take(self) -> tuple[list[Parcel], bool]:
        """The new records that wait, at most a group, and whether to stop; waits until the next retry is due."""
        wait = max(0.0, self._retry_at - time.monotonic()) if self._unwritten else None
        with self._news:
            self._news.wait_for(lambda: self._queued or self._is_closing, wait)
            if self._queued and self._gains_by_company():
                self._linger()
            fresh = [self._queued.popleft() for _ in range(min(GROUP_SIZE, len(self._queued)))]
            return fresh, self._is_closing and not self._queued

    def _gains_by_company(self) -> bool:
        # Where something is to be tried again, its time is what counts.
        return self.outlet.write_all is not None and not self._unwritten

    def _linger(self) -> None:
        """Wait for company, if a write was begun a moment ago; who puts a record wakes nobody meanwhile."""
        wait = self._begun_at + APART - time.monotonic()
        if wait > 0:
            self._lingers = True
            self._news.wait_for(self._is_enough, wait)
            self._lingers = False
        self._begun_at = time.monotonic()

    def _is_enough(self) -> bool:
        if len(self._queued) >= self._enough or self._is_closing or self._is_awaited():
            return True
        return sum([parcel.media_bytes for parcel in self._queued]) >= MUCH_MEDIA

    def _deliver(self, parcels: list[Parcel]) -> None:
        outlet = self.outlet
        together = outlet.write_all if len(parcels) > 1 else None
        if together and self._attempt(lambda: together([parcel.form_for(outlet) for parcel in parcels])):
            for parcel in parcels:
                self._settle(parcel)
            return
        # One by one: a record that its sink cannot take must not hold up the others.
        for parcel in parcels:
            if self._attempt(lambda: outlet.write(parcel.form_for(outlet))):  # noqa: B023  # called at once
                self._settle(parcel)
            elif parcel.is_given_up(self._trouble):
                self._unwritten.remove(parcel)
            self._trouble = None  # it holds the record, by its frames

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
            self._first()
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
        self.last_error = str(trouble) if isinstance(trouble, OSError | ToldTrouble) else type(trouble).__name__
        self._troubles.note(f"sink {self.name}", trouble)
