"""Erase runs from the three tables: every revision and every repeated write, day by day.

The other runs of a file are written again under new write ids before it goes, as compaction does, so readers see each
of them at any moment.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from exporters.erasure.places.known_elsewhere import remove_file
from exporters.erasure.rows import record_of
from exporters.errors import BrokenFile, StorageError
from exporters.formats.json import import_record
from exporters.storage.layout import day_of_id, days_near, may_hold, short_id, stored_days
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow, sibling
from exporters.storage.tables.parquet_file import Step
from exporters.storage.upkeep.compaction import TABLES
from exporters.storage.upkeep.day_rewrite import rewrite_day
from exporters.storage.upkeep.salvage import what_is_left
from exporters.storage.upkeep.whole_files import whole_files
from otel_tracking.erasure import Beyond, IsMeant, Removed, RunId

RESTORE = (
    "put a copy from a backup in its place and erase once more, or remove the file: "
    "what it has of others cannot be read either"
)
Days = Callable[[int, int], None]
"""Told how many days are done, and how many there are."""


class StoredRows:
    """The rows of executions, items and blobs that readers find."""

    name = "tables"

    def __init__(self, data_dir: Path, progress: Days | None = None) -> None:
        self._data_dir, self._progress = data_dir, progress

    def find(self, is_meant: IsMeant) -> Iterator[RunId]:
        """The runs of which any row is meant, and those of a damaged file whose document tells that they are."""
        damages = Damages()
        for row in self.rows(damages):
            if is_meant(record_of(row)):
                yield RunId(row.execution_id, row.trace_id)
        for path in damages.paths:
            yield from self._find_damaged(path, is_meant)

    def rows(self, damages: Damages) -> Iterator[ExecutionRow]:
        """Every row of every day, whether it counts or not."""
        index = ExecutionIndex(self._data_dir, on_damage=damages)
        for day in stored_days(self._data_dir):
            yield from index.all_rows(day)
            index.forget(day)

    def erase(self, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
        """Write the files anew that have them, without them."""
        days = stored_days(self._data_dir)
        index = ExecutionIndex(self._data_dir, on_damage=Damages())
        for done, day in enumerate(days, start=1):
            yield from self._erase_day(index, day, runs, step)
            index.forget(days_near(day)[-1])
            if self._progress:
                self._progress(done, len(days))
        for path in index.damaged:
            yield from _erase_damaged(path, runs)

    def left(self, runs: frozenset[RunId]) -> Iterator[str]:
        """Files with a row of theirs."""
        found = (row.path for row in self.rows(Damages()) if RunId(row.execution_id, row.trace_id) in runs)
        yield from map(str, dict.fromkeys(found))

    def _erase_day(
        self, index: ExecutionIndex, day: dt.date, runs: frozenset[RunId], step: Step
    ) -> Iterator[Removed | Beyond]:
        rows = index.all_rows(day)
        concerned = {row.path for row in rows if RunId(row.execution_id, row.trace_id) in runs}
        if not concerned:
            return
        near = [row for other in days_near(day) for row in index.all_rows(other)]
        for path in sorted(concerned):
            others = [row for row in rows if row.path == path and RunId(row.execution_id, row.trace_id) not in runs]
            kept = _not_repeated(others, [row for row in near if row.path not in concerned])
            last = max(row.write_id for row in rows)
            try:
                rewrite_day(self._data_dir, day, kept, above=last, step=step)
            except (BrokenFile, FileNotFoundError) as trouble:
                yield Beyond(self.name, str(getattr(trouble, "path", None) or path), f"{trouble}; {RESTORE}")
                continue
            yield from _remove_write(path, step)

    def _find_damaged(self, path: Path, is_meant: IsMeant) -> Iterator[RunId]:
        for left in what_is_left(self._data_dir, path):
            if left.document is not None:
                try:
                    record = import_record(left.document)
                except StorageError:
                    continue
                if is_meant(record):
                    yield RunId(record.execution_id, record.trace_id)


def _not_repeated(rows: Sequence[ExecutionRow], others: Sequence[ExecutionRow]) -> list[ExecutionRow]:
    """Those of which no other file has a later write of the same revision that can be read whole.

    Written anew they would come after it, and be read in its place.
    """
    wanted = {(row.key, row.revision) for row in rows}
    later = [row for row in others if (row.key, row.revision) in wanted]
    whole = whole_files(later, Damages()).paths if later else set()
    ranks = {(row.key, row.revision): row.write_id for row in later if row.path in whole}
    return [row for row in rows if ranks.get((row.key, row.revision), -1) < row.write_id]


def _remove_write(path: Path, step: Step) -> Iterator[Removed]:
    """Remove the files of a write, executions first: from then on readers look for the new ones."""
    for table in TABLES:
        there = path if table == "executions" else sibling(path, table)
        with contextlib.suppress(FileNotFoundError):
            yield remove_file("tables", there, step, f"remove {table}")


def _erase_damaged(path: Path, runs: frozenset[RunId]) -> Iterator[Removed | Beyond]:
    """A damaged file that one of the runs has to itself goes; one of several may have them, and nobody can tell."""
    if not path.is_file():
        return
    if path.name.partition("-")[0] in {short_id(run.execution_id) for run in runs}:
        yield from _remove_write(path, lambda _: None)
    elif any(may_hold(path.name, run.execution_id) and _is_near(path, run) for run in runs):
        yield Beyond("tables", str(path), f"it is damaged and may have one of the runs; {RESTORE}")


def _is_near(path: Path, run: RunId) -> bool:
    """Whether a file's day may be the run's."""
    day = day_of_id(run.execution_id)
    return day is None or path.parent.name in {f"date={near}" for near in days_near(day)}
