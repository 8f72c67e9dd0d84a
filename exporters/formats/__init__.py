"""The formats a record can be rendered in: one row each. `docs/export-api.md` says how to add one."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from exporters.errors import UnknownFormat, suggest
from otel_tracking.extras import Extra
from otel_tracking.record import ExecutionRecord

Render = Callable[..., bytes]
Parse = Callable[[bytes], ExecutionRecord]


@dataclass(frozen=True, slots=True)
class Format:
    """How a record becomes a document of this media type, and how it is read back where that can be done.

    `options` are the names of what `render` takes beside the record; `shows_media` where pictures and sounds become
    part of the document, so that `render` wants them among the record's attachments. `extra` is what has to be
    installed for it; JSON, CSV and Markdown need nothing more.
    """

    media_type: str
    suffix: str
    render: Render
    parse: Parse | None = None
    options: tuple[str, ...] = ()
    shows_media: bool = False
    extra: Extra | None = None

    def missing(self) -> str:
        """What has to be installed before a record can be rendered, in a sentence; empty where nothing has."""
        return self.extra.missing() if self.extra else ""


def when_used(module: str, function: str, extra: Extra | None = None) -> Callable[..., Any]:
    """The function of that name, imported at its first call: a format nobody asks for costs nothing.

    Where a library of `extra` is missing, calls raise `MissingExtra`.
    """

    def call(*arguments: Any, **options: Any) -> Any:
        with extra or nullcontext():
            return getattr(importlib.import_module(module), function)(*arguments, **options)

    call.__name__, call.__module__ = function, module
    return call


_XML = Extra("documents", "XML documents need")
_HTML = Extra("documents", "HTML documents need")
_PDF = Extra("documents", "PDF documents need")
_PDF_ARCHIVE = Extra("archive", "PDFs for archives (pdfa) need")
_WORD = Extra("documents", "Word documents need")


def _for_people(media_type: str, suffix: str, extra: Extra, module: str, function: str = "render") -> Format:
    """A document with pictures and sounds, for an audience and in its language."""
    render = when_used(f"exporters.formats.{module}", function, extra)
    return Format(media_type, suffix, render, options=("audience", "language"), shows_media=True, extra=extra)


_POSTER = Extra("documents", "posters need")
_POSTER_OPTIONS = ("audience", "language", "title", "address")


def _poster(media_type: str, suffix: str, function: str) -> Format:
    render = when_used("exporters.formats.poster", function, _POSTER)
    return Format(media_type, suffix, render, options=_POSTER_OPTIONS, shows_media=True, extra=_POSTER)


_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

FORMATS: dict[str, Format] = {
    "json": Format(
        "application/json",
        ".json",
        render=when_used("exporters.formats.json", "render"),
        parse=when_used("exporters.formats.json", "parse"),
    ),
    "jsonl": Format(
        "application/jsonl",
        ".jsonl",
        render=when_used("exporters.formats.jsonl", "render"),
        parse=when_used("exporters.formats.jsonl", "parse"),
    ),
    "xml": Format(
        "application/xml",
        ".xml",
        render=when_used("exporters.formats.xml.document", "render", _XML),
        parse=when_used("exporters.formats.xml.document", "parse", _XML),
        extra=_XML,
    ),
    "legacy_xml": Format(
        "application/xml",
        ".legacy.xml",
        render=when_used("exporters.formats.xml.legacy", "render", _XML),
        extra=_XML,
    ),
    "csv": Format("text/csv", ".csv", render=when_used("exporters.formats.csv_table", "render")),
    "markdown": Format(
        "text/markdown",
        ".md",
        render=when_used("exporters.formats.markdown.document", "render"),
        options=("audience", "language"),
    ),
    "html": _for_people("text/html", ".html", _HTML, "html.document"),
    "pdf": _for_people("application/pdf", ".pdf", _PDF, "pdf"),
    # Beside the PDF of the same run, not in its place.
    "pdfa": _for_people("application/pdf", ".archive.pdf", _PDF_ARCHIVE, "pdf", "render_for_archives"),
    "poster": _poster("application/pdf", ".poster.pdf", "render"),
    "poster_picture": _poster("image/png", ".poster.png", "render_picture"),
    "docx": _for_people(_WORD_TYPE, ".docx", _WORD, "docx"),
}


def format_named(name: str) -> Format:
    """The format of that name; `UnknownFormat` names those there are, `MissingExtra` what to install for it."""
    if name not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise UnknownFormat(f"no format is called {name!r:.40}.{suggest(name, FORMATS)} There are: {known}")
    form = FORMATS[name]
    if form.extra:
        form.extra.check()
    return form
