"""Open what is asked: the views of a store, or the tables of a dataset, in a connection that can do nothing else.

The connection is locked by DuckDB's own means once its views are made: no file but those of the views, no network, no
extension, no setting (https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview).
"""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporters.asking.complaints import in_our_words
from exporters.dataset.tables import TABLES as IN_DATASETS
from exporters.errors import BrokenFile, UnknownDataset, WrongQuestion
from exporters.remarks.table import columns_of
from exporters.storage.reading.damage import Damage
from exporters.storage.reading.sql import DamagedFiles, add_views, new_connection, quoted
from exporters.storage.tables.columns import TABLES as IN_STORES
from exporters.storage.tables.columns import Column
from otel_tracking.erasure import RunId
from otel_tracking.extras import Extra

if TYPE_CHECKING:
    import duckdb

    from exporters.privacy.way_out import WayOut

_LOCKED = (
    *("errors_as_json = true", "python_enable_replacements = false", "TimeZone = 'UTC'"),
    *("autoinstall_known_extensions = false", "autoload_known_extensions = false"),
    *("enable_external_access = false", "lock_configuration = true"),
)
"""In this order: whoever is locked in sets nothing any more."""

_ADDED = {
    "date": "Day under which the run is stored; a condition on it lets DuckDB open those days alone",
    "path": "The file that cannot be read, so that its runs are in none of the views",
    "sentence": "What is wrong with it",
}
"""Columns that only the views have."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A locked connection, what its columns mean, the runs that its views have, and the files that are in none."""

    connection: duckdb.DuckDBPyConnection
    meanings: Mapping[str, Mapping[str, str]]
    runs: Sequence[RunId] = ()
    damages: Sequence[Damage] = field(default=())


@contextlib.contextmanager
def open_store(data_dir: Path, way_out: WayOut) -> Iterator[Asked]:
    """The views of a store, with the runs in them that the way out lets out."""
    runs: list[RunId] = []

    def lets_out(run: Any) -> bool:
        leaves = way_out.lets_out(run)
        if leaves:
            runs.append(RunId(run.execution_id, run.trace_id))
        return leaves

    with new_connection(data_dir) as connection:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DamagedFiles)
            files = add_views(connection, data_dir, lets_out)
        damaged = connection.execute("select path, sentence from damaged_files").fetchall()
        damages = [Damage(Path(path), sentence) for path, sentence in damaged]
        _lock(connection, files)
        others = {"journeys": IN_DATASETS["journeys"], "annotations": columns_of(way_out.variables)}
        yield Asked(connection, _meanings({**IN_STORES, **others}), runs, damages)


@contextlib.contextmanager
def open_dataset(directory: Path) -> Iterator[Asked]:
    """The tables of a dataset as views, whoever made it and whatever tables it has.

    Raises `UnknownDataset` for what is none, and `BrokenFile` for a table that cannot be read.
    """
    with Extra("queries", "Questions in SQL need"):
        import duckdb

    tables = sorted(directory.absolute().glob("*.parquet"))
    if not (directory / "SHA256SUMS").is_file() or not tables:
        raise UnknownDataset(f"{directory} is no dataset; otel-tracking dataset DIR makes one")
    with duckdb.connect() as connection:
        # A dataset does not change: what does not fit into memory must not be written beside it.
        connection.execute("set temp_directory = ''")
        for path in tables:
            _add_table(connection, path)
        _lock(connection, tables)
        yield Asked(connection, _meanings_of(directory))


def _add_table(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    name, source = path.stem.replace('"', '""'), f"read_parquet({quoted(str(path))})"
    try:
        with in_our_words():
            columns = connection.execute(f"describe select * from {source}").fetchall()
    except WrongQuestion as trouble:
        raise BrokenFile(f"{path} cannot be read: {trouble}", path) from trouble
    times = [column for column, kind, *_ in columns if kind == "TIMESTAMP WITH TIME ZONE"]
    plain = ", ".join(f'"{column}" at time zone \'UTC\' as "{column}"' for column in times)
    rows = f"* replace ({plain})" if plain else "*"
    connection.execute(f'create temp view "{name}" as select {rows} from {source}')


def _lock(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    paths = ", ".join(quoted(str(path)) for path in files)
    connection.execute(f"set allowed_paths = [{paths}]")
    for setting in _LOCKED:
        connection.execute(f"set {setting}")


def _meanings(tables: Mapping[str, Sequence[Column]]) -> dict[str, dict[str, str]]:
    return {name: {column.name: column.description for column in columns} for name, columns in tables.items()}


def _meanings_of(directory: Path) -> dict[str, dict[str, str]]:
    """What the codebook of a dataset says; of one that has none, nothing."""
    try:
        tables = json.loads((directory / "codebook.json").read_text("utf-8"))["tables"]
        return {
            name: {column: said["description"] for column, said in columns.items()} for name, columns in tables.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column of a view: its name, its type as DuckDB says it, and what it means where that is known."""

    name: str
    kind: str
    meaning: str


def views_of(source: Asked) -> dict[str, list[ViewColumn]]:
    """The views that may be asked, and their columns."""
    with in_our_words():
        rows = source.connection.execute(
            "select table_name, column_name, data_type from information_schema.columns "
            "where table_catalog = 'temp' and table_name <> 'counting_writes' order by table_name, ordinal_position"
        ).fetchall()
    views: dict[str, list[ViewColumn]] = {}
    for view, column, kind in rows:
        known = source.meanings.get(view, {})
        views.setdefault(view, []).append(ViewColumn(column, kind, known.get(column, _ADDED.get(column, ""))))
    return views
