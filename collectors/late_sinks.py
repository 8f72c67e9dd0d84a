"""Sinks that are opened by the thread that writes the first record, and told of loudly where they cannot be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from collectors.delivery.sinks import KnowingSink, Sink, is_erased, refused_by, write_together
from otel_tracking.record import ExecutionRecord

_log = logging.getLogger("otel_tracking")


class LateSinks:
    """Sinks that are opened when the first record is written, and tried again where they cannot be.

    `trouble` is why they could not be opened the last time, and None when they are open. `what` says in the log what
    is missing without them.
    """

    def __init__(self, location: str, open_sinks: Callable[[], Sequence[Sink]], what: str = "records") -> None:
        self.location = location
        self.trouble: str | None = None
        self._open_sinks, self._what = open_sinks, what
        self._opened: Sequence[Sink] | None = None

    def write(self, record: ExecutionRecord) -> None:
        """Keep one record in each."""
        for sink in self._sinks():
            sink.write(record)

    def write_all(self, records: Sequence[ExecutionRecord]) -> None:
        """Keep many records in each."""
        for sink in self._sinks():
            write_together(sink, records)

    def contains(self, trace_id: str, revision: int) -> bool:
        """Whether the first of them has that revision."""
        first = self._sinks()[0]
        return isinstance(first, KnowingSink) and first.contains(trace_id, revision)

    @property
    def refused(self) -> int:
        """How many records of erased runs they took and did not keep."""
        return sum(map(refused_by, self._opened or ()))

    def is_erased(self, execution_id: str | None, trace_id: str | None) -> bool:
        """Whether a run was erased in all of them."""
        return is_erased(self._sinks(), execution_id, trace_id)

    def close(self) -> None:
        """Let go of what was opened."""
        for sink in self._opened or ():
            sink.close()

    def _sinks(self) -> Sequence[Sink]:
        if self._opened is None:
            try:
                self._opened = self._open_sinks()
            except Exception as trouble:
                self._tell(trouble)
                raise
            self.trouble = None
        return self._opened

    def _tell(self, trouble: Exception) -> None:
        """Say it once; nothing of a run is in it, since none has come this far."""
        if self.trouble is None:
            _log.error(
                "%s of finished runs are not stored: %s. Runs go on; what was not stored waits, and is tried again",
                *(self._what, trouble),
            )
        self.trouble = f"{self._what} of finished runs are not stored: {trouble}"
