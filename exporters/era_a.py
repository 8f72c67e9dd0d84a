"""What era A's storage functions ask for, answered from the Parquet dataset."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from exporters.erasure import Reason, erase
from exporters.privacy.at_source import as_at_source
from exporters.storage.files import is_there
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.known_runs import KnownRuns
from exporters.storage.reading.read_ahead import ReadAhead
from exporters.storage.reading.records import list_executions, read_records
from exporters.storage.reading.remembered import Remembered
from exporters.storage.reading.run_loader import RunLoader, StoredRun
from exporters.storage.writing.parquet_dataset import ParquetSink
from otel_tracking.erasure import Place
from otel_tracking.migration.records import ExecutionRecord, as_earlier
from otel_tracking.record import ExecutionRecord as Stored
from otel_tracking.secrets.records import without_secrets

LONGEST_WAIT = 10.0
"""Seconds that a caller of `delete` waits while the store is compacted."""

MOST_RECORDS, MOST_CHARACTERS = 1_000, 16 * 2**20
"""What is remembered of records that were read: era A's routes read the latest thousand for each list."""

_HEAD = sorted(frozenset(one.name for one in fields(ExecutionRow)) & frozenset(one.name for one in fields(Stored)))


class _Ahead(threading.local):
    """What a thread listed last and has not loaded yet, in order, and the files that it has open for that."""

    rows: Iterator[ExecutionRow] = iter(())
    loader: RunLoader | None = None


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
        self._known, self._ahead = KnownRuns(data_dir), _Ahead()
        self._records = Remembered(self._read, MOST_RECORDS, MOST_CHARACTERS)
        self._next = ReadAhead(self._prepare)

    def save(self, record: Stored) -> None:
        """Store a record; `WriteFailed` where it is not durable."""
        record = as_at_source(self._data_dir, without_secrets(record), self._study)
        ParquetSink(self._data_dir).write(record)

    def load(self, execution_id: str) -> ExecutionRecord | None:
        """The record of that id, or None.

        Of one that was just listed only the head is read, and the rest when it is asked for: filters ask for no more.
        """
        listed = self._next_listed(execution_id)
        if listed:
            return ExecutionRecord.later({name: getattr(listed, name) for name in _HEAD}, partial(self._get, listed))
        self._ahead.rows, self._ahead.loader = iter(()), None
        self._settle()
        row = self._known.row(execution_id)
        stored = self._get(row) if row else self._find(execution_id)
        return None if stored is None else as_earlier(stored)

    def latest(self, limit: int, offset: int) -> list[str]:
        """Execution ids by the time of the run, latest first."""
        self._settle()
        rows = self._known.latest(max(0, limit), max(0, offset))
        self._ahead.rows, self._ahead.loader = iter(rows), RunLoader(self._data_dir, Damages())
        self._next.want(rows)
        return [row.execution_id for row in rows]

    def delete(self, execution_id: str) -> bool:
        """Erase a run everywhere, for good: it cannot be saved again. False where none is stored under that id."""
        self._settle()
        self._next.stop()
        done = erase(
            self._data_dir,
            lambda record: record.execution_id == execution_id,
            places=self._places,
            reason=Reason.EXECUTION,
            wait_seconds=LONGEST_WAIT,
        )
        self._records.forget()
        self._ahead.rows, self._ahead.loader = iter(()), None
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

    def _next_listed(self, execution_id: str) -> ExecutionRow | None:
        """The row of that id if it is the one whose turn it is in the list this thread asked for last."""
        row = next(self._ahead.rows, None)
        is_it = row is not None and row.execution_id == execution_id and is_there(row.path)
        return row if is_it else None

    def _find(self, execution_id: str) -> Stored | None:
        """The record of an id that says another day than its run, or none."""
        return next(read_records(self._data_dir, execution_id=execution_id, on_damage=Damages()), None)

    def _get(self, row: ExecutionRow) -> Stored | None:
        """The record of a row; None where it was erased meanwhile, or cannot be read."""
        with contextlib.suppress(LookupError, OSError):
            return self._records.get(row)
        return None

    def _prepare(self, row: ExecutionRow) -> None:
        """Have a record at hand, and the text that its dict is made of."""
        if record := self._get(row):
            record.to_dict()

    def _read(self, row: ExecutionRow) -> Stored:
        loader = self._ahead.loader or RunLoader(self._data_dir, Damages())
        record = loader.load(row, StoredRun.record)
        if record is None:
            raise LookupError(row.execution_id)
        return as_earlier(record, is_kept=True)
