"""What era A's storage functions ask for, answered from the Parquet dataset."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from exporters import ParquetSink, list_executions, read_records
from exporters.storage.files import remove
from exporters.storage.layout import folder_name, stored_days
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow, sibling
from exporters.storage.tables.parquet_file import no_step
from exporters.storage.upkeep.day_rewrite import rewrite_day
from exporters.storage.writing.locks import compaction_lock
from otel_tracking.record import ExecutionRecord
from otel_tracking.secrets.records import without_secrets

TABLES = ("executions", "items", "blobs")

MOST_NEWER = 100
"""Runs that may have come between the list and the reading of its first record."""


class DatasetStore:
    """Records of a data directory, without those that cannot be read (`verify` names them).

    `settle` waits until runs that have ended are stored.
    """

    def __init__(self, data_dir: Path, settle: Callable[[], object] = lambda: None) -> None:
        self._data_dir, self._settle = data_dir, settle
        self._ahead = threading.local()

    def save(self, record: ExecutionRecord) -> None:
        """Store a record; `WriteFailed` where it is not durable."""
        ParquetSink(self._data_dir).write(without_secrets(record))

    def load(self, execution_id: str) -> ExecutionRecord | None:
        """The record of that id, or None."""
        self._settle()
        records = read_records(self._data_dir, execution_id=execution_id, on_damage=Damages())
        return self._next_listed(execution_id) or next(records, None)

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
        """Erase every row of a run, its media and its documents; False where there is nothing of it."""
        self._settle()
        if not self._data_dir.is_dir():
            return False
        with compaction_lock(self._data_dir):
            rows = [row for row in self._rows() if row.execution_id == execution_id]
            for path in sorted({row.path for row in rows}):
                self._rewrite_without(path, execution_id)
        folders = [self._data_dir / kind / folder_name(execution_id) for kind in ("media", "documents")]
        found = [folder for folder in folders if folder.is_dir()]
        for folder in found:
            shutil.rmtree(folder)
        return bool(rows or found)

    def stats(self) -> dict[str, Any]:
        """How many runs can be read, the bytes of everything that is stored, and an `error` where some cannot."""
        self._settle()
        damages = Damages()
        files = [path for path in self._data_dir.rglob("*") if path.is_file()]
        return {
            "total_records": len(list_executions(self._data_dir, on_damage=damages)),
            "total_size_bytes": sum(path.stat().st_size for path in files),
            "storage_dir": str(self._data_dir.absolute()),
            **({"error": "some files cannot be read; otel-tracking verify names them"} if damages else {}),
        }

    def _next_listed(self, execution_id: str) -> ExecutionRecord | None:
        """The record of that id if it is the one whose turn it is in the list this thread asked for last.

        Era A's routes list a thousand ids and load them one by one. Read in that order each costs 4 ms, alone 280.
        """
        if next(getattr(self._ahead, "ids", iter(())), None) != execution_id:
            self._ahead.ids = iter(())
            return None
        newer = islice(self._ahead.records, MOST_NEWER)
        return next((record for record in newer if record.execution_id == execution_id), None)

    def _rows(self) -> list[ExecutionRow]:
        index = ExecutionIndex(self._data_dir)
        return [row for day in stored_days(self._data_dir) for row in index.all_rows(day)]

    def _rewrite_without(self, path: Path, execution_id: str) -> None:
        """The other runs of a file are written again under new write ids before it goes, as compaction does."""
        rows = [row for row in self._rows() if row.path == path]
        kept = [row for row in rows if row.execution_id != execution_id]
        rewrite_day(self._data_dir, rows[0].day, kept, above=max(row.write_id for row in rows), step=no_step)
        remove([path if table == "executions" else sibling(path, table) for table in TABLES])
