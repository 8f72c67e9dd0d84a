"""Write runs as documents: where each goes, what of it leaves, and what was written and what was not."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from devserver.audit import Act, Audit, this_user
from devserver.cli.complaints import complain
from devserver.cli.damages import damages_as_dicts
from devserver.cli.export_places import DocumentPlaces
from devserver.cli.options import refuse
from devserver.cli.streams import say
from exporters import read_rows
from exporters.formats import Format
from exporters.formats.documents import render_document
from exporters.media.copies import Copied, copy_media, places_of_copies
from exporters.privacy.exports_ledger import Export, ExportKind, run_ids
from exporters.privacy.profiles import Profile
from exporters.privacy.way_out import WayOut
from exporters.storage.files import naming, write_file
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.writing.media import load_media
from otel_tracking import ExecutionRecord
from otel_tracking.audience import Audience


@dataclass(frozen=True, slots=True)
class DocumentWish:
    """What is to be written: documents of a format, to `out` (None: standard output), with their media or without."""

    form: Format
    format_name: str
    options: Mapping[str, str]
    out: Path | None
    into_directory: bool
    with_media: bool
    strip_texts: bool


class Exporting:
    """An export under way."""

    def __init__(self, data_dir: Path, wish: DocumentWish, way_out: WayOut, damages: Damages) -> None:
        self._data_dir, self._wish, self._way_out, self._damages = data_dir, wish, way_out, damages
        self._audit = Audit(data_dir)
        self._places = DocumentPlaces(wish.out, wish.form.suffix) if wish.out and wish.into_directory else None
        self._written: list[tuple[ExecutionRecord, Path]] = []
        self._media: dict[Path, Copied] = {}

    def readable(self, rows: Iterable[ExecutionRow]) -> Iterator[ExecutionRecord]:
        """The records of rows, without those that cannot be read."""
        for _, record in read_rows(self._data_dir, rows, on_damage=self._damages):
            if record is not None:
                yield record

    def write(self, stored: ExecutionRecord, *, is_quiet: bool) -> None:
        """The document of a record as it leaves, and its media where they are wanted."""
        wish, record = self._wish, self._as_it_leaves(stored)
        document = render_document(record, wish.form, data_dir=self._data_dir, options=wish.options)
        if wish.out is None:
            with self._passing(stored, ExportKind.DOCUMENT, None):
                _to_stdout(document, wish.form)
            return
        path = self._places.place_of(record, document) if self._places else wish.out
        with self._passing(stored, ExportKind.DOCUMENT, path):
            write_file(path, document)
        self._written.append((replace(record, items=(), spans=(), attachments={}), path))
        if wish.with_media:
            audience = wish.options.get("audience", Audience.RESEARCHER)
            places = places_of_copies(record, path.parent, audience)
            with self._passing(stored, ExportKind.MEDIA, *places):
                self._media[path] = copy_media(
                    record, self._data_dir, path.parent, strip_texts=wish.strip_texts, audience=audience
                )
        if not is_quiet:
            _say(path, self._media.get(path))

    def _as_it_leaves(self, stored: ExecutionRecord) -> ExecutionRecord:
        is_whole = self._way_out.profile is Profile.FULL
        return self._way_out.leaving(stored if is_whole else load_media(self._data_dir, stored)).record

    def _passing(self, record: ExecutionRecord, kind: ExportKind, *paths: Path | None) -> AbstractContextManager[None]:
        if kind is ExportKind.DOCUMENT:
            entry = {"execution_id": record.execution_id, "format": self._wish.format_name}
            self._audit.note(Act.EXPORT, this_user(), **entry)
        export = Export(
            kind=kind,
            runs=run_ids([record]),
            format=self._wish.format_name,
            profile=self._way_out.profile.value,
            study=record.study_id if isinstance(record.study_id, str) else None,
        )
        exports = [replace(export, path=None if path is None else str(path.absolute())) for path in paths]
        return self._way_out.passing(*exports)

    @property
    def missing(self) -> list[str]:
        """The `file_path`s of media that could not be copied."""
        return [file_path for copied in self._media.values() for file_path in copied.missing]

    def answer(self) -> dict[str, Any]:
        """What the command answers in JSON. Runs that share an id are told apart by their traces."""
        times = Counter(record.execution_id for record, _ in self._written)
        names = {
            path: record.execution_id if times[record.execution_id] == 1 else f"{record.execution_id} {record.trace_id}"
            for record, path in self._written
        }
        unclean = [file_path for copied in self._media.values() for file_path in copied.unclean]
        return {
            "format": self._wish.format_name,
            "exported": {name: str(path) for path, name in names.items()},
            "media": {names[path]: list(map(str, copied.written)) for path, copied in self._media.items()},
            "missing": self.missing,
            "damaged": damages_as_dicts(self._damages),
            **({"left_out": unclean} if unclean else {}),
        }


def _say(path: Path, copied: Copied | None) -> None:
    """The files that were written, a line each, and what could not be read."""
    for written in (path, *(copied.written if copied else ())):
        say(str(written))
    for file_path in copied.missing if copied else ():
        trouble = "is not there or cannot be read as it was recorded"
        complain(f"{file_path} {trouble}; the rest was exported. See: otel-tracking verify")
    for file_path in copied.unclean if copied else ():
        complain(f"{file_path} was left out: what it says beside picture or sound cannot be taken out for students.")


def _to_stdout(document: bytes, form: Format) -> None:
    if sys.stdout.isatty() and not form.media_type.startswith(("text/", "application/json", "application/xml")):
        raise refuse(f"a {form.suffix} document is not for a terminal: --out FILE would work.")
    with naming(Path("standard output")):
        click.echo(document, nl=False)
