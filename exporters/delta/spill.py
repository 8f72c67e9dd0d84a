"""Keep what there is so far of runs that did not end, in tables beside those of the runs that did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from exporters.delta.reading import Known, known_runs, read_known
from exporters.delta.run_tables import RunTables
from exporters.delta.tables import DATE, DeltaStore
from exporters.errors import NoTable
from exporters.storage.tables.rows import PreparedRecord
from otel_tracking.record import ExecutionRecord


class SpillTables:
    """The tables below `spill`, made when something is first put there. For one thread."""

    def __init__(self, store: DeltaStore) -> None:
        self.store = store
        self._tables: RunTables | None = None
        self._known: dict[str, Known] = {}

    def look(self) -> None:
        """Know what others have put there. Raises `WriteFailed` where nobody can say."""
        try:
            executions = self.store.open("executions")
        except NoTable:
            return
        with self.store.said("executions"):
            self._known = known_runs(executions, None)

    def write(self, records: Sequence[PreparedRecord]) -> None:
        """Keep these. Raises `WriteFailed`."""
        self._tables = self._tables or RunTables(self.store)
        rows = self._tables.write_parts(records)
        with self.store.said("executions"):
            self._tables.write_executions(rows)
        keys = (rows[name].to_pylist() for name in ("trace_id", "revision", "write_id", DATE))
        self._known |= {trace_id: Known(*known) for trace_id, *known in zip(*keys, strict=True)}

    def read(self, trace_ids: Iterable[str]) -> Sequence[ExecutionRecord]:
        """What is there of these runs. Raises `WriteFailed` where it cannot be read now."""
        wanted = [self._known[trace_id] for trace_id in trace_ids if trace_id in self._known]
        if not wanted:
            return []
        with self.store.said("executions"):
            return list(read_known(self.store, self.store.open("executions"), wanted))
