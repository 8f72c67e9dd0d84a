"""Ask the stored records in SQL: views in which every run is there once, in its highest revision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exporters.parquet_schema import schema

if TYPE_CHECKING:
    import duckdb

_FILES = "read_parquet({files}, union_by_name = true, hive_partitioning = true)"


def connect(data_dir: str | Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the views `executions`, `items` and `blobs` over `data_dir`.

    It sees the files that are there now; connect again to see later ones.

    >>> import tempfile
    >>> connect(tempfile.mkdtemp()).sql("select count(*) from items").fetchall()
    [(0,)]
    """
    import duckdb

    connection = duckdb.connect()
    for statement in views(data_dir):
        connection.execute(statement)
    return connection


def views(data_dir: str | Path) -> list[str]:
    """The SQL statements that make the views, for a DuckDB of your own.

    Files are listed here, the executions first: items that a compaction writes meanwhile belong to later executions.
    """
    sources = {table: _source(Path(data_dir), table) for table in ("executions", "items", "blobs")}
    return [
        "create or replace view executions as select * from "
        f"{sources['executions']} qualify row_number() over "
        "(partition by coalesce(trace_id, execution_id) order by revision desc, write_id desc) = 1",
        *(
            f"create or replace view {table} as select * from {sources[table]} "
            "where write_id in (select write_id from executions)"
            for table in ("items", "blobs")
        ),
    ]


def _source(data_dir: Path, table: str) -> str:
    files = sorted(str(path) for path in data_dir.absolute().glob(f"{table}/date=*/[!.]*.parquet"))
    if not files:
        return f"({_nothing(table)})"
    return _FILES.format(files="[" + ", ".join(map(_quoted, files)) + "]")


def _nothing(table: str) -> str:
    """A query with the table's columns and no rows."""
    columns = ", ".join(f"null::{_duckdb_type(str(field.type))} as {field.name}" for field in schema(table))
    return f"select {columns}, null::date as date where false"


def _duckdb_type(arrow: str) -> str:
    names = {"string": "varchar", "int64": "bigint", "double": "double", "timestamp[us, tz=UTC]": "timestamptz"}
    return names.get(arrow, "bigint[]")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
