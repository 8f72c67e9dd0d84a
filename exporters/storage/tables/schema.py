"""The Arrow schema of each table, with the codebook in it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pyarrow as pa

from exporters.storage.tables.columns import TABLES, Column
from otel_tracking.record import SCHEMA_VERSION
from otel_tracking.taxonomy import TAXONOMY_VERSION

TYPES = {
    "text": pa.string(),
    # Text, not Arrow's JSON extension type: DuckDB reads `metadata_json->>'seed'` from either, while polars, pandas
    # and Delta need a cast or refuse the extension.
    "json": pa.string(),
    "digits": pa.string(),
    "int": pa.int64(),
    "ints": pa.list_(pa.int64()),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}

REPEATING = {
    *("execution_id", "trace_id", "config_name", "user_id", "session_id", "device_id", "study_id", "batch_id"),
    *("repeats", "continues", "execution_mode", "safety_level", "status", "finish_reason", "item_type", "media_type"),
    *("config_used", "model_used", "backend_used", "attempt", "span_id", "taxonomy_version", "schema_version"),
    *("revision", "write_id", "stage", "stage_iteration", "loop_iteration", "media_mime_type"),
}
"""Columns whose values come again and again: a dictionary pays there, and costs time everywhere else."""


@cache
def schema(table: str) -> pa.Schema:
    """The schema of `executions`, `items` or `blobs`."""
    return schema_of(TABLES[table])


def schema_of(columns: Iterable[Column]) -> pa.Schema:
    """The schema of columns: descriptions as field metadata, versions in the footer."""
    versions = {"otel_tracking.schema_version": SCHEMA_VERSION, "otel_tracking.taxonomy_version": TAXONOMY_VERSION}
    fields = []
    for number, column in enumerate(columns, start=1):
        described = {"description": column.description, "PARQUET:field_id": str(number)}
        fields.append(pa.field(column.name, TYPES[column.kind], metadata=described))
    return pa.schema(fields, versions)


def repeating(columns: pa.Schema) -> list[str]:
    """The names among `columns` that a dictionary makes smaller."""
    return [name for name in columns.names if name in REPEATING]
