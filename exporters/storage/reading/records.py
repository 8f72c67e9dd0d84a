"""Read records back: all of them lazily, one by its id, or only what a list needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Unpack

from exporters.errors import BrokenFile
from exporters.storage.layout import day_of_id, days_near, stored_days
from exporters.storage.reading.damage import Damage, Damages, OnDamage
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow
from exporters.storage.reading.run_loader import RunLoader, StoredRun
from exporters.storage.reading.selection import Selection, Wanted
from otel_tracking.erasure import RunId
from otel_tracking.record import ExecutionRecord

__all__ = ["ExecutionRow", "chosen_executions", "each_execution", "list_executions", "read_records", "read_rows"]


def read_records(
    data_dir: str | Path,
    *,
    limit: int | None = None,
    on_damage: OnDamage | None = None,
    **selection: Unpack[Selection],
) -> Iterator[ExecutionRecord]:
    """The wanted records, latest first, one at a time: of each run the highest revision, equal to what was written.

    Keywords are those of `Selection`. Nothing found is an empty iterator. Days are in order, and within a day
    the timestamps. Records that are written meanwhile may or may not appear; none appears twice or in part.

    What is damaged is left out and the rest is read. `on_damage` is told of it; without it, `BrokenFile` is raised
    after the last record, so that nothing is missing in silence.

    >>> list(read_records("/nowhere", config_name="stillepost"))
    []
    """
    damages = Damages()
    tell = damages if on_damage is None else on_damage
    rows = each_execution(data_dir, on_damage=tell, **selection)
    records = (record for _, record in read_rows(data_dir, rows, on_damage=tell))
    yield from islice((record for record in records if record is not None), limit)
    damages.refuse()


def list_executions(
    data_dir: str | Path,
    *,
    limit: int | None = None,
    on_damage: OnDamage | None = None,
    **selection: Unpack[Selection],
) -> list[ExecutionRow]:
    """One light row per run, latest first, for the same keywords as `read_records`.

    Without `on_damage`, a file that cannot be read is a `BrokenFile`.
    """
    damages = Damages()
    tell = damages if on_damage is None else on_damage
    rows = list(islice(each_execution(data_dir, on_damage=tell, **selection), limit))
    damages.refuse()
    return rows


def chosen_executions(
    data_dir: str | Path,
    executions: Collection[RunId] | None,
    *,
    on_damage: OnDamage,
    **selection: Unpack[Selection],
) -> list[ExecutionRow]:
    """The rows of `list_executions`, or those among them whose runs are named."""
    if executions is None:
        return list_executions(data_dir, on_damage=on_damage, **selection)
    named = frozenset(executions)
    # Most ids say their day: a few runs among a hundred thousand are found without a look at the others.
    days = sorted({day for run in named if (day := day_of_id(run.execution_id))}, reverse=True)
    if not selection:
        found = _named(_rows_of_days(Path(data_dir), days), named)
        if len(found) == len(named):
            return found
    return _named(list_executions(data_dir, on_damage=on_damage, **selection), named)


def _rows_of_days(data_dir: Path, days: Sequence[dt.date]) -> Iterator[ExecutionRow]:
    index = ExecutionIndex(data_dir)
    for day in days:
        yield from index.rows(day)
        index.forget(days_near(day)[-1])


def _named(rows: Iterable[ExecutionRow], named: frozenset[RunId]) -> list[ExecutionRow]:
    return [row for row in rows if RunId(row.execution_id, row.trace_id) in named]


def each_execution(
    data_dir: str | Path, *, on_damage: OnDamage, **selection: Unpack[Selection]
) -> Iterator[ExecutionRow]:
    """The rows of `list_executions` one at a time; files are read day by day."""
    data_dir, wanted = Path(data_dir), Wanted(selection)
    index = ExecutionIndex(data_dir, selection.get("execution_id"), on_damage)
    try:
        days = stored_days(data_dir)
    except BrokenFile as trouble:
        on_damage(Damage(trouble.path or data_dir, str(trouble)))
        return
    likely = wanted.likely_day()
    if likely in days:
        found = [row for row in index.rows(likely) if wanted.accepts(row)]
        if found:
            yield from found
            return
    for day in wanted.days(days):
        yield from filter(wanted.accepts, index.rows(day))
        index.forget(days_near(day)[-1])


def read_rows(
    data_dir: str | Path, rows: Iterable[ExecutionRow], *, on_damage: OnDamage
) -> Iterator[tuple[ExecutionRow, ExecutionRecord | None]]:
    """The record of each row, in that order, as a stream; None where it was erased meanwhile or cannot be read.

    Where the record of a row is damaged and an earlier write or revision of the same run is not, that one is read.
    """
    loader = RunLoader(Path(data_dir), on_damage)
    for row in rows:
        yield row, loader.load(row, StoredRun.record)
