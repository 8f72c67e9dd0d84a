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

_PACKED_ALREADY = frozenset({"pdf"})


def write_json(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """The record of each run as JSON; `options` change nothing."""
    _write("json", records, file, options)


def write_html(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A page for each run, with its pictures, in the language of the options."""
    _write("html", records, file, options)


def write_pdf(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A PDF for each run, in the language of the options."""
    _write("pdf", records, file, options)


def _write(name: str, records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    form, names = format_named(name), Counter[str]()
    wanted = options_of(form, {"language": options.language})
    with new_package(file) as package:
        for record in records:
            stem = folder_name(record.execution_id)
            names[stem] += 1
            # Two runs may have the same id.
            path = f"{stem}{f'_{names[stem]}' if names[stem] > 1 else ''}{form.suffix}"
            document = render_document(record, form, options=wanted)
            package.writestr(part(path, pressed=name not in _PACKED_ALREADY), document)
