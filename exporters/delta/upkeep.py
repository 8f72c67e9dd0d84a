"""Join the many small files of the tables, and remove what belongs to nothing; workers may write meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exporters.delta.queries import one_of, rows, up_to
from exporters.delta.removal import TABLES_IN_ORDER, WRITES_AT_ONCE, delete_rows
from exporters.delta.tables import DATE, DeltaStore, packing, says_nothing_of_people
from exporters.errors import NoTable

KEPT_HOURS = 168
"""How long files stay that a table has no more: whoever reads an earlier version still finds them for a week."""

ORPHAN_DAYS = 2
"""A write whose executions have not come by then never gets them: a worker commits all of it within minutes."""

Progress = Callable[[int, int], None]
"""Told how many tables are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class TableUpkeep:
    """What upkeep of one table did: files before and after, rows that belonged to nothing, files of the history."""

    table: str
    files_before: int
    files_after: int
    orphans: int
    removed: int


def keep_up(
    store: DeltaStore,
    *,
    kept_hours: int = KEPT_HOURS,
    now: dt.datetime | None = None,
    progress: Progress | None = None,
) -> list[TableUpkeep]:
    """Join files day by day, remove rows of writes that never became runs, and files of the history.

    Raises `NoTable` where there are none, and `WriteFailed` where they cannot be reached.
    """
    today = (now or dt.datetime.now(dt.UTC)).date()
    tables = [(place, name) for place in (store, store.below("spill")) for name in TABLES_IN_ORDER]
    store.open("executions")
    done: list[TableUpkeep] = []
    for number, (place, name) in enumerate(tables, start=1):
        done += _keep_up_one(place, name, today, kept_hours)
        if progress:
            progress(number, len(tables))
    return done


def _keep_up_one(store: DeltaStore, name: str, today: dt.date, kept_hours: int) -> Iterator[TableUpkeep]:
    try:
        table = store.open(name)
    except NoTable:
        return
    before = len(table.file_uris())
    orphans = 0 if name == "executions" else _remove_orphans(store, name, today)
    with store.said(name):
        table.update_incremental()
        says_nothing_of_people(table)
        table.optimize.compact(writer_properties=packing())
        removed = table.vacuum(retention_hours=kept_hours, enforce_retention_duration=False, dry_run=False)
        table.create_checkpoint()
        table.cleanup_metadata()
        yield TableUpkeep(f"{store.uri}/{name}", before, len(table.file_uris()), orphans, len(removed))


def _remove_orphans(store: DeltaStore, name: str, today: dt.date) -> int:
    """Rows of writes whose executions never came, of days that are over."""
    last = (today - dt.timedelta(days=ORPHAN_DAYS)).isoformat()
    writes = sorted(_writes(store, name, last) - _writes(store, "executions", None))
    for start in range(0, len(writes), WRITES_AT_ONCE):
        delete_rows(store, name, one_of("write_id", writes[start : start + WRITES_AT_ONCE]))
    return len(writes)


def _writes(store: DeltaStore, name: str, last: str | None) -> set[int]:
    table = store.open(name)
    with store.said(name):
        found = rows(table, ["write_id"], "true" if last is None else up_to(DATE, last))
        return set(found["write_id"].unique().to_pylist())
