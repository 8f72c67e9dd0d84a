"""Ask the stored records in SQL: views in which every run is there once, in its highest revision."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporters.dataset.journeys import JOURNEYS
from exporters.errors import BrokenFile, UnsafePath, listed
from exporters.remarks.store import RemarkStore
from exporters.remarks.table import TABLE, remark_table_of
from exporters.storage.layout import stored_days, table_files
from exporters.storage.reading.crowded_days import told_of_crowds
from exporters.storage.reading.damage import Damage, Damages
from exporters.storage.reading.records import each_execution
from exporters.storage.tables.schema import schema
from exporters.storage.tables.table_file import check_file
from otel_tracking.extras import Extra

if TYPE_CHECKING:
    import duckdb

_ROW = "* replace (timestamp at time zone 'UTC' as timestamp)"
"""With a zone, DuckDB would show the time of wherever the reader is, and hand it to Python only through pytz."""

_OPTIONS = ("union_by_name = true", "hive_partitioning = true")
_SELECT = {"executions": _ROW, "items": _ROW, "blobs": "*"}
TABLES = tuple(_SELECT)

_LISTINGS = 10
"""How often files are listed for one set of views, if each time one of them goes away before it was opened."""

LetsOut = Callable[[Any], bool]
"""Whether a run may be seen; asked of the rows of `list_executions`."""


class DamagedFiles(UserWarning):
    """Files of a store that cannot be read and are in none of the views."""


class ManySmallFiles(UserWarning):
    """Questions take long, since a day has a file for each of very many runs."""


def connect(data_dir: str | Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the views `executions`, `items`, `blobs`, `journeys` and `annotations` over `data_dir`.

    `annotations` has a row for each run of which researchers said something, by `execution_id` and `trace_id`.
    It sees the files that are there now; connect again to see later ones. Timestamps are UTC, without a zone.
    Files that are damaged are left out: `damaged_files` names them (`path`, `sentence`), and a warning says so. Where
    it is that of the remarks, there is no view of them: nobody knows which runs are marked. Another warning says where
    very many small files make each question slow. Raises `MissingExtra` without DuckDB.

    >>> import tempfile
    >>> connect(tempfile.mkdtemp()).sql("select count(*) from items").fetchall()
    [(0,)]
    """
    connection = new_connection(Path(data_dir))
    if told := told_of_crowds(Path(data_dir)):
        warnings.warn(told, ManySmallFiles, stacklevel=2)
    add_views(connection, Path(data_dir))
    return connection


def new_connection(data_dir: Path) -> duckdb.DuckDBPyConnection:
    """A connection for `add_views`, which puts what does not fit into memory below `data_dir`."""
    with Extra("queries", "Questions in SQL need"):
        import duckdb

    connection = duckdb.connect()
    # A file never changes once it has its name.
    connection.execute("set parquet_metadata_cache = true")
    # What does not fit into memory would go to the working directory, which may be anybody's.
    connection.execute(f"set temp_directory = {quoted(str(_as_text(data_dir) / '.duckdb'))}")
    return connection


def add_views(
    connection: duckdb.DuckDBPyConnection, data_dir: Path, lets_out: LetsOut | None = None
) -> tuple[Path, ...]:
    """Make the views in a connection of your own, and give the files they read; they are gone when it closes.

    Files are listed here, the executions first: items that a compaction writes meanwhile belong to later executions.
    Where one goes before DuckDB has opened it (compacted, erased, taken back by a write that failed), they are listed
    again. With `lets_out`, only runs that it lets out are in the views.
    """
    leaving = None if lets_out is None else _leaving(data_dir, lets_out)
    files, damages = _add_views_of_files(connection, _as_text(data_dir), leaving)
    _add_annotations(connection, data_dir, damages)
    connection.execute("create or replace temp table damaged_files (path varchar, sentence varchar)")
    for damage in damages:
        connection.execute("insert into damaged_files values (?, ?)", [str(damage.path), damage.sentence])
    if damages:
        names = listed([str(path) for path in damages.paths], limit=3)
        warnings.warn(f"not in the views, select * from damaged_files says why: {names}", DamagedFiles, stacklevel=3)
    return files


def _add_views_of_files(
    connection: duckdb.DuckDBPyConnection, data_dir: Path, leaving: list[int] | None
) -> tuple[tuple[Path, ...], Damages]:
    """Make the views of the tables; the files that they read, and what of the store cannot be read."""
    import duckdb

    for last in (*[False] * (_LISTINGS - 1), True):
        damages = Damages()
        everything: tuple[Path, ...] = ()
        try:
            files = _files(data_dir, damages)
            everything = tuple(path for paths in files.values() for path in paths)
            _add_views_of(connection, files, leaving)
            if last or _are_there(everything):
                break
        except (FileNotFoundError, duckdb.IOException):
            if last or (everything and _are_there(everything)):
                raise
    return everything, damages


