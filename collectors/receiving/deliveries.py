"""See records to the sinks, and know what those on their way are called until they can be found there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from collectors.delivery.lanes import Archive, Parcel, Sink, SinkLane
from otel_tracking.errors import Troubles
from otel_tracking.record import ExecutionRecord


class Deliveries:
    """The lanes of all sinks. `deliver` and `complete` are for one thread."""

    def __init__(self, sinks: Sequence[Sink], troubles: Troubles) -> None:
        self._sinks, self._troubles = sinks, troubles
        self._lanes = [SinkLane(sink, troubles) for sink in sinks]
        self._traces_by_id: dict[str, str | None] = {}

    def clashes(self, record: ExecutionRecord) -> bool:
        """Whether the record of another trace is on its way under the same execution id."""
        return self._traces_by_id.get(record.execution_id, record.trace_id) != record.trace_id

    def deliver(
        self,
        record: ExecutionRecord,
        build: Callable[[], ExecutionRecord],
        *,
        on_durable: Callable[[], None],
        on_refused: Callable[[BaseException], None],
    ) -> None:
        """Hand a record to every sink; one of the two is called when all have it, or one cannot take it."""
        execution_id = record.execution_id
        self._traces_by_id[execution_id] = record.trace_id

        def is_durable(_: Parcel) -> None:
            self._traces_by_id.pop(execution_id, None)
            on_durable()

        def is_refused(trouble: BaseException) -> None:
            self._traces_by_id.pop(execution_id, None)
            on_refused(trouble)

        parcel = Parcel(record, len(self._lanes), is_durable, build, is_refused)
        try:
            parcel.prepare_for(self._sinks)
        except Exception as trouble:
            # Its sink will meet the same trouble with the record.
            self._troubles.note("prepare", trouble)
        for lane in self._lanes:
            lane.put(parcel)

    def complete(self, record: ExecutionRecord) -> None:
        """Hand a stored record to the sinks that cannot say whether they have it: a death may have come between."""
        lanes = [lane for lane in self._lanes if not isinstance(lane.sink, Archive)]
        parcel = Parcel(record, len(lanes), lambda _: None, on_refused=lambda _: None)
        for lane in lanes:
            lane.put(parcel)

    def health(self) -> list[dict[str, Any]]:
        """Counts of each sink."""
        return [lane.health() for lane in self._lanes]

    def close(self, timeout: float) -> bool:
        """Write what is queued. True where all of it was written."""
        written = [lane.close(timeout) for lane in self._lanes]
        return all(written)
