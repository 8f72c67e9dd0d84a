"""Texts for coding as Word documents: each text a paragraph in its own direction under the name of its language."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, BinaryIO

import docx

from exporters.collections.coding_texts import CodingText, coding_texts
from exporters.collections.journey import Part
from exporters.collections.options import CollectionOptions
from exporters.collections.package import new_package, part
from exporters.formats.docx.package import with_fixed_times
from exporters.formats.docx.runs import tell
from exporters.formats.docx.styles import set_up
from exporters.formats.printed.colours import GREY
from otel_tracking.record import ExecutionRecord


def write(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A zip file with a document for each run and for each session."""
    with new_package(file) as package:
        for text in coding_texts(records, options.language):
            package.writestr(part(f"{text.path}.docx", pressed=False), _document(text, options.language))


def _document(text: CodingText, language: str) -> bytes:
    document = docx.Document()
    title = text.path.partition("/")[2]
    core = document.core_properties
    core.title, core.comments, core.language = title, "", language
    core.author = core.last_modified_by = "otel-tracking"
    core.created = core.modified = text.moment.replace(tzinfo=None, microsecond=0)
    set_up(document, language, title)
    for heading, parts in text.journeys:
        _journey(document, heading, parts)
    out = io.BytesIO()
    document.save(out)
    return with_fixed_times(out.getvalue())


def _journey(document: Any, heading: str, parts: Iterable[Part]) -> None:
    if heading:
        tell(document.add_heading("", 1), heading)
    for label, text in parts:
        if label:
            tell(document.add_paragraph(), label, size=8, colour=GREY)
        tell(document.add_paragraph(), text)