def _are_there(paths: Iterable[Path]) -> bool:
    return all(path.exists() for path in paths)


def _add_views_of(
    connection: duckdb.DuckDBPyConnection, files: dict[str, list[Path]], leaving: list[int] | None
) -> None:
    connection.execute(
        "create or replace temp table counting_writes as "
        "select arg_max(write_id, (revision, write_id)) as write_id "
        f"from {_source('executions', files['executions'])} group by coalesce(trace_id, execution_id)"
    )
    if leaving is not None:
        # By their writes: a revision that came since is not known to be let out.
        connection.execute("delete from counting_writes where write_id not in (select unnest(?::bigint[]))", [leaving])
    exact = _exact_names(connection, files["executions"])
    for table, paths in files.items():
        connection.execute(_view(table, paths, exact))
    connection.execute(f"create or replace temp view journeys as {JOURNEYS}")


def _leaving(data_dir: Path, lets_out: LetsOut) -> list[int]:
    """The writes of the runs that are let out. What is damaged, whoever makes the views is told of."""
    return [row.write_id for row in each_execution(data_dir, on_damage=Damages()) if lets_out(row)]


def _add_annotations(connection: duckdb.DuckDBPyConnection, data_dir: Path, damages: Damages) -> None:
    connection.execute(f"drop table if exists {TABLE}")
    try:
        book = RemarkStore(data_dir).read()
    except BrokenFile as trouble:
        damages(Damage(trouble.path or data_dir, str(trouble)))
        return
    connection.register(f"{TABLE}_now", remark_table_of(book))
    connection.execute(f"create temp table {TABLE} as select * from {TABLE}_now")
    connection.unregister(f"{TABLE}_now")


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


def _as_text(data_dir: Path) -> Path:
    """The whole path, which DuckDB takes as text only."""
    where = os.fsencode(data_dir.absolute())
    try:
        return Path(where.decode("utf-8"))
    except UnicodeDecodeError:
        help = "give the directory a name in UTF-8, or read it with read_records"
        raise UnsafePath(f"DuckDB takes no path that is not UTF-8, and {where!r} is none; {help}") from None


def _files(data_dir: Path, damages: Damages) -> dict[str, list[Path]]:
    """The files of each table that DuckDB may read: it looks at no checksum, and one damaged file would end a query.

    Of items and blobs those that have executions: what a write has not finished yet, or never will, may go any moment.
    """
    executions = _whole_files(data_dir, "executions", damages)
    names = {path.name for path in executions}
    return {"executions": executions} | {
        table: _whole_files(data_dir, table, damages, names) for table in TABLES if table != "executions"
    }


def _whole_files(data_dir: Path, table: str, damages: Damages, names: set[str] | None = None) -> list[Path]:
    found: list[Path] = []
    for day in stored_days(data_dir, table):
        try:
            paths = table_files(data_dir, table, day)
            found += (path for path in paths if (names is None or path.name in names) and _is_whole(path, damages))
        except BrokenFile as trouble:
            damages(Damage(trouble.path or data_dir, str(trouble)))
    return sorted(found)


def _is_whole(path: Path, damages: Damages) -> bool:
    """Whether a file is undamaged; `FileNotFoundError` when it was compacted away a moment ago."""
    try:
        check_file(path)
    except BrokenFile as trouble:
        damages(Damage(path, str(trouble)))
        return False
    return True


def _source(table: str, paths: list[Path], *options: str) -> str:
    if not paths:
        return f"({_nothing(table)})"
    listed = ", ".join(quoted(str(path)) for path in paths)
    return f"read_parquet([{listed}], {', '.join([*_OPTIONS, *options])})"


def _nothing(table: str) -> str:
    """A query with the table's columns and no rows."""
    columns = ", ".join(f"null::{_TYPES.get(str(field.type), 'bigint[]')} as {field.name}" for field in schema(table))
    return f"select {columns}, null::date as date where false"


_TYPES = {"string": "varchar", "int64": "bigint", "double": "double", "timestamp[us, tz=UTC]": "timestamptz"}
"""DuckDB's names of Arrow's types."""


def quoted(text: str) -> str:
    """A text as SQL writes it.

    >>> quoted("Anna's")
    "'Anna''s'"
    """
    return "'" + text.replace("'", "''") + "'"
