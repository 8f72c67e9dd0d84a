"""Write the runs of one day again as one file per table, under new write ids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path

import pyarrow as pa

from exporters.storage.files import discard, is_there
from exporters.storage.layout import day_directory, file_name
from exporters.storage.reading.execution_index import ExecutionRow, sibling
from exporters.storage.tables.parquet_file import ROWS_PER_GROUP, Step, writing
from exporters.storage.tables.schema import schema
from exporters.storage.tables.table_file import TableFiles, open_parquet
from exporters.storage.writing.write_ids import WriteIds


def rewrite_day(data_dir: Path, day: dt.date, kept: Sequence[ExecutionRow], *, above: int, step: Step) -> None:
    """Files with the rows of `kept` and nothing else, with write ids greater than `above`; executions come last."""
    if not kept:
        return
    ordered = sorted(kept, key=lambda row: (row.execution_id, row.revision))
    ids = WriteIds().next(len(ordered), above=above)
    name = file_name("day", ids[0])
    targets = {table: day_directory(data_dir, table, day) / name for table in ("blobs", "items", "executions")}
    try:
        for table, target in targets.items():
            step(f"rewrite {table}")
            _rewrite(target, table, ordered, ids)
    except BaseException:
        discard(reversed(targets.values()))
        raise


def _rewrite(target: Path, table: str, rows: Sequence[ExecutionRow], ids: Sequence[int]) -> None:
    """The rows that belong to `rows`, in their order, a row group at a time; no file where there are none."""
    merged = _merged_schema(table, rows)
    groups = _groups(_parts(table, rows, ids, merged))
    first = next(groups, None)
    if first is None:
        return
    with writing(target, merged) as write:
        for group in chain([first], groups):
            write(group)


def _parts(
    table: str, rows: Sequence[ExecutionRow], ids: Sequence[int], merged: pa.Schema
) -> Iterator[tuple[pa.Table, int]]:
    files = TableFiles()
    for row, write_id in zip(rows, ids, strict=True):
        path = _source(row, table)
        if path:
            yield conform(files.table(path, row.write_id), merged), write_id


def _source(row: ExecutionRow, table: str) -> Path | None:
    path = row.path if table == "executions" else sibling(row.path, table)
    is_needed = table == "executions" or (table == "items" and row.item_rows > 0)
    return path if is_needed or is_there(path) else None


def _groups(parts: Iterable[tuple[pa.Table, int]]) -> Iterator[pa.Table]:
    """Tables of about one row group, each row under the new write id of its part."""
    waiting: list[tuple[pa.Table, int]] = []
    count = 0
    for part, write_id in parts:
        waiting.append((part, write_id))
        count += part.num_rows
        if count >= ROWS_PER_GROUP:
            yield _joined(waiting)
            waiting, count = [], 0
    if count:
        yield _joined(waiting)


def _joined(parts: Sequence[tuple[pa.Table, int]]) -> pa.Table:
    table = pa.concat_tables([part for part, _ in parts])
    write_ids = chain.from_iterable(repeat(write_id, part.num_rows) for part, write_id in parts)
    column = table.schema.get_field_index("write_id")
    return table.set_column(column, table.schema.field(column), pa.array(write_ids, pa.int64()))


def _merged_schema(table: str, rows: Sequence[ExecutionRow]) -> pa.Schema:
    """Our columns and any that a newer version has added: an older one that compacts loses nothing."""
    ours = schema(table)
    paths = sorted({path for row in rows if (path := _source(row, table))})
    others = (open_parquet(path).schema_arrow for path in paths)
    added = [pa.schema([field for field in other if field.name not in ours.names]) for other in others]
    return pa.unify_schemas([ours, *added], promote_options="permissive")


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
