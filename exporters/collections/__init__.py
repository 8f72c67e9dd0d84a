"""The ways in which many runs become one file for a researcher's program: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exporters.collections.options import CollectionOptions
from exporters.formats import when_used
from otel_tracking.extras import Extra

__all__ = ["COLLECTIONS", "CollectionFormat", "CollectionOptions"]

WriteCollection = Callable[..., None]


@dataclass(frozen=True, slots=True)
class CollectionFormat:
    """How records become one file of this media type.

    `write(records, file, options)` takes records one at a time, each with its media among its attachments, and lets
    each go once it is written. Nothing in it decides what may leave: records come as they may be seen. The same records
    in the same order give the same bytes. `extra` is what has to be installed for it; `options` are those that only
    some formats have.

    A document (`is_document`) is read as a whole: `write` takes one thing more, a function that says under what all
    left, asked once the last record has come.
    """

    media_type: str
    suffix: str
    write: WriteCollection
    extra: Extra | None = None
    options: tuple[str, ...] = ()
    is_document: bool = False


_WORD = Extra("documents", "Word documents need")
_PDF = Extra("documents", "PDF documents need")
_HTML = Extra("documents", "HTML documents need")
_POSTER = Extra("documents", "posters need")
_BOOK = Extra("books", "Documents of many runs need")
_FOR_PEOPLE, _ON_A_WALL = ("audience",), ("audience", "titles", "pages")
_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _written_by(module: str, extra: Extra | None = None, name: str = "write") -> WriteCollection:
    return when_used(f"exporters.collections.{module}", name, extra)


def _of_documents(name: str, extra: Extra | None = None, options: tuple[str, ...] = ()) -> CollectionFormat:
    written = _written_by("documents_zip", extra, f"write_{name}")
    return CollectionFormat("application/zip", f".{name}.zip", written, extra, options)


def _document(media_type: str, suffix: str, module: str) -> CollectionFormat:
    written, options = _written_by(f"book.{module}", _BOOK), (*_FOR_PEOPLE, "compare")
    return CollectionFormat(media_type, suffix, written, _BOOK, options, is_document=True)


COLLECTIONS: dict[str, CollectionFormat] = {
    "qdpx": CollectionFormat("application/zip", ".qdpx", _written_by("refi.project")),
    "qdc": CollectionFormat("application/xml", ".qdc", _written_by("refi.codebook")),
    "coding_txt": CollectionFormat("application/zip", ".txt.zip", _written_by("coding_txt")),
    "coding_docx": CollectionFormat("application/zip", ".docx.zip", _written_by("coding_docx", _WORD), _WORD),
    "survey_csv": CollectionFormat("text/csv", ".survey.csv", _written_by("survey")),
    "items_csv": CollectionFormat("text/csv", ".items.csv", _written_by("items_csv")),
    "jsonl": CollectionFormat("application/jsonl", ".jsonl", _written_by("jsonl")),
    "pdf": _document("application/pdf", ".pdf", "pdf"),
    "docx": _document(_WORD_TYPE, ".docx", "docx"),
    "html": _document("text/html", ".html", "html"),
    "json_zip": _of_documents("json"),
    "html_zip": _of_documents("html", _HTML, _FOR_PEOPLE),
    "pdf_zip": _of_documents("pdf", _PDF, _FOR_PEOPLE),
    "poster_zip": _of_documents("poster", _POSTER, _ON_A_WALL),
    "poster_picture_zip": _of_documents("poster_picture", _POSTER, _ON_A_WALL),
    "annotations_csv": CollectionFormat("text/csv", ".annotations.csv", _written_by("sheet")),
}
