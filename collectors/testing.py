"""Fakes that behave: sinks that remember, refuse or wait until they are told, for tests of whoever uses us."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from otel_tracking.record import ExecutionRecord


class RememberingSink:
    """A sink that keeps records in memory.

    >>> sink = RememberingSink()
    >>> sink.records
    []
    """

    def __init__(self) -> None:
        self.records: list[ExecutionRecord] = []
        self.closed = False

    def write(self, record: ExecutionRecord) -> None:
        """Keep `record`."""
        self.records.append(record)

    def contains(self, trace_id: str, revision: int) -> bool:
        """Whether that revision was written."""
        return any(record.trace_id == trace_id and record.revision == revision for record in self.records)

    def revision_of(self, trace_id: str) -> int | None:
        """The highest revision that was written of a run."""
        return max((record.revision for record in self.records if record.trace_id == trace_id), default=None)

    def stored(self, trace_id: str) -> ExecutionRecord | None:
        """The highest revision of a run."""
        return self.latest().get(trace_id)

    def trace_of(self, execution_id: str) -> str | None:
        """The trace that was written under an execution id."""
        return next((record.trace_id for record in self.records if record.execution_id == execution_id), None)

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def latest(self) -> dict[str, ExecutionRecord]:
        """The highest revision of each record, by trace id."""
        by_revision = sorted(self.records, key=lambda record: record.revision)
        return {record.trace_id or record.execution_id: record for record in by_revision}


class FailingSink(RememberingSink):
    """A sink that raises the errors it was given, one a write, before it works."""

    def __init__(self, errors: Sequence[Exception]) -> None:
        super().__init__()
        self.errors = list(errors)

    def write(self, record: ExecutionRecord) -> None:
        """Raise the next error, or keep `record` where none is left."""
        if self.errors:
            raise self.errors.pop(0)
        super().write(record)


class WaitingSink(RememberingSink):
    """A sink that hangs in `write` until `release` is called."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self._gate = threading.Event()

    def write(self, record: ExecutionRecord) -> None:
        """Wait, then keep `record`."""
        self.entered.set()
        self._gate.wait()
        super().write(record)

    def release(self) -> None:
        """Let every write go on."""
        self._gate.set()


class ManualClock:
    """A monotonic clock that stands still until it is told."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Seconds, as `time.monotonic` counts them."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
