"""Find the run that somebody means by an id, or by enough of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from exporters.errors import AmbiguousExecution, BrokenFile, UnknownExecution, listed, suggest
from exporters.storage.layout import day_directory, day_of_id, is_likely_in, stored_days, table_files
from exporters.storage.reading.damage import Damage, Damages
from exporters.storage.reading.execution_index import ExecutionIndex, ExecutionRow
from exporters.storage.tables.day_summaries import read_summaries
from exporters.storage.tables.table_file import execution_rows
from exporters.storage.tables.unpack import Row

SHORTEST_PREFIX = 8
_SUGGESTED_FROM = 2_000
"""Ids, the latest: to compare all of a hundred thousand takes seconds, and nobody mistypes an old one."""


def find_execution(data_dir: str | Path, text: str) -> str:
    """The execution_id that `text` means: the id itself, its first characters, its last 8, or a trace id.

    `UnknownExecution` and `AmbiguousExecution` name what comes near.
    """
    return find_run(data_dir, text).execution_id


def find_run(data_dir: str | Path, text: str) -> ExecutionRow:
    """The row of the run that `text` means, for the same texts as `find_execution`.

    Two runs may have the same execution_id: then it is `AmbiguousExecution`, with the traces that tell them apart.
    """
    data_dir = Path(data_dir)
    if len(text) < SHORTEST_PREFIX:
        raise UnknownExecution(f"{text!r} is too short to name an execution; 8 characters or more would work")
    damages = Damages()
    found = _meant(data_dir, text, damages)
    if len(found) > 1:
        raise AmbiguousExecution(_which(text, found))
    if not found:
        raise UnknownExecution(_what_is_there(data_dir, text, damages))
    return found[0]


def _meant(data_dir: Path, text: str, damages: Damages) -> list[ExecutionRow]:
    """The runs that are meant: those of that very id, else those that fit."""
    days = stored_days(data_dir)
    named = day_of_id(text)
    if named in days and named:
        exact = [row for row in _rows(data_dir, named, text, damages) if row.execution_id == text]
        if exact:
            return exact
    # Anywhere, at last: an id may begin like the end of another.
    looks: tuple[Look, ...] = (is_likely_in, lambda path, text: True)
    for look in looks:
        found = [row for day in days for row in _fitting(data_dir, day, text, look, damages)]
        if found:
            return [row for row in found if row.execution_id == text] or found
    return []


Look = Callable[[Path, str], bool]


def _fitting(data_dir: Path, day: dt.date, text: str, look: Look, damages: Damages) -> list[ExecutionRow]:
    """The rows of a day that fit. First only the two columns of ids are read, and then what belongs to these runs."""
    ids = _fitting_ids(data_dir, day, text, look, damages)
    rows = [row for execution_id in sorted(ids) for row in _rows(data_dir, day, execution_id, damages)]
    return [row for row in dict.fromkeys(rows) if is_meant(row, text)]


def _rows(data_dir: Path, day: dt.date, execution_id: str, damages: Damages) -> list[ExecutionRow]:
    return ExecutionIndex(data_dir, execution_id, damages).rows(day)


def is_meant(row: ExecutionRow, text: str) -> bool:
    """Whether that text names the execution: by the beginning or the end of its id, or by its trace."""
    return _is_name(text, row.execution_id, row.trace_id)


def _is_name(text: str, execution_id: str, trace_id: str | None) -> bool:
    return execution_id.startswith(text) or execution_id.endswith(f"_{text}") or trace_id == text


def _fitting_ids(data_dir: Path, day: dt.date, text: str, look: Look, damages: Damages) -> set[str]:
    found: set[str] = set()
    try:
        paths = [path for path in table_files(data_dir, "executions", day) if look(path, text)]
        said = read_summaries(day_directory(data_dir, "executions", day), [path.name for path in paths])
        for path in paths:
            found |= _fitting_ids_of(path, text, said.get(path.name), damages)
    except BrokenFile as trouble:
        damages(Damage(trouble.path or data_dir, str(trouble)))
    return found


def _fitting_ids_of(path: Path, text: str, said: Sequence[Row] | None, damages: Damages) -> set[str]:
    try:
        rows = said or execution_rows(path, ["execution_id", "trace_id"], partial(_fitting_rows, text))
    except FileNotFoundError:
        return set()  # compacted away a moment ago
    except BrokenFile as trouble:
        damages(Damage(trouble.path or path, str(trouble)))
        return set()
    # An id that is no valid text stands elsewhere: then the rows of the file tell.
    hidden = {text} if any(row["execution_id"] is None for row in rows) else set()
    ids = [(row["execution_id"], row["trace_id"]) for row in rows if row["execution_id"] is not None]
    return hidden | {execution_id for execution_id, trace_id in ids if _is_name(text, execution_id, trace_id)}


def _fitting_rows(text: str, ids: pa.Table) -> pa.Table:
    execution_id, trace_id = ids["execution_id"], ids["trace_id"]
    fits = pc.or_kleene(pc.starts_with(execution_id, text), pc.ends_with(execution_id, f"_{text}"))
    return ids.filter(
        pc.or_kleene(pc.fill_null(pc.or_kleene(fits, pc.equal(trace_id, text)), False), pc.is_null(execution_id))
    )


def _which(text: str, found: list[ExecutionRow]) -> str:
    ids = sorted({row.execution_id for row in found})
    if len(ids) > 1:
        return f"{text!r} may be any of {len(ids)} executions: {listed(ids)}"
    traces = listed(sorted(row.trace_id or "no trace (imported)" for row in found))
    return f"{ids[0]} is the id of {len(found)} runs; their trace ids tell them apart: {traces}"


def _what_is_there(data_dir: Path, text: str, damages: Damages) -> str:
    ids = list(_latest_ids(data_dir))
    near = suggest(text, ids)
    unread = f" These files could not be read: {listed(list(map(str, damages.paths)), limit=3)}." if damages else ""
    there = f"The latest that is stored is {ids[0]}" if ids else "Nothing is stored there yet"
    return f"no execution in {data_dir} is called {text!r:.200}.{near}{unread} {there}"


def _latest_ids(data_dir: Path) -> Iterator[str]:
    """Some ids, those of the latest days first."""
    index, count = ExecutionIndex(data_dir), 0
    for day in stored_days(data_dir):
        rows = index.rows(day)
        yield from (row.execution_id for row in rows)
        count += len(rows)
        if count >= _SUGGESTED_FROM:
            return
