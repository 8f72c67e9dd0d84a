"""Where the runs of an earlier server are recorded, and where its routes find them again.

The application sets it with `configure`; nothing of collectors or exporters is known here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from opentelemetry import trace

from otel_tracking import tracker as tracking
from otel_tracking.errors import TrackingError, Troubles
from otel_tracking.migration.records import ExecutionRecord, as_earlier, as_stored
from otel_tracking.pseudonyms import SHORTEST_KEY, Pseudonyms
from otel_tracking.record import ExecutionRecord as StoredRecord

NOT_CONFIGURED = (
    "no store is configured, so nothing is kept; import from otel_tracking.migration.era_a instead, or call "
    "otel_tracking.migration.configure (docs/migration-plan.md)"
)


A = TypeVar("A")


class Store(Protocol):
    """Where finished records are: what the earlier storage functions need."""

    def save(self, record: StoredRecord) -> None:
        """Keep a record; raises where it is not durable."""

    def load(self, execution_id: str) -> StoredRecord | None:
        """The record of that id, or None."""

    def latest(self, limit: int, offset: int) -> list[str]:
        """Execution ids, the latest run first."""

    def delete(self, execution_id: str) -> bool:
        """Erase a record with its media; False where there is none."""

    def stats(self) -> dict[str, Any]:
        """`total_records`, `total_size_bytes` and `storage_dir`."""


class Home(NamedTuple):
    """The tracker that runs are logged with, and the store that has them afterwards."""

    tracker: tracking.ExecutionTracker
    store: Store | None = None


_troubles = Troubles()


def _nowhere() -> Home:
    _troubles.report("migration", NOT_CONFIGURED)
    return Home(tracking.ExecutionTracker(troubles=_troubles))


_find_home: Callable[[], Home] = _nowhere


def configure(find_home: Callable[[], Home] | None) -> None:
    """Set where runs go: `find_home` is asked at the start of each run, and by each storage function.

    >>> from otel_tracking import ExecutionTracker
    >>> configure(lambda: Home(ExecutionTracker()))
    >>> configure(None)
    """
    global _find_home
    _find_home = find_home or _nowhere


def home() -> Home:
    """Where runs go now; never raises."""
    try:
        return _find_home()
    except Exception as trouble:
        _troubles.report("migration home", trouble)
        # It may be a study's key that is not there: the application's own spans name nobody either.
        return Home(tracking.ExecutionTracker(troubles=_troubles, pseudonyms=Pseudonyms(os.urandom(SHORTEST_KEY))))


def nowhere(trouble: Exception) -> tracking.ExecutionTracker:
    """A tracker that records nothing, where a run could not be begun with the one of `home`; that is counted there."""
    where = home().tracker
    (where.troubles if isinstance(where, tracking.ExecutionTracker) else _troubles).report("migration begin", trouble)
    return tracking.ExecutionTracker(trace.NoOpTracerProvider(), troubles=_troubles)


def save_execution_record(record: StoredRecord) -> None:
    """Keep a record; raises where it is not durable, as it always did."""
    store = home().store
    if store is None:
        raise TrackingError(NOT_CONFIGURED)
    store.save(as_stored(record))


def load_execution_record(execution_id: str) -> ExecutionRecord | None:
    """The record of that id; None where there is none or it cannot be read."""
    found: StoredRecord | None = _ask(lambda store: store.load(execution_id), None)
    return None if found is None else as_earlier(found)


def list_execution_records(limit: int = 100, offset: int = 0) -> list[str]:
    """Execution ids by the time of the run, latest first; empty where they cannot be read."""
    return _ask(lambda store: store.latest(limit, offset), [])


def delete_execution_record(execution_id: str) -> bool:
    """Erase a record with its media; False where there is none or it could not be erased."""
    return _ask(lambda store: store.delete(execution_id), False)


def get_storage_stats() -> dict[str, Any]:
    """`total_records`, `total_size_bytes`, `total_size_mb`, `storage_dir`, and `error` where they cannot be read."""
    unreadable: dict[str, Any] = {"total_records": 0, "total_size_bytes": 0, "storage_dir": ""}
    unreadable["error"] = "the storage cannot be read; the log says why"
    stats = _ask(lambda store: store.stats(), unreadable)
    return {**stats, "total_size_mb": round(stats["total_size_bytes"] / 1024 / 1024, 2)}


def _ask(question: Callable[[Store], A], otherwise: A) -> A:
    """What the store answers; `otherwise` where there is none or it fails."""
    store = home().store
    if store is None:
        return otherwise
    try:
        return question(store)
    except Exception as trouble:
        _troubles.report("migration storage", trouble)
        return otherwise
