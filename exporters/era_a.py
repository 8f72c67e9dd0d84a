"""What era A's storage functions ask for, answered from the Parquet dataset."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from exporters.erasure import Reason, erase
from exporters.privacy.at_source import as_at_source
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.records import list_executions, read_records
from exporters.storage.writing.parquet_dataset import ParquetSink
from otel_tracking.erasure import Place
from otel_tracking.record import ExecutionRecord
from otel_tracking.secrets.records import without_secrets

LONGEST_WAIT = 10.0
"""Seconds that a caller of `delete` waits while the store is compacted."""

MOST_NEWER = 100
"""Runs that may have come between the list and the reading of its first record."""


class _Ahead(threading.local):
    """What a thread listed last and has not read yet: the ids, and their records as they are read."""

    ids: Iterator[str] = iter(())
    records: Iterator[ExecutionRecord] = iter(())


class DatasetStore:
    """Records of a data directory, without those that cannot be read (`verify` names them).

    `settle` waits until runs that have ended are stored; `trouble` is why some are not. What is saved and says no study
    is of `study`.
    """

    def __init__(
        self,
        data_dir: Path,
        settle: Callable[[], object] = lambda: None,
        study: str | None = None,
        places: Sequence[Place] = (),
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._data_dir, self._settle, self._study, self._places = data_dir, settle, study, places
        self._trouble = trouble
        self._ahead = _Ahead()

    def save(self, record: ExecutionRecord) -> None:
        """Store a record; `WriteFailed` where it is not durable."""
        record = as_at_source(self._data_dir, without_secrets(record), self._study)
        ParquetSink(self._data_dir).write(record)

    def load(self, execution_id: str) -> ExecutionRecord | None:
        """The record of that id, or None."""
        if listed := self._next_listed(execution_id):
            return listed  # it was waited for when it was listed
        self._settle()
        return next(read_records(self._data_dir, execution_id=execution_id, on_damage=Damages()), None)

    def latest(self, limit: int, offset: int) -> list[str]:
        """Execution ids by the time of the run, latest first."""
        self._settle()
        offset = max(0, offset)
        rows = list_executions(self._data_dir, limit=offset + max(0, limit), on_damage=Damages())
        ids = [row.execution_id for row in rows[offset:]]
        self._ahead.ids = iter(ids)
        self._ahead.records = islice(read_records(self._data_dir, on_damage=Damages()), offset, None)
        return ids

    def delete(self, execution_id: str) -> bool:
        """Erase a run everywhere, for good: it cannot be saved again. False where none is stored under that id."""
        self._settle()
        done = erase(
            self._data_dir,
            lambda record: record.execution_id == execution_id,
            places=self._places,
            reason=Reason.EXECUTION,
            wait_seconds=LONGEST_WAIT,
        )
        return bool(done.runs)

    def stats(self) -> dict[str, Any]:
        """How many runs can be read, the bytes of all that is stored, and an `error` where some cannot, or are not."""
        self._settle()
        damages = Damages()
        files = [path for path in self._data_dir.rglob("*") if path.is_file()]
        count = len(list_executions(self._data_dir, on_damage=damages))
        error = self._trouble() or ("some files cannot be read; otel-tracking verify names them" if damages else None)
        return {
            "total_records": count,
            "total_size_bytes": sum(path.stat().st_size for path in files),
            "storage_dir": str(self._data_dir.absolute()),
            **({"error": error} if error else {}),
        }

    def _next_listed(self, execution_id: str) -> ExecutionRecord | None:
        """The record of that id if it is the one whose turn it is in the list this thread asked for last.

        Era A's routes list a thousand ids and load them one by one. Read in that order each costs 4 ms, alone 280.
        """
        if next(self._ahead.ids, None) != execution_id:
            self._ahead.ids = iter(())
            return None
        newer = islice(self._ahead.records, MOST_NEWER)
        return next((record for record in newer if record.execution_id == execution_id), None)
