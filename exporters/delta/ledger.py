"""Commit records to a Delta table together with how far a stream was read: both, or nothing.

The executions come last, and their commit holds the position of each partition (`commits.py`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from exporters.delta.commits import Commits
from exporters.delta.reading import Known, known_runs, read_known
from exporters.delta.removal import RowsOfRuns
from exporters.delta.run_tables import RunTables
from exporters.delta.spill import SpillTables
from exporters.delta.tables import ASIDE, DATE, DeltaStore
from exporters.delta.tombstones import TableTombstones
from exporters.storage.tables.pack import pack
from exporters.storage.tables.rows import PreparedRecord, row_of
from otel_tracking.columns import RecordColumns, columns_of
from otel_tracking.erasure import RunId
from otel_tracking.record import ExecutionRecord

if TYPE_CHECKING:
    from deltalake import DeltaTable

MOST_DAYS = 32
"""Days whose runs are known by heart, about 0.3 KB a run; beyond it the one that was asked for longest ago goes."""

_NOWHERE = Path("/")
"""What came over OTLP has no media: no file of it lies anywhere."""


class AsideRow(NamedTuple):
    """A message that is set aside: where it stands, whose run it is of, why, and its bytes."""

    partition: int
    offset: int
    trace_id: str | None
    reason: str
    message: bytes


class DeltaLedger:
    """Records of a topic's runs and the positions of its partitions, in the tables at a URI. For one thread.

    Whoever opened a partition later has it: what an earlier one commits is refused, by the table itself.
    """

    def __init__(self, store: DeltaStore, topic: str) -> None:
        """Makes the tables where they are missing. Raises `WrongTable` and `NotWritable`."""
        self._store, self._topic = store, topic
        self._runs = RunTables(store)
        self._executions = self._runs.executions
        self._spill = SpillTables(store.below("spill"))
        self._aside: DeltaTable | None = None
        self._tombstones = TableTombstones(store)
        self._commits = Commits(store, self._executions, topic, self._runs.write_executions)
        self.refused = 0
        self._put_aside: set[tuple[Any, ...]] = set()
        self._days: OrderedDict[str, dict[str, Known]] = OrderedDict()

    def open(self, partitions: Sequence[int]) -> Mapping[int, int | None]:
        """The committed position of each, None where there is none; from now on commits of others are noticed."""
        opened = self._commits.open(partitions)
        self._tombstones.look()
        # Their last owner has stored runs since a day was looked at.
        self._days.clear()
        self._spill.look()
        return opened

    def let_go(self, partitions: Sequence[int]) -> None:
        """Commit no more for these."""
        self._commits.let_go(partitions)
        self._put_aside = {place for place in self._put_aside if place[0] not in partitions}

    def prepare(self, record: ExecutionRecord) -> PreparedRecord:
        """The rows of a record."""
        return self.prepare_columns(columns_of(record))

    def prepare_columns(self, columns: RecordColumns) -> PreparedRecord:
        """The same of a record that is there as columns."""
        return row_of(columns, _NOWHERE)

    def fits(self, record: PreparedRecord) -> bool:
        """Whether the tables can hold these rows."""
        try:
            pack([record], [1])
        except Exception:
            return False
        return True

    def commit(
        self, records: Sequence[PreparedRecord], positions: Mapping[int, int], asides: Sequence[Any]
    ) -> frozenset[int]:
        """Store records with the positions; or nothing, and the partitions in which others have committed since.

        Raises `WriteFailed` where nothing is stored and it may be tried again. `asides` are stored before, and may be
        there twice after a death.
        """
        self._tombstones.look()
        self._set_aside(asides)
        kept = [record for record in records if not self.is_erased(record.execution_id, record.trace_id)]
        self.refused += len(records) - len(kept)
        rows = self._runs.write_parts(kept)
        others = self._commits.commit(rows, positions)
        if not others:
            self._put_aside.clear()
            self._know(rows)
            self._remove_erased(kept, self._store)
        return others

    def is_erased(self, execution_id: str | None, trace_id: str | None) -> bool:
        """Whether a run was erased from the tables, as far as was known at the last commit."""
        return self._tombstones.holds(execution_id, trace_id)

    def _remove_erased(self, records: Sequence[PreparedRecord | ExecutionRecord], store: DeltaStore) -> None:
        """Remove what was erased while it was committed: whoever erased it may have looked before it was there."""
        if self._tombstones.look():
            runs = [RunId(record.execution_id, record.trace_id) for record in records]
            erased = [run for run in runs if self.is_erased(run.execution_id, run.trace_id)]
            if erased:
                self.refused += RowsOfRuns(store, erased).remove_for_good()
                self._days.clear()

    def stored(self, traces: Mapping[str, Iterable[str]]) -> Sequence[ExecutionRecord]:
        """The records that are stored of these traces, given with the days that their runs may be under."""
        found: dict[str, Known] = {}
        for trace_id, days in traces.items():
            runs = [run for day in days if (run := self._runs_of(day).get(trace_id))]
            if runs:
                found[trace_id] = max(runs)
        with self._store.said("executions"):
            return list(read_known(self._store, self._executions, found.values()))

    def spill(self, records: Sequence[ExecutionRecord]) -> None:
        """Keep what there is so far of runs that did not end, in tables of their own."""
        self._tombstones.look()
        kept = [one for one in records if not self.is_erased(one.execution_id, one.trace_id)]
        self._spill.write([self.prepare(record) for record in kept])
        self._remove_erased(kept, self._spill.store)

    def spilled(self, trace_ids: Iterable[str]) -> Sequence[ExecutionRecord]:
        """What was kept of runs that had not ended."""
        return self._spill.read(trace_ids)

    def _set_aside(self, asides: Sequence[Any]) -> None:
        # Those of a commit that failed are there already.
        new = [aside for aside in asides if tuple(aside[:4]) not in self._put_aside]
        if not new:
            return
        self._aside = self._aside or self._store.open_or_make("aside", ASIDE)
        columns = dict(zip(AsideRow._fields, zip(*new, strict=True), strict=True))
        rows = pa.table({"topic": [self._topic] * len(new), **columns}, schema=ASIDE)
        with self._store.said("aside"):
            self._store.add(self._aside, rows)
        self._put_aside |= {tuple(aside[:4]) for aside in new}

    def _runs_of(self, day: str) -> dict[str, Known]:
        if day not in self._days:
            with self._store.said("executions"):
                self._days[day] = known_runs(self._executions, day)
        self._days.move_to_end(day)
        while len(self._days) > MOST_DAYS:
            self._days.popitem(last=False)
        return self._days[day]

    def _know(self, rows: pa.Table) -> None:
        keys = ("trace_id", "revision", "write_id", DATE)
        for trace_id, *known in zip(*(rows[name].to_pylist() for name in keys), strict=True):
            run = Known(*known)
            if run.day in self._days and trace_id is not None:
                self._days[run.day][trace_id] = run
