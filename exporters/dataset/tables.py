"""Write the tables of a dataset: those of the store without its bookkeeping, and the way of each text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from exporters import columns
from exporters.columns import Column
from exporters.dataset.twins import CsvTwin
from exporters.parquet_file import ROWS_PER_GROUP, writing
from exporters.parquet_schema import schema_of
from exporters.reading import ExecutionRow
from exporters.sql import connect

if TYPE_CHECKING:
    import duckdb

Counts = dict[str, int]

_BOOKKEEPING = ("write_id",)
"""Columns that say how something was stored, not what it is."""


def _about_the_run(table: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(column for column in table if column.name not in _BOOKKEEPING)


JOURNEYS = (
    *_about_the_run(columns.KEYS),
    Column("config_name", "text", "Name of the pipeline configuration, e.g. stillepost"),
    Column("step", "int", "Place of this text on its way, from 1"),
    Column("sequence_number", "int", "Number of the item that this row was made of"),
    Column("timestamp", "time", "When the text was there, UTC"),
    Column("item_type", "text", "user_input_text, translation_result, interception_iteration or interception_final"),
    Column("stage", "int", "1 translation and safety, 2 interception"),
    Column("stage_iteration", "int", "Hop within stage 2, from 1"),
    Column("from_lang", "text", "Language of input_text, where it was said (ISO 639-1)"),
    Column("to_lang", "text", "Language of content, where it was said (ISO 639-1)"),
    Column("input_text", "text", "The text that was given to this step"),
    Column("content", "text", "The text that was made; null where it is no valid text (then see items)"),
    Column(
        "is_chained",
        "bool",
        "Whether input_text is what the step before made; null for the first and the final",
    ),
    Column("model_used", "text", "Model that made the text"),
    Column("backend_used", "text", "Backend that made the text"),
    Column("execution_time", "float", "Duration of this step in seconds"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "executions": _about_the_run(columns.EXECUTIONS),
    "items": _about_the_run(columns.ITEMS),
    "journeys": JOURNEYS,
    "blobs": _about_the_run(columns.BLOBS),
}

_WANTED = "coalesce(trace_id, execution_id) in (select key from wanted)"
_ORDER = {
    "executions": "execution_id, trace_id, revision",
    "items": "execution_id, trace_id, sequence_number, timestamp, item_type, metadata_json",
    "journeys": "execution_id, trace_id, step",
    "blobs": "execution_id, trace_id, sha256",
}
_WAY = """
    select i.execution_id, i.trace_id, i.revision, e.config_name,
           row_number() over way as step, i.sequence_number, i.timestamp, i.item_type, i.stage, i.stage_iteration,
           coalesce(i.metadata_json->>'from_lang', i.metadata_json->>'input_language') as from_lang,
           coalesce(i.metadata_json->>'to_lang', i.metadata_json->>'language',
                    case when i.item_type = 'user_input_text' then i.metadata_json->>'input_language' end) as to_lang,
           i.input_text, i.content,
           case when i.item_type <> 'interception_final' then i.input_text = lag(i.content) over way end as is_chained,
           i.model_used, i.backend_used, i.execution_time
    from items i join executions e
      on e.execution_id = i.execution_id and e.trace_id is not distinct from i.trace_id
    where i.item_type in ('user_input_text', 'translation_result', 'interception_iteration', 'interception_final')
    window way as (partition by i.execution_id, i.trace_id order by i.sequence_number, i.timestamp)
"""


def write_tables(
    data_dir: Path, out: Path, wanted: Sequence[ExecutionRow], progress: Callable[[str, int, int], None] | None
) -> Counts:
    """The tables of the wanted runs in `out`, as Parquet and CSV; how many rows each has."""
    counts: Counts = {}
    with connect(data_dir) as connection:
        connection.register("wanted", pa.table({"key": pa.array([row.key for row in wanted], pa.string())}))
        for done, name in enumerate(TABLES):
            if progress:
                progress(name, done, len(TABLES))
            rows = _query(connection, name)
            counts[name] = int(rows.num_rows)
            if rows.num_rows or name != "blobs":
                _write(out, name, rows)
        if progress:
            progress("", len(TABLES), len(TABLES))
    return counts


def _query(connection: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    """The rows of a table, in the order of their ids."""
    source = f"({_WAY})" if table == "journeys" else table
    named = ", ".join(f'"{column.name}"' for column in TABLES[table])
    rows = connection.sql(f"select {named} from {source} where {_WANTED} order by {_ORDER[table]}")
    return rows.to_arrow_table().cast(schema_of(TABLES[table]))


def _write(out: Path, name: str, rows: pa.Table) -> None:
    with writing(out / f"{name}.parquet", rows.schema) as write, _twin(out, name) as twin:
        # Whole row groups: in how many pieces the rows came must not show in the file.
        for start in range(0, max(1, rows.num_rows), ROWS_PER_GROUP):
            group = rows.slice(start, ROWS_PER_GROUP).combine_chunks()
            write(group)
            twin.write(group)


def _twin(out: Path, name: str) -> CsvTwin:
    # Large graphs are no reading matter for a spreadsheet: no program opens cells of 40 KB gladly.
    return CsvTwin(None if name == "blobs" else out / f"{name}.csv", TABLES[name])
