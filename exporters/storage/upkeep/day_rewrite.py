"""Write the runs of one day again as one file per table, under new write ids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from pathlib import Path

import pyarrow as pa

from exporters.storage.files import discard, is_there
from exporters.storage.layout import day_directory, file_name
from exporters.storage.reading.execution_index import ExecutionRow, sibling
from exporters.storage.tables.parquet_file import ROWS_PER_GROUP, Step, writing
from exporters.storage.tables.schema import schema
from exporters.storage.tables.shape import added_columns
from exporters.storage.tables.table_file import TableFiles, open_parquet
from exporters.storage.upkeep.share import NOBODY, Share
from exporters.storage.writing.write_ids import WriteIds

TABLES = ("blobs", "items", "executions")
"""In the order in which they are written: a run exists when its row in executions does."""

Added = Mapping[str, Iterable[pa.Field]]

_JOINED_AT_ONCE = 64
_BYTES_PER_GROUP = 1 << 26
"""Of what is in memory before it is written; graphs of 40 KB would be 600 MB in a full row group."""


def rewrite_day(
    data_dir: Path,
    day: dt.date,
    kept: Sequence[ExecutionRow],
    *,
    above: int,
    step: Step,
    added: Added | None = None,
    share: Share = NOBODY,
) -> None:
    """Files with the rows of `kept` and nothing else, with write ids greater than `above`; executions come last.

    `added` are columns of a newer version by table, where it is known which there are; `share` is told of each row.
    """
    if not kept:
        return
    ordered = sorted(kept, key=lambda row: (row.execution_id, row.revision))
    ids = WriteIds().next(len(ordered), above=above)
    name = file_name("day", ids[0])
    targets = {table: day_directory(data_dir, table, day) / name for table in TABLES}
    added = added_in(ordered) if added is None else added
    try:
        for number, (table, target) in enumerate(targets.items()):
            step(f"rewrite {table}")
            part = share.part(number / len(targets), (number + 1) / len(targets))
            _rewrite(target, _merged_schema(table, added.get(table, ())), _parts(table, ordered, ids, part))
    except BaseException:
        discard(reversed(targets.values()))
        raise


def _rewrite(target: Path, merged: pa.Schema, parts: Iterator[tuple[pa.Table, int]]) -> None:
    """A file of these parts, in their order, a row group at a time; none where there are none."""
    groups = _groups((conform(part, merged), write_id) for part, write_id in parts)
    first = next(groups, None)
    if first is None:
        return
    with writing(target, merged) as write:
        for group in chain([first], groups):
            write(group)


def _parts(
    table: str, rows: Sequence[ExecutionRow], ids: Sequence[int], share: Share
) -> Iterator[tuple[pa.Table, int]]:
    """What each row has in a table, with its new write id."""
    files = TableFiles()
    for done, (row, write_id) in enumerate(zip(rows, ids, strict=True), start=1):
        path = _source(row, table)
        if path:
            yield files.table(path, row.write_id), write_id
        share(done, len(rows))


def _source(row: ExecutionRow, table: str) -> Path | None:
    path = row.path if table == "executions" else sibling(row.path, table)
    is_needed = table == "executions" or (table == "items" and row.item_rows > 0)
    return path if is_needed or is_there(path) else None


def _groups(parts: Iterable[tuple[pa.Table, int]]) -> Iterator[pa.Table]:
    """Tables of at most a row group, as long as no part is larger; each row under the new write id of its part."""
    group = _Group()
    for part, write_id in parts:
        if not group.has_room_for(part):
            yield group.table()
            group = _Group()
        group.add(part, write_id)
    if group.rows:
        yield group.table()


class _Group:
    """Parts that will be one table.

    Few rows have a buffer for each column all the same, 64 bytes at least and a hundred of them: thousands of parts
    took half a gigabyte, and are joined a few at a time.
    """

    def __init__(self) -> None:
        self.rows = self._bytes = 0
        self._joined: list[pa.Table] = []
        self._waiting: list[tuple[pa.Table, int]] = []

    def has_room_for(self, part: pa.Table) -> bool:
        return not self.rows or (self.rows + part.num_rows <= ROWS_PER_GROUP and self._bytes < _BYTES_PER_GROUP)

    def add(self, part: pa.Table, write_id: int) -> None:
        self._waiting.append((part, write_id))
        self.rows += part.num_rows
        self._bytes += part.nbytes
        if len(self._waiting) >= _JOINED_AT_ONCE:
            self._join()

    def table(self) -> pa.Table:
        self._join()
        return pa.concat_tables(self._joined)

    def _join(self) -> None:
        if self._waiting:
            self._joined.append(_under_new_ids(self._waiting).combine_chunks())
            self._waiting = []


def _under_new_ids(parts: Sequence[tuple[pa.Table, int]]) -> pa.Table:
    table = pa.concat_tables([part for part, _ in parts])
    write_ids = chain.from_iterable(repeat(write_id, part.num_rows) for part, write_id in parts)
    column = table.schema.get_field_index("write_id")
    return table.set_column(column, table.schema.field(column), pa.array(write_ids, pa.int64()))


def added_in(rows: Sequence[ExecutionRow]) -> Added:
    """The columns that a newer version has added to the files of these rows, by table."""
    found: dict[str, dict[pa.Field, None]] = {}
    for table in TABLES:
        paths = sorted({path for row in rows if (path := _source(row, table))})
        found[table] = {field: None for path in paths for field in added_columns(table, open_parquet(path))}
    return found


def _merged_schema(table: str, added: Iterable[pa.Field]) -> pa.Schema:
    """Our columns and any that a newer version has added: an older one that compacts loses nothing."""
    return pa.unify_schemas([schema(table), *(pa.schema([field]) for field in added)], promote_options="permissive")


def conform(table: pa.Table, wanted: pa.Schema) -> pa.Table:
    """`table` with the columns of `wanted`, null where it has none."""
    # Runs come one by one: to cast what is as it should be takes half of the time of a rewrite.
    if table.schema.equals(wanted):
        return table
    stored = set(table.column_names)
    columns = [
        table[field.name].cast(field.type) if field.name in stored else pa.nulls(len(table), field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)
