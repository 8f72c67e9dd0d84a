"""The execution history of era A, ready to use: import these names instead of `execution_history`.

The first run starts the recording; records go to the data directory of the settings (`DEVSERVER_DATA_DIR`, or
`./data`). Nothing is opened on the pipeline's thread: the dataset is, by the thread that writes the first record.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collectors import Recording, Sink, start_recording
from collectors.delivery.sinks import KnowingSink, is_erased, refused_by, write_together
from devserver.era_a_store import DatasetStore
from devserver.erasing import places_of
from devserver.research import research_of
from devserver.settings import Settings
from devserver.wiring import make_sinks, whose_runs
from otel_tracking import ExecutionItem, ItemType, MediaType
from otel_tracking.migration import (
    ExecutionRecord,
    ExecutionTracker,
    Home,
    beside,
    configure,
    delete_execution_record,
    get_storage_stats,
    list_execution_records,
    load_execution_record,
    save_execution_record,
)
from otel_tracking.record import ExecutionRecord as StoredRecord

__all__ = [
    "ExecutionItem",
    "ExecutionRecord",
    "ExecutionTracker",
    "ItemType",
    "MediaType",
    "beside",
    "delete_execution_record",
    "get_storage_stats",
    "list_execution_records",
    "load_execution_record",
    "save_execution_record",
    "start",
    "stop",
]


SETTLE_SECONDS = 1.0
"""How long a reader waits for runs that have just ended, where their sinks keep up; for others it does not."""


class LateSinks:
    """Sinks that are opened by the thread that writes the first record, and tried again where they cannot be."""

    def __init__(self, settings: Settings, open_sinks: Callable[[Settings], Sequence[Sink]] = make_sinks) -> None:
        self.location = str(settings.data_dir.absolute())
        self._settings, self._open_sinks = settings, open_sinks
        self._opened: Sequence[Sink] | None = None

    def write(self, record: StoredRecord) -> None:
        """Keep one record in each."""
        for sink in self._sinks():
            sink.write(record)

    def write_all(self, records: Sequence[StoredRecord]) -> None:
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
            self._opened = self._open_sinks(self._settings)
        return self._opened


@dataclass(frozen=True, slots=True)
class _Open:
    recording: Recording
    home: Home
    process: int


_lock = threading.Lock()
_open: _Open | None = None


def start(settings: Settings | None = None) -> Recording:
    """The recording that runs go to, started now if none is: with other settings, or to look at its health.

    Called at the server's start it finds a data directory that cannot be used before the first run does.
    """
    if settings is not None:
        stop()
        make_sinks(settings)
    configure(_home)
    return _opened(settings).recording


def stop(timeout: float = 10.0) -> bool:
    """End the recording with everything durable, as the end of the interpreter does; a later run starts another."""
    global _open
    with _lock:
        ended, _open = _open, None
    return ended is None or ended.recording.close(timeout)


def _home() -> Home:
    # A forked worker inherits a recording that records nothing any more: it has its own.
    if _open is None or _open.process != os.getpid():
        return _opened(None).home
    return _open.home


def _opened(settings: Settings | None) -> _Open:
    global _open
    with _lock:
        if _open is None or _open.process != os.getpid():
            settings = settings or Settings.from_environment()
            told = {**whose_runs(settings), **research_of(settings)}
            recording = start_recording([LateSinks(settings)], journal=settings.journal, **told)
            store = DatasetStore(
                settings.data_dir,
                settle=lambda: recording.settle(SETTLE_SECONDS),
                study=settings.study,
                places=places_of(settings),
            )
            _open = _Open(recording, Home(recording.tracker(), store), os.getpid())
        return _open


configure(_home)
