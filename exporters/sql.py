"""Ask the stored records in SQL: views in which every run is there once, in its highest revision."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from exporters.errors import UnsafePath
from exporters.parquet_schema import schema

if TYPE_CHECKING:
    import duckdb

_ROW = "* replace (timestamp at time zone 'UTC' as timestamp)"
"""With a zone, DuckDB would show the time of wherever the reader is, and hand it to Python only through pytz."""

_OPTIONS = ("union_by_name = true", "hive_partitioning = true")
_SELECT = {"executions": _ROW, "items": _ROW, "blobs": "*"}


def connect(data_dir: str | Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the views `executions`, `items` and `blobs` over `data_dir`.

    It sees the files that are there now; connect again to see later ones. Timestamps are UTC, without a zone.

    >>> import tempfile
    >>> connect(tempfile.mkdtemp()).sql("select count(*) from items").fetchall()
    [(0,)]
    """
    import duckdb

    connection = duckdb.connect()
    # A file never changes once it has its name.
    connection.execute("set parquet_metadata_cache = true")
    # What does not fit into memory would go to the working directory, which may be anybody's.
    connection.execute(f"set temp_directory = {_quoted(str(_as_text(Path(data_dir)) / '.duckdb'))}")
    add_views(connection, Path(data_dir))
    return connection


def add_views(connection: duckdb.DuckDBPyConnection, data_dir: Path) -> None:
    """Make the three views in a connection of your own; they are gone when it closes.

    Files are listed here, the executions first: items that a compaction writes meanwhile belong to later executions.
    """
    files = {table: _files(data_dir, table) for table in _SELECT}
    connection.execute(
        "create or replace temp table counting_writes as "
        "select arg_max(write_id, (revision, write_id)) as write_id "
        f"from {_source('executions', files['executions'])} group by coalesce(trace_id, execution_id)"
    )
    exact = _exact_names(connection, files["executions"])
    for table, paths in files.items():
        connection.execute(_view(table, paths, exact))


def _view(table: str, paths: list[Path], exact: set[str]) -> str:
    # Compacted days need no look at each row, which is two thirds of the time of a GROUP BY over a million items.
    whole = [path for path in paths if path.name in exact]
    mixed = [path for path in paths if path.name not in exact]
    return (
        f"create or replace temp view {table} as select {_SELECT[table]} from {_source(table, whole)} "
        f"union all by name select {_SELECT[table]} from {_source(table, mixed)} "
        "where write_id in (select write_id from counting_writes)"
    )


def _exact_names(connection: duckdb.DuckDBPyConnection, executions: list[Path]) -> set[str]:
    """Names of files in which every row counts; those of the other tables with that name belong to these rows."""
    if not executions:
        return set()
    rows = connection.execute(
        "select parse_filename(filename) "
        f"from {_source('executions', executions, 'filename = true')} group by filename "
        "having bool_and(write_id in (select write_id from counting_writes))"
    ).fetchall()
    return {name for (name,) in rows}


def _files(data_dir: Path, table: str) -> list[Path]:
    return sorted(_as_text(data_dir).glob(f"{table}/date=*/[!.]*.parquet"))


def _as_text(data_dir: Path) -> Path:
    """The whole path, which DuckDB takes as text only."""
    where = os.fsencode(data_dir.absolute())
    try:
        return Path(where.decode("utf-8"))
    except UnicodeDecodeError:
        help = "give the directory a name in UTF-8, or read it with read_records"
        raise UnsafePath(f"DuckDB takes no path that is not UTF-8, and {where!r} is none; {help}") from None


def _source(table: str, paths: list[Path], *options: str) -> str:
    if not paths:
        return f"({_nothing(table)})"
    listed = ", ".join(_quoted(str(path)) for path in paths)
    return f"read_parquet([{listed}], {', '.join([*_OPTIONS, *options])})"


def _nothing(table: str) -> str:
    """A query with the table's columns and no rows."""
    columns = ", ".join(f"null::{_duckdb_type(str(field.type))} as {field.name}" for field in schema(table))
    return f"select {columns}, null::date as date where false"


def _duckdb_type(arrow: str) -> str:
    names = {"string": "varchar", "int64": "bigint", "double": "double", "timestamp[us, tz=UTC]": "timestamptz"}
    return names.get(arrow, "bigint[]")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
