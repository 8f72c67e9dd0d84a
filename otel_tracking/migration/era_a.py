"""The execution history of era A, ready to use: import these names instead of `execution_history`.

The first run starts the recording; records go to the data directory of the settings (`DEVSERVER_DATA_DIR`, or
`./data`). Nothing is opened on the pipeline's thread: the dataset is, by the thread that writes the first record.
No module of an earlier server is called like one that this needs. What records and stores is not known here: it is
found by name when the first run wants it.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from otel_tracking.environment import RecordingSettings
from otel_tracking.erasure import Place
from otel_tracking.errors import RecordingError
from otel_tracking.migration.home import (
    Home,
    configure,
    delete_execution_record,
    get_storage_stats,
    list_execution_records,
    load_execution_record,
    save_execution_record,
)
from otel_tracking.migration.records import ExecutionRecord
from otel_tracking.migration.side_by_side import beside
from otel_tracking.migration.tracker import ExecutionTracker
from otel_tracking.record import ExecutionItem
from otel_tracking.taxonomy import ItemType, MediaType

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

RECORDS, DOCUMENTS = "records", "documents"

_log = logging.getLogger("otel_tracking")
_said: set[str] = set()

PlacesOf = Callable[[RecordingSettings], Sequence[Place]]


@dataclass(frozen=True, slots=True)
class _Open:
    recording: Any
    home: Home
    process: int


_lock = threading.Lock()
_open: _Open | None = None


def _places_of_recordings(settings: RecordingSettings) -> Sequence[Place]:
    places: Sequence[Place] = _part("collectors.ready_made").places_of(settings)
    return places


_places_of: PlacesOf = _places_of_recordings


def erase_from(places_of: PlacesOf) -> None:
    """Have what is deleted leave these places, for servers that keep something of runs elsewhere."""
    global _places_of
    _places_of = places_of


def start(settings: RecordingSettings | None = None) -> Any:
    """The recording that runs go to, started now if none is: with other settings, or to look at its health.

    Called at the server's start it finds a data directory that cannot be used before the first run does.
    """
    if settings is not None:
        stop()
        for open_sinks in _openers(settings).values():
            open_sinks()
    configure(_home)
    return _opened(settings).recording


def stop(timeout: float = 10.0) -> bool:
    """End the recording with everything durable, as the end of the interpreter does; a later run starts another."""
    global _open
    with _lock:
        ended, _open = _open, None
    return ended is None or bool(ended.recording.close(timeout))


def _home() -> Home:
    # A forked worker inherits a recording that records nothing any more: it has its own.
    if _open is not None and _open.process == os.getpid():
        return _open.home
    try:
        return _opened(None).home
    except RecordingError as trouble:
        _say(f"no run is recorded: {trouble}")
        raise


def _say(sentence: str) -> None:
    """Say it once, loudly: it names a setting, and nothing of a run."""
    if sentence not in _said:
        _said.add(sentence)
        _log.error("%s", sentence)


def _opened(settings: RecordingSettings | None) -> _Open:
    global _open
    with _lock:
        if _open is None or _open.process != os.getpid():
            _open = _open_recording(settings or RecordingSettings.from_environment())
        return _open


def _open_recording(settings: RecordingSettings) -> _Open:
    recording_side, storage = _part("collectors.ready_made"), _part("exporters.ready_made")
    where = str(settings.data_dir.absolute())
    late_sinks = _part("collectors.late_sinks").LateSinks
    sinks = [late_sinks(where, open_sinks, what) for what, open_sinks in _openers(settings).items()]
    whose = storage.whose_runs(settings)
    try:
        recording = recording_side.record_into(settings, sinks, **whose, **storage.viewers_of(settings))
    except RecordingError as trouble:
        # Runs are worth more than the traces of them that viewers would be sent.
        without = replace(settings, otlp_endpoint=False, otlp_content=None)
        recording = recording_side.record_into(without, sinks, **whose)
        _say(f"no traces are sent: {trouble}")
    store = storage.open_store(
        settings,
        settle=lambda: recording.settle(SETTLE_SECONDS),
        places=_places_of(settings),
        trouble=lambda: next((sink.trouble for sink in sinks if sink.trouble), None) or _failing(recording.health()),
    )
    return _Open(recording, Home(recording.tracker(), store), os.getpid())


def _openers(settings: RecordingSettings) -> dict[str, Callable[[], Sequence[Any]]]:
    """What opens the sinks of the settings, by what they keep: documents that cannot be written stop no record."""
    openers: dict[str, Callable[[], Sequence[Any]]] = {RECORDS: partial(_open_dataset, settings)}
    if settings.formats:
        openers[DOCUMENTS] = lambda: [_part("exporters.ready_made").open_documents(settings)]
    return openers


def _open_dataset(settings: RecordingSettings) -> Sequence[Any]:
    storage = _part("exporters.ready_made")
    finished = storage.finish_erasures(settings, partial(_places_of, settings))
    if finished:
        print(finished, file=sys.stderr)
    sinks: Sequence[Any] = _part("collectors.ready_made").with_media_store(settings, [storage.open_dataset(settings)])
    return sinks


def _failing(health: dict[str, Any]) -> str | None:
    """What stands in the way of storing what has ended; None where nothing does."""
    errors = [sink["last_error"] for sink in health["sinks"] if sink["last_error"]]
    return f"{health['outstanding']} finished run(s) are not stored yet: {errors[0]}" if errors else None


def _part(module: str) -> Any:
    return importlib.import_module(module)


configure(_home)
