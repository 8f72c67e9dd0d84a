"""Texts for coding as plain text: UTF-8, line feeds, nothing but the texts and the names of their languages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from exporters.collections.coding_texts import CodingText, coding_texts
from exporters.collections.journey import lay_out
from exporters.collections.options import CollectionOptions
from exporters.collections.package import new_package, part
from otel_tracking.record import ExecutionRecord


def write(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A zip file with a text for each run and for each session."""
    with new_package(file) as package:
        for text in coding_texts(records, options.language):
            package.writestr(part(f"{text.path}.txt"), _plain(text).encode())


def _plain(text: CodingText) -> str:
    headings = (f"{heading}\n\n" if heading else "" for heading, _ in text.journeys)
    laid = (lay_out(parts).text for _, parts in text.journeys)
    return "\n\n".join(heading + journey for heading, journey in zip(headings, laid, strict=True))
