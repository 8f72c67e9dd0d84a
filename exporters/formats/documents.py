"""The document of a record in a format: its options checked, its media at hand where the format shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from exporters.errors import UnknownOption, listed, suggest
from exporters.formats import Format
from exporters.storage.writing.media import load_media
from otel_tracking.audience import AUDIENCES_OF_DOCUMENTS
from otel_tracking.record import ExecutionRecord

CHOICES: Mapping[str, tuple[str, ...]] = {"audience": AUDIENCES_OF_DOCUMENTS, "language": ("en", "de")}
"""What these options of a format may be; the first is what it is where nobody says anything. Others are any text."""


def render_document(
    record: ExecutionRecord,
    form: Format,
    *,
    data_dir: str | Path | None = None,
    options: Mapping[str, str] | None = None,
) -> bytes:
    """The record in that format; media are taken from below `data_dir` where they are not among its attachments.

    Raises `UnknownOption` for an option that the format does not have.
    """
    options = options or {}
    check_options(options, [form])
    if form.shows_media and data_dir is not None:
        record = load_media(data_dir, record)
    return form.render(record, **options)


def check_options(options: Mapping[str, str], forms: Iterable[Format]) -> None:
    """Raise `UnknownOption` for an option that none of these formats has, or a value that it may not have."""
    known = sorted({name for form in forms for name in form.options})
    for name, value in options.items():
        if name not in known:
            offer = f"It could have: {listed(known)}" if known else "There are none for it"
            raise UnknownOption(f"no option is called {name!r:.40}.{suggest(name, known)} {offer}")
        if name in CHOICES and value not in CHOICES[name]:
            raise UnknownOption(f"{name} is {value!r:.40}; it may be {' or '.join(CHOICES[name])}")


def options_of(form: Format, options: Mapping[str, str]) -> dict[str, str]:
    """Those of several formats' options that this format has."""
    return {name: value for name, value in options.items() if name in form.options}
