"""Compact closed days: many small files become one per table, and what no reader sees goes.

Every kept row is written again under a new, greater write id. By the rule that readers follow anyway (the highest
revision counts, then the highest write id) the new rows count from the moment the new executions file has its name,
and the old ones until then. So a crash at any point leaves a readable day, without a list of replaced files.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from exporters.errors import BrokenFile
from exporters.storage.files import is_plain, remove
from exporters.storage.layout import (
    day_directory,
    days_near,
    folder_name,
    is_file_name,
    is_hidden_name,
    is_unfinished_name,
    names_in,
    stored_days,
    table_files,
)
from exporters.storage.reading.crowded_days import file_count
from exporters.storage.reading.damage import Damage, Damages
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow, latest, sibling
from exporters.storage.tables.day_summaries import forget_summaries
from exporters.storage.tables.parquet_file import Step, no_step
from exporters.storage.upkeep.day_rewrite import rewrite_day
from exporters.storage.upkeep.share import NOBODY, Progress, Share
from exporters.storage.upkeep.whole_files import WholeFiles, is_replaced, whole_files
from exporters.storage.writing.locks import compaction_lock

TABLES = ("executions", "blobs", "items")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactionReport:
    """What a compaction did: days rewritten, files and bytes before and after, rows that went because nobody sees them.

    `superseded` counts rows of `executions`, `orphans` files that a crash left behind. `damaged` says what could not
    be read: it was left where it is, with all that belongs to it.
    """

    days: tuple[dt.date, ...] = ()
    executions: int = 0
    superseded: int = 0
    orphans: int = 0
    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    damaged: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class _Day:
    """What a day has: rows of files that are whole, those among them that count, what a crash left, and damage."""

    rows: list[ExecutionRow]
    kept: list[ExecutionRow]
    orphans: list[Path]
    files: WholeFiles
    damaged: tuple[Damage, ...]

    @property
    def is_compact(self) -> bool:
        is_one = len({row.path for row in self.rows}) <= 1 and len(self.rows) == len(self.kept)
        return is_one and self.files.are_sealed and not self.orphans


def compact(
    data_dir: str | Path,
    *,
    before: dt.date | None = None,
    at_least: int = 0,
    progress: Progress | None = None,
    orphan_age: dt.timedelta = dt.timedelta(hours=1),
    step: Step = no_step,
) -> CompactionReport:
    """Compact the days before `before` (today in UTC if not given) and report what was done.

    Safe beside writers and readers, and safe to kill; `CompactionRunning` where another process is at it already.
    Files without executions are another process's write that is not done, until they are older than `orphan_age`.
    Days with fewer files of executions than `at_least` are not looked at. `progress` is told how many bytes are done
    and how many there are.

    >>> import tempfile
    >>> compact(tempfile.mkdtemp()).days
    ()
    """
    data_dir = Path(data_dir)
    if not data_dir.is_dir():
        return _sum([])
    before = before or dt.datetime.now(dt.UTC).date()
    oldest_write = time.time() - orphan_age.total_seconds()
    with compaction_lock(data_dir):
        stored = {day for table in TABLES for day in stored_days(data_dir, table)}
        days = sorted(day for day in stored if day < before and file_count(data_dir, day) >= at_least)
        shares = _shares(data_dir, days, progress)
        return _sum([_compact_or_tell(data_dir, day, oldest_write, step, shares[day]) for day in days])


def _shares(data_dir: Path, days: Sequence[dt.date], progress: Progress | None) -> Mapping[dt.date, Share]:
    """What each day is of the whole, by its bytes."""
    if progress is None:
        return dict.fromkeys(days, NOBODY)
    ends = list(accumulate((_size(_files(data_dir, day)) for day in days), initial=0))
    return {day: Share(progress, *between, of=ends[-1]) for day, between in zip(days, pairwise(ends), strict=True)}


def _compact_or_tell(data_dir: Path, day: dt.date, oldest_write: float, step: Step, share: Share) -> CompactionReport:
    """One day cannot stand in the way of the others."""
    try:
        return _compact_day(data_dir, day, oldest_write, step, share)
    except BrokenFile as trouble:
        return CompactionReport(damaged=(Damage(trouble.path or data_dir, str(trouble)),))
    finally:
        share(1, 1)


def _compact_day(data_dir: Path, day: dt.date, oldest_write: float, step: Step, share: Share) -> CompactionReport:
    found = _look(data_dir, day, oldest_write, share.part(0, 1 / 2))
    if found.is_compact:
        return CompactionReport(damaged=found.damaged)
    before = _files(data_dir, day)
    bytes_before = _size(before)
    if found.rows:
        last, added = max(row.write_id for row in found.rows), found.files.added
        rewrite_day(data_dir, day, found.kept, above=last, step=step, added=added, share=share.part(1 / 2, 1))
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
        damaged=found.damaged,
    )


def _look(data_dir: Path, day: dt.date, oldest_write: float, share: Share) -> _Day:
    # Orphans first: what is written from here on has its executions later, and must not look like one.
    suspects = list(_suspects(data_dir, day, oldest_write))
    damages = Damages()
    index = ExecutionIndex(data_dir, on_damage=damages)
    all_rows = index.all_rows(day)
    files = whole_files(all_rows, damages, share)
    rows = [row for row in all_rows if row.path in files.paths]
    # What cannot be read whole takes nothing away: the row that it would replace may be all there is.
    near = _later_elsewhere(index, rows, day)
    counting = latest([*rows, *near])
    kept = [row for row in rows if counting[row.key] is row]
    names = set(names_in(day_directory(data_dir, "executions", day)))
    # An unfinished one is nobody's, whichever table it is of.
    unfinished = [path for path in suspects if is_unfinished_name(path.name)]
    left = [path for path in suspects if path.name not in names and path not in unfinished]
    orphans = unfinished + [path for path in left if is_replaced(path, [*rows, *near], damages)]
    fresh = [row for row in rows if not row.path.name.startswith("day-")]
    orphans += _unfinished_media(data_dir, fresh, oldest_write)
    return _Day(rows, kept, orphans, files, tuple(damages))


def _later_elsewhere(index: ExecutionIndex, rows: list[ExecutionRow], day: dt.date) -> list[ExecutionRow]:
    """Rows of the same runs a day before or after, whose files are whole."""
    keys = {row.key for row in rows}
    others = [other for other in days_near(day) if other != day]
    near = [row for other in others for row in index.all_rows(other) if row.key in keys]
    whole = whole_files(near, Damages()).paths
    return [row for row in near if row.path in whole]


def _suspects(data_dir: Path, day: dt.date, oldest_write: float) -> Iterator[Path]:
    """Files older than that which may be what a crash left: unfinished ones, and items or blobs. All bear our names."""
    for table in TABLES:
        directory = day_directory(data_dir, table, day)
        for name in names_in(directory):
            is_suspect = is_unfinished_name(name) or (table != "executions" and is_file_name(name))
            if is_suspect and _is_old(directory / name, oldest_write):
                yield directory / name


def _is_old(path: Path, oldest_write: float) -> bool:
    with contextlib.suppress(OSError):
        return is_plain(path) and path.stat().st_mtime < oldest_write
    return False


def _unfinished_media(data_dir: Path, rows: list[ExecutionRow], oldest_write: float) -> list[Path]:
    """What a crash left of media in the folders of runs; it was looked for where they were compacted before."""
    folders = {data_dir / "media" / folder_name(row.execution_id) for row in rows}
    names = ((folder, name) for folder in folders for name in names_in(folder) if is_hidden_name(name))
    return [folder / name for folder, name in names if _is_old(folder / name, oldest_write)]


def _remove_old(found: _Day, step: Step) -> None:
    """Executions before their items: a reader that still has an old row learns from the missing file to look again."""
    old = sorted({row.path for row in found.rows})
    for table in TABLES:
        # Together, so that their directory is synced once: for each of thousands that takes minutes.
        remove(_announced((path if table == "executions" else sibling(path, table) for path in old), table, step))
    step("remove orphans")
    remove(found.orphans)
    for directory in {path.parent for path in old}:
        forget_summaries(directory)


def _announced(paths: Iterable[Path], table: str, step: Step) -> Iterator[Path]:
    for path in paths:
        step(f"remove {table}")
        yield path


def _files(data_dir: Path, day: dt.date) -> list[Path]:
    """The files of a day, as far as its directories can be looked into."""
    found: list[Path] = []
    for table in TABLES:
        with contextlib.suppress(BrokenFile):
            found += table_files(data_dir, table, day)
    return found


def _size(paths: list[Path]) -> int:
    total = 0
    for path in paths:
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total


def _sum(reports: list[CompactionReport]) -> CompactionReport:
    numbers = [name for name in CompactionReport.__slots__ if name not in ("days", "damaged")]
    totals = {name: sum(getattr(report, name) for report in reports) for name in numbers}
    damaged = tuple(dict.fromkeys(damage for report in reports for damage in report.damaged))
    return CompactionReport(days=tuple(day for report in reports for day in report.days), damaged=damaged, **totals)
