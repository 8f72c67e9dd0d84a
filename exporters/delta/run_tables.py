"""The three tables of runs, to write to: parts first, executions last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from exporters.delta.tables import DATE, DeltaStore, delta_schema
from exporters.storage.tables.pack import pack
from exporters.storage.tables.rows import PreparedRecord
from exporters.storage.writing.write_ids import WriteIds

if TYPE_CHECKING:
    from deltalake import CommitProperties


class RunTables:
    """Tables of runs at a place; they are made where they are missing. Raises `WrongTable` and `NotWritable`."""

    def __init__(self, store: DeltaStore) -> None:
        self._store, self._write_ids = store, WriteIds()
        self.executions = store.open_or_make("executions")
        self._parts = {name: store.open_or_make(name) for name in ("blobs", "items")}

    def write_parts(self, records: Sequence[PreparedRecord]) -> pa.Table:
        """Store what belongs to these records, which nobody sees yet; the rows of their executions.

        Raises `WriteFailed`; what was written of it then is never seen.
        """
        if not records:
            return delta_schema("executions").empty_table()
        packed = pack(records, self._write_ids.next(len(records)))
        write_ids = packed.executions["write_id"].to_pylist()
        ordered = sorted(records, key=lambda row: (row.execution_id, row.revision))
        days = {write_id: row.day.isoformat() for write_id, row in zip(write_ids, ordered, strict=True)}
        for name, table in self._parts.items():
            rows = getattr(packed, name)
            if len(rows):
                with self._store.said(name):
                    self._store.add(table, _dated(rows, days))
        return _dated(packed.executions, days)

    def write_executions(self, rows: pa.Table, commit: CommitProperties | None = None) -> None:
        """Make runs visible. Raises what Delta does."""
        if commit is None:
            self._store.add(self.executions, rows)
        else:
            self._store.append(self.executions, rows, commit)


def _dated(rows: pa.Table, days: dict[int, str]) -> pa.Table:
    found = pa.array([days[write_id] for write_id in rows["write_id"].to_pylist()], pa.string())
    return rows.append_column(DATE, found)
