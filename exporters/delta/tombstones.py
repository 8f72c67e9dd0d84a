"""Know which runs were erased from the tables, so that nobody stores them again: hashes of their ids, beside them.

Whoever erases puts the hashes down first, and removes rows then. Whoever writes looks before its commit, and once more
behind it: of two that do this at once, one always sees what the other did.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa

from exporters.delta.queries import rows
from exporters.delta.tables import DeltaStore
from exporters.errors import NoTable
from exporters.storage.writing.tombstones import tombstones_of
from otel_tracking.erasure import RunId

if TYPE_CHECKING:
    from deltalake import DeltaTable

TABLE = "tombstones"
SCHEMA = pa.schema([pa.field(name, pa.string()) for name in ("sha256", "erased_at", "erasure")])


class TableTombstones:
    """The tombstones of a store's tables. For one thread."""

    def __init__(self, store: DeltaStore) -> None:
        self._store = store
        self._table: DeltaTable | None = None
        self._version = -1
        self._known: frozenset[str] = frozenset()

    def look(self) -> bool:
        """Know what has been put down by now; whether that is more than before. Raises `WriteFailed`."""
        try:
            self._table = self._table or self._store.open(TABLE)
        except NoTable:
            return False
        with self._store.said(TABLE):
            self._table.update_incremental()
            if self._table.version() == self._version:
                return False
            self._version = self._table.version()
            self._known = frozenset(rows(self._table, ["sha256"])[0].to_pylist())
        return True

    def holds(self, execution_id: str | None, trace_id: str | None) -> bool:
        """Whether a run was erased, by what is known of it."""
        return bool(self._known) and not self._known.isdisjoint(tombstones_of(execution_id, trace_id))

    def add(self, runs: Iterable[RunId], erasure: str) -> None:
        """Put down what is not there yet. Raises `WriteFailed`."""
        self.look()
        fresh = sorted(set().union(*(run.tombstones for run in runs)) - self._known)
        if not fresh:
            return
        table = self._store.open_or_make(TABLE, SCHEMA)
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        fields = {"sha256": fresh, "erased_at": [now] * len(fresh), "erasure": [erasure] * len(fresh)}
        with self._store.said(TABLE):
            self._store.add(table, pa.table(fields, schema=SCHEMA))
        self._known |= frozenset(fresh)
