"""Read records back: all of them lazily, one by its id, or only what a list needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Unpack

from exporters.errors import AmbiguousExecution, BrokenFile, UnknownExecution, listed, suggest
from exporters.execution_index import ExecutionIndex, ExecutionRow, read_blobs, sibling
from exporters.layout import ONE_DAY, stored_days
from exporters.selection import Selection, Wanted
from exporters.table_file import TableFiles
from exporters.unpack import mentions_blob, unpack_execution
from otel_tracking.record import ExecutionRecord

__all__ = ["ExecutionRow", "find_execution", "list_executions", "read_records"]

SHORTEST_PREFIX = 8


def read_records(
    data_dir: str | Path, *, limit: int | None = None, **selection: Unpack[Selection]
) -> Iterator[ExecutionRecord]:
    """The wanted records, latest first, one at a time: of each run the highest revision, equal to what was written.

    Keywords are those of `Selection`. Nothing found is an empty iterator. Days are in order, and within a day
    the timestamps. Records that are written meanwhile may or may not appear; none appears twice or in part.

    >>> list(read_records("/nowhere", config_name="stillepost"))
    []
    """
    data_dir = Path(data_dir)
    loader = _Loader(data_dir)
    records = (loader.load(row) for row in _rows(data_dir, selection))
    yield from islice((record for record in records if record is not None), limit)


def list_executions(
    data_dir: str | Path, *, limit: int | None = None, **selection: Unpack[Selection]
) -> list[ExecutionRow]:
    """One light row per run, latest first, for the same keywords as `read_records`."""
    return list(islice(_rows(Path(data_dir), selection), limit))


def find_execution(data_dir: str | Path, text: str) -> str:
    """The execution_id that `text` means: the id itself, its first characters, its last 8, or a trace id.

    `UnknownExecution` and `AmbiguousExecution` name what comes near.
    """
    data_dir = Path(data_dir)
    if len(text) < SHORTEST_PREFIX:
        raise UnknownExecution(f"{text!r} is too short to name an execution; 8 characters or more would work")
    exact = next(_rows(data_dir, {"execution_id": text}), None)
    if exact:
        return exact.execution_id
    rows = list_executions(data_dir)
    found = sorted({row.execution_id for row in rows if is_meant(row, text)})
    if len(found) > 1:
        raise AmbiguousExecution(f"{text!r} may be any of {len(found)} executions: {listed(found)}")
    if not found:
        near = suggest(text, (row.execution_id for row in rows))
        raise UnknownExecution(f"no execution in {data_dir} is called {text!r:.200}.{near} {_how_many(rows)}")
    return found[0]


def is_meant(row: ExecutionRow, text: str) -> bool:
    """Whether that text names the execution: by the beginning or the end of its id, or by its trace."""
    return row.execution_id.startswith(text) or row.execution_id.endswith(f"_{text}") or row.trace_id == text


def _how_many(rows: list[ExecutionRow]) -> str:
    if not rows:
        return "Nothing is stored there yet"
    return f"{len(rows)} are stored, the latest is {rows[0].execution_id}"


def _rows(data_dir: Path, selection: Selection) -> Iterator[ExecutionRow]:
    wanted = Wanted(selection)
    index = ExecutionIndex(data_dir, selection.get("execution_id"))
    days = stored_days(data_dir)
    likely = wanted.likely_day()
    if likely in days:
        found = [row for row in index.rows(likely) if wanted.accepts(row)]
        if found:
            return iter(found)
    return _rows_of(wanted.days(days), index, wanted)


def _rows_of(days: Iterable[dt.date], index: ExecutionIndex, wanted: Wanted) -> Iterator[ExecutionRow]:
    for day in days:
        yield from filter(wanted.accepts, index.rows(day))
        index.forget(day + ONE_DAY)


class _Loader:
    """Turns light rows into whole records, keeping the latest files open."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._files = TableFiles()

    def load(self, row: ExecutionRow) -> ExecutionRecord | None:
        """The record of a row; None when it was erased meanwhile."""
        current: ExecutionRow | None = row
        while current:
            try:
                return self._load(current)
            except FileNotFoundError:
                current = self._find_again(current)
        return None

    def _load(self, row: ExecutionRow) -> ExecutionRecord:
        [execution] = self._files.rows(row.path, row.write_id)
        items = self._files.rows(sibling(row.path, "items"), row.write_id) if row.item_rows else []
        if len(items) != row.item_rows:
            raise BrokenFile(
                f"{sibling(row.path, 'items')} has {len(items)} of the {row.item_rows} items of {row.execution_id}"
            )
        has_blobs = any(map(mentions_blob, [execution, *items]))
        blobs = read_blobs(self._files, row.path, row.write_id) if has_blobs else {}
        return unpack_execution(execution, items, blobs)

    def _find_again(self, row: ExecutionRow) -> ExecutionRow | None:
        """The row of the same run after its file was compacted away."""
        rows = ExecutionIndex(self._data_dir).rows(row.day)
        found = next((other for other in rows if other.key == row.key), None)
        if found and found.path == row.path:
            raise BrokenFile(f"the items or blobs that belong to {row.path} are gone; a copy from a backup would work")
        return found
