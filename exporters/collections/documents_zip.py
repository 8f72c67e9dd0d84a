"""A document of each run, in one zip file: what `export` makes of each, together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO

from exporters.collections.options import CollectionOptions
from exporters.collections.package import new_package, part
from exporters.formats import format_named
from exporters.formats.documents import options_of, render_document
from exporters.storage.layout import folder_name
from otel_tracking.record import ExecutionRecord

_PACKED_ALREADY = frozenset({"pdf", "poster", "poster_picture"})


def write_json(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """The record of each run as JSON; `options` change nothing."""
    _write("json", records, file, options)


def write_html(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A page for each run, with its pictures, in the language of the options, for their audience."""
    _write("html", records, file, options)


def write_pdf(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A PDF for each run, in the language of the options, for their audience."""
    _write("pdf", records, file, options)


def write_poster(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A poster for each run, as a PDF of one page."""
    _write("poster", records, file, options)


def write_poster_picture(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """The same posters as PNG."""
    _write("poster_picture", records, file, options)


def _write(name: str, records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    form, names = format_named(name), Counter[str]()
    with new_package(file) as package:
        for record in records:
            stem = folder_name(record.execution_id)
            names[stem] += 1
            # Two runs may have the same id.
            path = f"{stem}{f'_{names[stem]}' if names[stem] > 1 else ''}{form.suffix}"
            document = render_document(record, form, options=options_of(form, _wanted(record, options)))
            package.writestr(part(path, pressed=name not in _PACKED_ALREADY), document)


def _wanted(record: ExecutionRecord, options: CollectionOptions) -> dict[str, str]:
    """What the document of one run is asked for."""
    config = str(record.config_name or "")
    return {
        "language": options.language,
        "audience": options.audience,
        "title": options.titles.get(config, ""),
        "address": f"{options.pages.rstrip('/')}/{record.execution_id}" if options.pages else "",
    }
