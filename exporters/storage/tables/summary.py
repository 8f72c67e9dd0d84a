"""Read what a list of runs needs from a small file of executions in one go, without opening it as Parquet.

A sink that writes run by run makes a file of one row each time; to open ten thousand as Parquet takes twenty seconds.
So what a list shows of each row stands, as JSON, once more between the last page and the seal. It is written with the
columns, covered by the same checksums, and left out by whatever writes the file anew, as the seal is.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from exporters.storage.tables.seal import sealed_note

COLUMNS = (
    *("execution_id", "trace_id", "revision", "write_id", "timestamp", "config_name"),
    *("user_id", "session_id", "device_id", "study_id", "batch_id", "execution_mode", "safety_level", "used_seed"),
    *("total_execution_time", "status", "finish_reason", "outputs_generated", "item_rows", "exact_json"),
)
_ALL = frozenset(COLUMNS)
MOST_ROWS = 64
"""What more rows cost as Parquet is little for each of them."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def summary_of(executions: pa.Table) -> bytes:
    """The summary of a table of executions; empty where it has too many rows to need one."""
    if executions.num_rows > MOST_ROWS:
        return b""
    return _written({name: executions[name].to_pylist() for name in COLUMNS})


def summary_of_rows(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The summary of rows as a file of executions has them; empty where they are too many or lack a column."""
    if len(rows) > MOST_ROWS or not all(row.keys() >= set(COLUMNS) for row in rows):
        return b""
    return _written({name: [row[name] for row in rows] for name in COLUMNS})


def _written(columns: dict[str, list[Any]]) -> bytes:
    columns["timestamp"] = [moment and (moment - _EPOCH) // _MICROSECOND for moment in columns["timestamp"]]
    return json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()


def summary_rows(path: Path, names: Iterable[str]) -> list[Mapping[str, Any]] | None:
    """Those columns of each row of a file of executions; None where it has no summary that tells them.

    The whole file is checked: `BrokenFile` where a byte of it is not what was written.
    """
    note = sealed_note(path)
    return rows_of_summary(note, names) if note else None


def rows_of_summary(summary: bytes, names: Iterable[str]) -> list[Mapping[str, Any]] | None:
    """The rows of a summary, all columns that it has; None where it lacks one of those names."""
    columns: dict[str, list[Any]] = _columns_of(summary)
    if columns.keys() != _ALL and not columns.keys() >= set(names):
        return None
    columns["timestamp"] = [at and _EPOCH + at * _MICROSECOND for at in columns["timestamp"]]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _columns_of(summary: bytes) -> dict[str, list[Any]]:
    try:
        return orjson.loads(summary)  # type: ignore[no-any-return]
    except orjson.JSONDecodeError:
        return json.loads(summary)  # type: ignore[no-any-return]  # a number may be infinite
