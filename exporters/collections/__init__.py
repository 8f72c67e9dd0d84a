"""The ways in which many runs become one file for a researcher's program: one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

from exporters.collections.options import CollectionOptions
from exporters.formats import when_used
from otel_tracking.extras import Extra
from otel_tracking.record import ExecutionRecord

__all__ = ["COLLECTIONS", "CollectionFormat", "CollectionOptions"]

WriteCollection = Callable[[Iterable[ExecutionRecord], BinaryIO, CollectionOptions], None]


@dataclass(frozen=True, slots=True)
class CollectionFormat:
    """How records become one file of this media type.

    `write(records, file, options)` takes records one at a time, each with its media among its attachments, and lets
    each go once it is written. Nothing in it decides what may leave: records come as they may be seen. The same records
    in the same order give the same bytes. `extra` is what has to be installed for it.
    """

    media_type: str
    suffix: str
    write: WriteCollection
    extra: Extra | None = None


_WORD = Extra("documents", "Word documents need")


def _written_by(module: str, extra: Extra | None = None) -> WriteCollection:
    return when_used(f"exporters.collections.{module}", "write", extra)


COLLECTIONS: dict[str, CollectionFormat] = {
    "qdpx": CollectionFormat("application/zip", ".qdpx", _written_by("refi.project")),
    "qdc": CollectionFormat("application/xml", ".qdc", _written_by("refi.codebook")),
    "coding_txt": CollectionFormat("application/zip", ".txt.zip", _written_by("coding_txt")),
    "coding_docx": CollectionFormat("application/zip", ".docx.zip", _written_by("coding_docx", _WORD), _WORD),
    "survey_csv": CollectionFormat("text/csv", ".survey.csv", _written_by("survey")),
    "annotations_csv": CollectionFormat("text/csv", ".annotations.csv", _written_by("sheet")),
}
