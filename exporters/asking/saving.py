"""Keep an answer as a file: whole or not at all, private, and known to the ledger of exports."""

from __future__ import annotations

import contextlib
from pathlib import Path

from exporters.asking.answers import SqlAnswer
from exporters.asking.sources import Asked
from exporters.asking.written import answer_format
from exporters.privacy.exports_ledger import Export, ExportKind
from exporters.privacy.way_out import WayOut
from exporters.storage.files import hidden, sync_directory


def save_answer(answer: SqlAnswer, out: Path, format_name: str, source: Asked, way_out: WayOut | None) -> int:
    """How many rows are in the file `out`, which is replaced where it is there.

    With a way out the ledger knows of it, with every run that was asked: which of them are in the answer, no question
    says. Raises `ErasedMeanwhile` where one was erased while it was asked.
    """
    form, out = answer_format(format_name), out.expanduser().absolute()
    with hidden(out) as (file, appear):
        count = form.write(answer, file)
        with way_out.passing(_noted(out, format_name, source)) if way_out else contextlib.nullcontext():
            appear()
    sync_directory(out.parent)
    return count


def note_answer(format_name: str, source: Asked, way_out: WayOut) -> None:
    """Have the ledger know of an answer that goes to standard output, before it does."""
    with way_out.passing(_noted(None, format_name, source)):
        pass


def _noted(out: Path | None, format_name: str, source: Asked) -> Export:
    path = None if out is None else str(out)
    return Export(kind=ExportKind.ANSWER, runs=tuple(source.runs), path=path, format=format_name)
