"""Erase what was said of runs: their marks, notes and variables in `DATA/remarks/`. The code book stays."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from exporters.errors import BrokenFile
from exporters.remarks.store import RemarkStore
from exporters.storage.tables.parquet_file import Step
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId
from otel_tracking.record import ExecutionRecord, read_timestamp

_RESTORE = "put back a copy of it, and erase once more"


class RemarksOfRuns:
    """The remarks of one data directory."""

    name = "remarks"

    def __init__(self, data_dir: Path) -> None:
        self._store, self._tombstones = RemarkStore(data_dir), Tombstones(data_dir)

    def find(self, is_meant: IsMeant) -> Iterator[RunId]:
        """Runs that were erased and are meant by their ids: a copy that was put back may have them again.

        Whose any other run is, the tables know.
        """
        with contextlib.suppress(BrokenFile):
            for run in self._store.read().runs:
                if self._tombstones.holds(run.execution_id, run.trace_id) and is_meant(_bare(run)):
                    yield run

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Write the file anew without the lines of these runs."""
        path = self._store.path
        try:
            if runs.isdisjoint(self._store.read().runs):
                return
            size = path.lstat().st_size
            self._store.rewrite(lambda book: book.without(runs), step)
            yield Removed(self.name, str(path), size)
        except BrokenFile:
            yield Beyond(self.name, "what researchers said of the runs", f"{path} cannot be read; {_RESTORE}")

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """The file, where it still has a line of theirs."""
        try:
            if not runs.isdisjoint(self._store.read().runs):
                yield str(self._store.path)
        except BrokenFile:
            yield str(self._store.path)


def _bare(run: RunId) -> ExecutionRecord:
    """All that is known of an erased run."""
    return ExecutionRecord(
        execution_id=run.execution_id, trace_id=run.trace_id, config_name=None, timestamp=read_timestamp("")
    )
