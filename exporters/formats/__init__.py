"""The formats a record can be rendered in: one row each. `docs/how-to-add-a-format.md` says how to add one."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exporters.errors import UnknownFormat, listed, suggest
from otel_tracking.record import ExecutionRecord

Render = Callable[..., bytes]
Parse = Callable[[bytes], ExecutionRecord]


@dataclass(frozen=True, slots=True)
class Format:
    """How a record becomes a document of this media type, and how it is read back where that can be done.

    `options` are the names of what `render` takes beside the record; `shows_media` where pictures and sounds become
    part of the document, so that `render` wants them among the record's attachments.
    """

    media_type: str
    suffix: str
    render: Render
    parse: Parse | None = None
    options: tuple[str, ...] = ()
    shows_media: bool = False


def when_used(module: str, function: str) -> Callable[..., Any]:
    """The function of that name, imported at its first call: a format nobody asks for costs nothing."""

    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(importlib.import_module(module), function)(*arguments, **options)

    call.__name__, call.__module__ = function, module
    return call


FORMATS: dict[str, Format] = {
    "json": Format(
        "application/json",
        ".json",
        render=when_used("exporters.formats.json", "render"),
        parse=when_used("exporters.formats.json", "parse"),
    ),
    "xml": Format(
        "application/xml",
        ".xml",
        render=when_used("exporters.formats.xml.document", "render"),
        parse=when_used("exporters.formats.xml.document", "parse"),
    ),
    "legacy_xml": Format("application/xml", ".legacy.xml", render=when_used("exporters.formats.xml.legacy", "render")),
    "csv": Format("text/csv", ".csv", render=when_used("exporters.formats.csv_table", "render")),
    "html": Format(
        "text/html",
        ".html",
        render=when_used("exporters.formats.html.document", "render"),
        options=("audience", "language"),
        shows_media=True,
    ),
    "pdf": Format(
        "application/pdf",
        ".pdf",
        render=when_used("exporters.formats.pdf", "render"),
        options=("audience", "language"),
        shows_media=True,
    ),
    "pdfa": Format(
        "application/pdf",
        # Beside the PDF of the same run, not in its place.
        ".archive.pdf",
        render=when_used("exporters.formats.pdf_archive", "render"),
        options=("audience", "language"),
        shows_media=True,
    ),
    "docx": Format(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ".docx",
        render=when_used("exporters.formats.docx", "render"),
        options=("audience", "language"),
        shows_media=True,
    ),
}


def format_named(name: str) -> Format:
    """The format of that name; `UnknownFormat` names those there are."""
    if name not in FORMATS:
        raise UnknownFormat(
            f"no format is called {name!r}.{suggest(name, FORMATS)} There are: {listed(sorted(FORMATS))}"
        )
    return FORMATS[name]
