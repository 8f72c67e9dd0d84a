"""The one road from a finished run to every sink: its record is made, looked at, handed on and acknowledged.

Runs of this process come with their journal, runs from elsewhere with their place in the spool; what is let go of when
a record is durable, and what is done with one that may not be stored, comes with the run.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from collectors.delivery.lanes import ENOUGH, SinkLane
from collectors.delivery.parcel import FinishedRun, Parcel
from collectors.delivery.sinks import Outlet, Sink
from collectors.delivery.waiting_room import WaitingRoom
from otel_tracking.columns import RecordColumns, RecordInPieces
from otel_tracking.errors import Troubles
from otel_tracking.record import ExecutionRecord

RunKey = tuple[int, int]
"""A run's trace id, and the revision of its record."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A run of which a record is to be made.

    `may_go` is asked before the record is handed to the sinks; where it says False it has seen to the rest itself.
    `let_go` is called when the record is durable, and by then perhaps for the second time. `on_refused` is called where
    a sink cannot take the record; without it the record is offered for ever. `on_unbuildable` is called where a sink
    that makes records itself cannot make this one; without it the run stays where it was kept.
    """

    key: RunKey
    build: Callable[[], RecordColumns | RecordInPieces]
    may_go: Callable[[Any], bool]
    let_go: Callable[[], None]
    on_refused: Callable[[BaseException], None] | None = None
    run: FinishedRun | None = None
    """What is given to sinks that make records themselves; where all do, `may_go` is not asked."""
    on_unbuildable: Callable[[BaseException], None] | None = None
    survives: Callable[[], bool] = lambda: False
    """Whether it outlives this process where it is kept, and is so large that it is left there: not put into a file."""


class Road:
    """Sees records to the sinks. `carry` is for one thread; the threads of the sinks say when they have them."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        troubles: Troubles,
        *,
        retry_seconds: float = 0.1,
        room: WaitingRoom | None = None,
        enough: int = ENOUGH,
        first: Callable[[], object] = lambda: None,
    ) -> None:
        """`enough` records wait for no others at a sink that can write many together.

        `first` does what has to be done before records are written; where it raises, they are tried again.
        """
        self.troubles, self.room = troubles, room or WaitingRoom.without_files(troubles)
        self.counts: Counter[str] = Counter()
        self._outstanding: set[RunKey] = set()
        self._unbuilt: set[RunKey] = set()
        self._parcels: dict[RunKey, Parcel] = {}
        self._is_closed = self._is_behind = False
        self._changed = threading.Condition()
        self._awaited = 0
        self._hurried: list[Callable[[], None]] = []
        self._lane_of = partial(
            SinkLane,
            troubles=troubles,
            retry_seconds=retry_seconds,
            on_tried=self._tell_those_who_wait,
            is_awaited=self.is_awaited,
            enough=min(enough, self.room.max_pending // 2),
            first=first,
        )
        self._lanes = list(map(self._lane_of, sinks))
        self._lanes_beside: dict[SinkLane, SinkLane] = {}

    @property
    def outstanding(self) -> int:
        """Records that are not durable yet."""
        return len(self._outstanding)

    def is_awaited(self) -> bool:
        """Whether somebody waits for what is on its way."""
        return self._awaited > 0

    def hurry_too(self, hurry: Callable[[], None]) -> None:
        """Have `hurry` called as soon as somebody waits: runs may have to come that far first."""
        self._hurried.append(hurry)

    def expect(self, key: RunKey) -> None:
        """A run is over; `carry` comes later. From any thread, and only remembered."""
        self._outstanding.add(key)

    def carry(self, run: Finished) -> None:
        """Make a run's record and hand it to every sink. Raises what stands in the way of making it."""
        columns = None if run.run and self.all_take_runs else run.build()
        if columns and not run.may_go(columns):
            return
        self.counts["records"] += 1
        self.counts["items"] += columns.item_count if columns else 0
        is_durable = partial(self._is_durable, run.key, run.let_go)
        on_unbuildable = partial(self._cannot_be_built, run)
        parcel = Parcel(columns, len(self._lanes), is_durable, run.build, run.on_refused, run.run, on_unbuildable)
        if not self._lanes:
            return is_durable(parcel)
        self._parcels[run.key] = parcel
        if not parcel.is_large:
            self._prepare(parcel)
        self.room.admit(parcel, run.let_go, run.survives)
        for lane in self._lanes_for(parcel):
            lane.put(parcel)

    def complete(self, record: ExecutionRecord) -> None:
        """Hand a stored record to the sinks that cannot say whether they have it: a death may have come between."""
        lanes = [lane for lane in self._lanes if not lane.outlet.is_archive]
        parcel = Parcel(record, len(lanes), lambda _: None, on_refused=lambda _: None)
        for lane in lanes:
            lane.put(parcel)

    @property
    def all_take_runs(self) -> bool:
        """Whether all sinks make records themselves."""
        return bool(self._lanes) and all(lane.outlet.takes_runs for lane in self._lanes)

    def forget(self, key: RunKey) -> None:
        """Nothing more is to be waited for: it is durable, or was set aside."""
        with self._changed:
            self._is_behind = False
            self._outstanding.discard(key)
            self._parcels.pop(key, None)
            self._changed.notify_all()

    def _cannot_be_built(self, run: Finished, trouble: BaseException) -> None:
        self.counts["records"] -= 1
        if run.on_unbuildable is not None:
            return run.on_unbuildable(trouble)
        self.troubles.note("build", "a run could not be built into a record; its journal is kept")
        self.give_up(run.key)

    def give_up(self, key: RunKey) -> None:
        """No record can be made of it: it stays where it was kept, and `flush` does not wait for it."""
        with self._changed:
            self._unbuilt.add(key)
            self._changed.notify_all()

    def flush(self, timeout: float | None) -> bool:
        """Wait until every record that is on its way now is durable; False where time ran out or one cannot be."""
        waited_for = set(self._outstanding)
        with self._hurried_lanes(), self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._are_done(waited_for), timeout)
            return waited_for.isdisjoint(self._outstanding)

    def settle(self, timeout: float) -> bool:
        """`flush` for readers, who wait for no sink that fails, nor a second time for one that hangs.

        False where something is not durable yet: they go on with what is.
        """
        waited_for = set(self._outstanding)
        if not waited_for:
            return True
        with self._hurried_lanes(), self._changed:
            if not self._changed.wait_for(lambda: not any(map(self._is_worth_waiting_for, waited_for)), timeout):
                self._is_behind = True  # until a record becomes durable: the next reader would wait as long
            return waited_for.isdisjoint(self._outstanding)

    def wait_no_more(self) -> None:
        """Have whoever waits in `flush` wait for nothing more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def close(self, timeout: float) -> bool:
        """Write what is queued, once more each, in `timeout` seconds. True where all of it was written."""
        until = time.monotonic() + timeout
        lanes = (*self._lanes_beside.values(), *self._lanes)
        written = [lane.close(max(0.1, until - time.monotonic())) for lane in lanes]
        return all(written)

    def health(self) -> list[dict[str, Any]]:
        """Counts of each sink."""
        return [together(lane, self._lanes_beside.get(lane)) for lane in self._lanes]

    @contextlib.contextmanager
    def _hurried_lanes(self) -> Iterator[None]:
        """A block in which somebody waits, and no record lingers for others."""
        with self._changed:
            self._awaited += 1
        try:
            for hurry in self._hurried:
                hurry()
            for lane in (*self._lanes, *self._lanes_beside.values()):
                lane.hurry()
            yield
        finally:
            with self._changed:
                self._awaited -= 1

    def _are_done(self, keys: set[RunKey]) -> bool:
        return keys & self._outstanding <= self._unbuilt

    def _is_worth_waiting_for(self, key: RunKey) -> bool:
        if self._is_closed or self._is_behind or key not in self._outstanding or key in self._unbuilt:
            return False
        parcel = self._parcels.get(key)
        lanes = self._lanes_for(parcel) if parcel else self._lanes
        return any(lane.holds_up(parcel) for lane in lanes) or (parcel is None and not self._lanes)

    def _lanes_for(self, parcel: Parcel) -> list[SinkLane]:
        """The lanes of a record; a large one goes beside the others, where its sink takes it in pieces."""
        return [self._beside(lane) if parcel.is_large else lane for lane in self._lanes]

    def _beside(self, lane: SinkLane) -> SinkLane:
        sink = lane.outlet.piece_sink
        if sink is None:
            return lane
        if lane not in self._lanes_beside:
            self._lanes_beside[lane] = self._lane_of(Outlet.of_pieces(sink))
        return self._lanes_beside[lane]

    def _tell_those_who_wait(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _prepare(self, parcel: Parcel) -> None:
        try:
            parcel.prepare_for([lane.outlet for lane in self._lanes])
        except Exception as trouble:
            # Its sink will meet the same trouble with the record.
            self.troubles.note("prepare", trouble)

    def _is_durable(self, key: RunKey, let_go: Callable[[], None], parcel: Parcel) -> None:
        let_go()
        self.room.leave(parcel)
        self.forget(key)


def together(lane: SinkLane, beside: SinkLane | None) -> dict[str, Any]:
    """Counts of a sink, with those of its lane for large records."""
    told = lane.health()
    if beside is None:
        return told
    more = beside.health()
    counts = {name: told[name] + more[name] for name in ("delivered", "pending", "retries")}
    return {**told, **counts, "last_error": told["last_error"] or more["last_error"]}
