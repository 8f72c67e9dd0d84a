"""Write the codebook: what every table and column means, for people (CSV) and programs (JSON)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from exporters.storage.files import write_file
from exporters.storage.tables.columns import TABLES, Column
from otel_tracking.record import SCHEMA_VERSION
from otel_tracking.taxonomy import TAXONOMY_VERSION

UNITS = {
    "text": "text",
    "json": "canonical JSON",
    "digits": "decimal digits",
    "int": "64-bit integer",
    "ints": "list of 64-bit integers",
    "float": "64-bit float",
    "bool": "true or false",
    "time": "UTC, microseconds",
    "date": "day",
}


Tables = Mapping[str, Sequence[Column]]


def write_codebook(data_dir: Path) -> None:
    """`codebook.csv` and `codebook.json` in `data_dir`, unless they are there and say the same."""
    for name, content in {"codebook.csv": codebook_csv(), "codebook.json": codebook_json()}.items():
        path = data_dir / name
        if not path.is_file() or path.read_bytes() != content:
            write_file(path, content)


def codebook_csv(tables: Tables = TABLES) -> bytes:
    """One row per column: table, column, values, description."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "column", "values", "description"])
    for table, columns in tables.items():
        writer.writerows([table, column.name, UNITS[column.kind], column.description] for column in columns)
    return text.getvalue().encode()


def codebook_json(tables: Tables = TABLES) -> bytes:
    """The same as an object, with the versions it belongs to."""
    described = {
        table: {column.name: {"values": UNITS[column.kind], "description": column.description} for column in columns}
        for table, columns in tables.items()
    }
    versions = {"schema_version": SCHEMA_VERSION, "taxonomy_version": TAXONOMY_VERSION}
    return (json.dumps({**versions, "tables": described}, indent=2, ensure_ascii=False) + "\n").encode()
