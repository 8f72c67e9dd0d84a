"""Erase runs everywhere, to the end: find, decide, erase in every place, prove.

Before the decision nothing has happened. After it, whoever opens the data directory next goes on from the intent, so a
death at any moment leaves the runs as they were, or erased. Each place may be asked again for what it did already.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path

from exporters.erasure.intent import Intent, pending
from exporters.erasure.places import (
    Documents,
    ExplorerIndex,
    Exported,
    Leftovers,
    LooseFiles,
    MediaFolders,
    RemarksOfRuns,
    StoredRows,
    Summaries,
)
from exporters.erasure.report import ALWAYS_BEYOND, ErasureReport, FoundRuns
from exporters.storage.reading.damage import Damages
from exporters.storage.tables.parquet_file import Step, no_step
from exporters.storage.writing.locks import waited_for_lock
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking.erasure import Beyond, IsMeant, Place, Removed, RunId

_log = logging.getLogger("otel_tracking")

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0 and 0 where nobody can say)."""

WAIT_SECONDS = 600.0
"""How long a compaction, or another erasure, is waited for."""

MOST_LOOKS = 20
"""How often is looked for what a writer stored meanwhile; who keeps writing stores what is later than the erasure."""


class Reason(StrEnum):
    """Why something is erased; no other word is kept."""

    PERSON = "person"
    SESSION = "session"
    DEVICE = "device"
    EXECUTION = "execution"
    QUERY = "query"
    RETENTION = "retention"
    CONSENT = "consent"


