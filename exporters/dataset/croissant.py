"""Describe the tables of a dataset as Croissant 1.1 (`croissant.json`), which programs for machine learning read.

The form: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. Every column of `TABLES` is a field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from exporters.dataset.about import About
from exporters.dataset.authors import Author
from exporters.storage.tables.columns import Column

VERSION = "http://mlcommons.org/croissant/1.1"
_PARQUET = "application/x-parquet"
"""As Croissant's own readers call it."""

_TYPES = {
    **dict.fromkeys(("text", "json", "digits"), "sc:Text"),
    **dict.fromkeys(("int", "ints"), "cr:Int64"),
    **{"float": "cr:Float64", "bool": "sc:Boolean", "time": "sc:DateTime", "date": "sc:Date"},
}
_KEYS = {
    "executions": ("execution_id", "trace_id"),
    "items": ("execution_id", "trace_id", "sequence_number"),
    "journeys": ("execution_id", "trace_id", "step"),
    "blobs": ("execution_id", "trace_id", "sha256"),
}


def croissant_json(
    directory: Path, about: About, tables: Mapping[str, Sequence[Column]], descriptions: Mapping[str, str]
) -> bytes:
    """The tables whose Parquet files are in `directory`, with their checksums; `descriptions` say what a row is."""
    present = {name: columns for name, columns in tables.items() if (directory / f"{name}.parquet").is_file()}
    terms, people = about.description.terms, [_person(author) for author in about.description.people]
    said = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": about.description.title,
        "description": about.sentence,
        "conformsTo": VERSION,
        "license": (terms.url or terms.name) if terms else None,
        "creator": people or None,
        "datePublished": about.day,
        "version": "1.0.0",
        "citeAs": cite_as(about),
        "distribution": [_file(directory / f"{name}.parquet", descriptions.get(name, "")) for name in present],
        "recordSet": [_records(name, columns, descriptions.get(name, "")) for name, columns in present.items()],
    }
    return (json.dumps(_without_nothing(said), indent=2, ensure_ascii=False) + "\n").encode()


def cite_as(about: About) -> str:
    """How to cite it, in one line, as far as that is known."""
    names = "; ".join(author.name for author in about.description.people) or "(authors)"
    return f"{names} ({about.day[:4]}): {about.description.title} [dataset]"


def _file(path: Path, description: str) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject",
        "@id": path.name,
        "name": path.name,
        "description": description,
        "contentUrl": path.name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": _PARQUET,
        "sha256": digest,
    }


def _records(table: str, columns: Iterable[Column], description: str) -> dict[str, Any]:
    fields = {column.name: _field(table, column) for column in columns}
    keys = [{"@id": fields[name]["@id"]} for name in _KEYS.get(table, ()) if name in fields]
    said = {"@type": "cr:RecordSet", "@id": table, "name": table, "description": description}
    return {**said, "key": keys or None, "field": list(fields.values())}


def _field(table: str, column: Column) -> dict[str, Any]:
    said: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{table}/{column.name}",
        "name": column.name,
        "description": column.description,
        "dataType": _TYPES[column.kind],
        "source": {"fileObject": {"@id": f"{table}.parquet"}, "extract": {"column": column.name}},
    }
    return {**said, "isArray": True, "arrayShape": "-1"} if column.kind == "ints" else said


def _person(author: Author) -> dict[str, Any]:
    said = {"@type": "sc:Person", "@id": author.orcid or None, "name": author.name}
    return _without_nothing({**said, "url": author.orcid or None})


def _without_nothing(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{"sc": "https://schema.org/", "cr": "http://mlcommons.org/croissant/", "dct": "http://purl.org/dc/terms/"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    **{name: {"@container": "@language"} for name in ("name", "description")},
    **{name: {"@id": f"cr:{name}", "@type": "@json"} for name in ("data", "examples")},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "conformsTo": "dct:conformsTo",
    **{
        name: f"cr:{name}"
        for name in (
            *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field"),
            *("fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath"),
            *("key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace"),
            *("samplingRate", "separator", "source", "subField", "transform"),
        )
    },
}
"""The context that the specification gives."""
