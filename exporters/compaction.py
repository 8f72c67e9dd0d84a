"""Compact closed days: many small files become one per table, and what no reader sees goes.

Every kept row is written again under a new, greater write id. By the rule that readers follow anyway (the highest
revision counts, then the highest write id) the new rows count from the moment the new executions file has its name,
and the old ones until then. So a crash at any point leaves a readable day, without a list of replaced files.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from exporters.day_rewrite import rewrite_day
from exporters.execution_index import ExecutionIndex, ExecutionRow, latest, sibling
from exporters.files import remove
from exporters.layout import ONE_DAY, day_directory, stored_days, table_files
from exporters.locks import compaction_lock
from exporters.parquet_file import Step, no_step

TABLES = ("executions", "blobs", "items")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactionReport:
    """What a compaction did: days rewritten, files and bytes before and after, rows that went because nobody sees them.

    `superseded` counts rows of `executions`, `orphans` files that a crash left behind.
    """

    days: tuple[dt.date, ...] = ()
    executions: int = 0
    superseded: int = 0
    orphans: int = 0
    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0


@dataclass(frozen=True, slots=True)
class _Day:
    rows: list[ExecutionRow]
    kept: list[ExecutionRow]
    orphans: list[Path]

    @property
    def is_compact(self) -> bool:
        return len({row.path for row in self.rows}) <= 1 and len(self.rows) == len(self.kept) and not self.orphans


def compact(
    data_dir: str | Path,
    *,
    before: dt.date | None = None,
    progress: Progress | None = None,
    orphan_age: dt.timedelta = dt.timedelta(hours=1),
    step: Step = no_step,
) -> CompactionReport:
    """Compact the days before `before` (today in UTC if not given) and report what was done.

    Safe beside writers and readers, and safe to kill; `CompactionRunning` where another process is at it already.
    Files without executions are another process's write that is not done, until they are older than `orphan_age`.
    `progress` is told how many days are done and how many there are.

    >>> import tempfile
    >>> compact(tempfile.mkdtemp()).days
    ()
    """
    data_dir = Path(data_dir)
    before = before or dt.datetime.now(dt.UTC).date()
    oldest_write = time.time() - orphan_age.total_seconds()
    reports = []
    with compaction_lock(data_dir):
        days = [day for day in _days(data_dir) if day < before]
        for done, day in enumerate(days, start=1):
            reports.append(_compact_day(data_dir, day, oldest_write, step))
            if progress:
                progress(done, len(days))
    return _sum(reports)


def _compact_day(data_dir: Path, day: dt.date, oldest_write: float, step: Step) -> CompactionReport:
    found = _look(data_dir, day, oldest_write)
    if found.is_compact:
        return CompactionReport()
    before = _files(data_dir, day)
    bytes_before = _size(before)
    if found.rows:
        rewrite_day(data_dir, day, found.kept, above=max(row.write_id for row in found.rows), step=step)
    _remove_old(found, step)
    after = _files(data_dir, day)
    return CompactionReport(
        days=(day,),
        executions=len(found.kept),
        superseded=len(found.rows) - len(found.kept),
        orphans=len(found.orphans),
        files_before=len(before),
        files_after=len(after),
        bytes_before=bytes_before,
        bytes_after=_size(after),
    )


def _look(data_dir: Path, day: dt.date, oldest_write: float) -> _Day:
    # Orphans first: what is written from here on has its executions later, and must not look like one.
    suspects = list(_suspects(data_dir, day, oldest_write))
    index = ExecutionIndex(data_dir)
    rows = index.all_rows(day)
    counting = latest(row for near in (day - ONE_DAY, day, day + ONE_DAY) for row in index.all_rows(near))
    kept = [row for row in rows if counting[row.key] is row]
    names = {path.name for path in table_files(data_dir, "executions", day)}
    return _Day(rows, kept, [path for path in suspects if path.name not in names])


def _suspects(data_dir: Path, day: dt.date, oldest_write: float) -> Iterator[Path]:
    """Files older than that which may be what a crash left: unfinished ones, and items or blobs."""
    for table in TABLES:
        for path in day_directory(data_dir, table, day).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest_write and (table != "executions" or path.name[0] == "."):
                    yield path


def _remove_old(found: _Day, step: Step) -> None:
    """Executions before their items: a reader that still has an old row learns from the missing file to look again."""
    old = sorted({row.path for row in found.rows})
    for table in TABLES:
        for path in old:
            step(f"remove {table}")
            remove([path if table == "executions" else sibling(path, table)])
    step("remove orphans")
    remove(found.orphans)


def _days(data_dir: Path) -> list[dt.date]:
    return sorted({day for table in TABLES for day in stored_days(data_dir, table)})


def _files(data_dir: Path, day: dt.date) -> list[Path]:
    return [path for table in TABLES for path in table_files(data_dir, table, day)]


def _size(paths: list[Path]) -> int:
    total = 0
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def _sum(reports: list[CompactionReport]) -> CompactionReport:
    totals = {
        name: sum(getattr(report, name) for report in reports) for name in CompactionReport.__slots__ if name != "days"
    }
    return CompactionReport(days=tuple(day for report in reports for day in report.days), **totals)