def erase(
    data_dir: str | Path,
    is_meant: IsMeant,
    *,
    places: Sequence[Place] = (),
    reason: str,
    erasure: str | None = None,
    step: Step = no_step,
    progress: Progress | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> ErasureReport:
    """Erase the runs that are meant from the data directory, from what was exported, and from other `places`.

    `is_meant` is asked of records without items. `reason` is a word of `Reason`; `erasure` is the id, for whoever has
    to know it before. Nothing is written where no run is found. An erasure that was interrupted is finished first.
    `CompactionRunning` where another process compacts or erases for longer than `wait_seconds`.

    >>> erase("/nowhere", lambda record: True, reason="query").erasure
    """
    data_dir, why = Path(data_dir).absolute(), Reason(reason)
    if not data_dir.is_dir():
        return ErasureReport(reason=why)
    everywhere = _everywhere(data_dir, places, progress)
    with _alone(data_dir, wait_seconds, progress):
        if earlier := pending(data_dir):
            _resume(data_dir, earlier, everywhere, step, progress)
        runs = _runs(everywhere, is_meant)
        if not runs:
            return ErasureReport(reason=why)
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        intent = Intent(erasure or new_erasure(), why, now, runs)
        intent = _decide(data_dir, intent, everywhere, is_meant, step)
        return _carry_out(data_dir, intent, everywhere, step, progress)


def new_erasure() -> str:
    """The id of an erasure that nobody has yet.

    >>> len(new_erasure())
    16
    """
    return secrets.token_hex(8)


def find(data_dir: str | Path, is_meant: IsMeant, places: Sequence[Place] = ()) -> FoundRuns:
    """What `erase` would remove. Writes nothing, and locks nobody out."""
    data_dir = Path(data_dir).absolute()
    runs = _runs(_everywhere(data_dir, places, None), is_meant)
    if not runs:
        return FoundRuns()
    rows = {(row.key, row.revision): row for row in StoredRows(data_dir).rows(Damages())}
    items = {row.key: row.item_rows for row in rows.values() if RunId(row.execution_id, row.trace_id) in runs}
    files = [*MediaFolders(data_dir).files(runs), *Documents(data_dir).files(runs)]
    sizes = [path.lstat().st_size for path in files]
    return FoundRuns(runs, sum(items.values()), len(files), sum(sizes), tuple(Exported(data_dir).concerned(runs)))


def resume(
    data_dir: str | Path,
    places: Sequence[Place] = (),
    *,
    step: Step = no_step,
    progress: Progress | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> ErasureReport | None:
    """Finish the erasure that was interrupted in a data directory; None where there is none."""
    data_dir = Path(data_dir).absolute()
    if pending(data_dir) is None:
        return None
    with _alone(data_dir, wait_seconds, progress):
        # Another process may have finished it meanwhile.
        intent = pending(data_dir)
        everywhere = _everywhere(data_dir, places, progress)
        return _resume(data_dir, intent, everywhere, step, progress) if intent else None


def _everywhere(data_dir: Path, places: Sequence[Place], progress: Progress | None) -> list[Place]:
    """Media before the rows that say what they are; exports after rows and remarks, of which datasets are made anew."""
    days = (lambda done, of: progress("tables", done, of)) if progress else None
    ours: list[Place] = [MediaFolders(data_dir), StoredRows(data_dir, days), Summaries(data_dir), LooseFiles(data_dir)]
    ours += [Documents(data_dir), RemarksOfRuns(data_dir), ExplorerIndex(data_dir), Exported(data_dir)]
    return [*ours, *places, Leftovers(data_dir)]


def _alone(data_dir: Path, seconds: float, progress: Progress | None) -> AbstractContextManager[None]:
    tell = (lambda sentence: progress(sentence, 0, 0)) if progress else _log.info
    return waited_for_lock(data_dir, seconds, tell)


def _runs(places: Sequence[Place], is_meant: IsMeant) -> frozenset[RunId]:
    """All that are meant. The dataset is asked last: a run that comes there meanwhile is seen where it comes from."""
    in_order = sorted(places, key=lambda place: isinstance(place, StoredRows))
    return frozenset(run for place in in_order for run in place.find(is_meant))


def _decide(data_dir: Path, intent: Intent, places: Sequence[Place], is_meant: IsMeant, step: Step) -> Intent:
    """Put down what is erased, and once more what writers have stored by then."""
    more = intent.runs
    for _ in range(MOST_LOOKS):
        intent = intent.with_runs(more)
        _put_down(data_dir, intent, step)
        more = _runs(places, is_meant) - intent.runs
        if not more:
            break
    return intent


def _put_down(data_dir: Path, intent: Intent, step: Step) -> None:
    tombstones = Tombstones(data_dir)
    with tombstones.deciding():
        # The intent first: a tombstone without it would be of a run that nobody erases.
        step("intent")
        intent.put_down(data_dir)
        step("tombstones")
        tombstones.add(intent.runs, intent.erasure)
    step("decided")


def _resume(
    data_dir: Path, intent: Intent, places: Sequence[Place], step: Step, progress: Progress | None
) -> ErasureReport:
    _put_down(data_dir, intent, step)
    return _carry_out(data_dir, intent, places, step, progress, resumed=True)


def _carry_out(
    data_dir: Path,
    intent: Intent,
    places: Sequence[Place],
    step: Step,
    progress: Progress | None,
    *,
    resumed: bool = False,
) -> ErasureReport:
    removed, beyond = _erase_everywhere(intent.runs, places, step, progress)
    left = {path for place in places for path in place.left(intent.runs) if not _is_told(path, place.name, beyond)}
    report = ErasureReport(
        erasure=intent.erasure,
        reason=intent.reason,
        decided_at=intent.decided_at,
        runs=intent.runs,
        removed=tuple(removed),
        beyond=(*beyond, *ALWAYS_BEYOND),
        left=tuple(sorted(left)),
        resumed=resumed,
    )
    step("report")
    report.keep(data_dir)
    step("drop intent")
    intent.drop(data_dir)
    return report


def _is_told(path: str, place: str, beyond: Sequence[Beyond]) -> bool:
    """Whether it was said of a path, or of the directory of somebody at work, that it is beyond this."""
    names = [path, *map(str, Path(path).parents[:-1])]
    told = [one.what for one in beyond if one.place == place]
    # As a whole: what is said of one directory says nothing of those in it, or beside it.
    return any(re.search(re.escape(name) + r"(?![\w./-])", what) for name in names for what in told)


def _erase_everywhere(
    runs: frozenset[RunId], places: Sequence[Place], step: Step, progress: Progress | None
) -> tuple[list[Removed], list[Beyond]]:
    removed: list[Removed] = []
    beyond: dict[tuple[str, str], Beyond] = {}
    for done, place in enumerate(places):
        if progress:
            progress(place.name, done, len(places))
        for one in place.erase(runs, step):
            if isinstance(one, Removed):
                removed.append(one)
            else:
                beyond.setdefault((one.what, one.advice), one)
    return removed, list(beyond.values())
