"""Write runs as documents: where each goes, what of it leaves, and what was written and what was not."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import click

from devserver.audit import Act, Audit, this_user
from devserver.cli.complaints import complain
from devserver.cli.damages import damages_as_dicts
from devserver.cli.export_places import DocumentPlaces
from devserver.cli.options import refuse
from devserver.cli.resuming import SHA256, AlreadyMade, sha256_of
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
from otel_tracking.version import own_version

Progress = Callable[[int], None]
"""Told how many documents are there."""


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


class Written(NamedTuple):
    """Whose document was written, by the ids it has in there."""

    execution_id: str
    trace_id: str | None


class Exporting:
    """An export under way. `resumed` is how many documents were there already, as they are wanted."""

    def __init__(self, data_dir: Path, wish: DocumentWish, way_out: WayOut, damages: Damages) -> None:
        self._data_dir, self._wish, self._way_out, self._damages = data_dir, wish, way_out, damages
        self._audit = Audit(data_dir)
        self._places = DocumentPlaces(wish.out, wish.form.suffix) if wish.out and wish.into_directory else None
        self._written: list[tuple[Written, Path]] = []
        self._media: dict[Path, Copied] = {}
        self.resumed = 0

    def write_all(self, rows: Iterable[ExecutionRow], *, resume: bool, progress: Progress | None = None) -> None:
        """The documents of rows, without those that cannot be read; with `resume`, without those that are there."""
        to_make = (row for row in rows if not (resume and self._is_there(row)))
        for _, record in read_rows(self._data_dir, to_make, on_damage=self._damages):
            if record is not None:
                self.write(record, is_quiet=progress is not None)
            if progress:
                progress(self.made)

    @property
    def made(self) -> int:
        """How many documents are there by now."""
        return len(self._written)

    @cached_property
    def _already(self) -> AlreadyMade | None:
        wish = self._wish
        return AlreadyMade(self._data_dir, wish.out, wish.format_name, self._way_out) if wish.out else None

    def _is_there(self, row: ExecutionRow) -> bool:
        path = self._already.place_of(row, self._made_as(row.revision)) if self._already else None
        if path is None:
            return False
        if self._places:
            self._places.keep(row)
        self._written.append((Written(row.execution_id, row.trace_id), path))
        self.resumed += 1
        return True

    def _made_as(self, revision: int) -> dict[str, Any]:
        """What a document is made of, beside its run and its profile."""
        wish = self._wish
        return {
            "revision": revision,
            **wish.options,
            "with_media": wish.with_media,
            "strip_texts": wish.strip_texts,
            "roster": self._way_out.roster,
            "version": own_version(),
        }

    def write(self, stored: ExecutionRecord, *, is_quiet: bool) -> None:
        """The document of a record as it leaves, and its media where they are wanted."""
        wish, record = self._wish, self._as_it_leaves(stored)
        document = render_document(record, wish.form, data_dir=self._data_dir, options=wish.options)
        if wish.out is None:
            with self._passing(stored, ExportKind.DOCUMENT, None):
                _to_stdout(document, wish.form)
            return
        path = self._places.place_of(record, document) if self._places else wish.out
        # Media first: a document that is there says that all of it is.
        if wish.with_media:
            self._copy_media(stored, record, path)
        made_as = {} if path in self._media and self._media[path].missing else self._made_as(stored.revision)
        with self._passing(stored, ExportKind.DOCUMENT, path, options={**made_as, SHA256: sha256_of(document)}):
            write_file(path, document)
        self._written.append((Written(record.execution_id, record.trace_id), path))
        if not is_quiet:
            _say(path, self._media.get(path))

    def _copy_media(self, stored: ExecutionRecord, record: ExecutionRecord, path: Path) -> None:
        audience = self._wish.options.get("audience", Audience.RESEARCHER)
        places = places_of_copies(record, path.parent, audience)
        with self._passing(stored, ExportKind.MEDIA, *places):
            self._media[path] = copy_media(
                record, self._data_dir, path.parent, strip_texts=self._wish.strip_texts, audience=audience
            )

    def say_all(self) -> None:
        """The files that were written, for people, where `write_all` was quiet."""
        for _, path in self._written:
            _say(path, self._media.get(path))

    def _as_it_leaves(self, stored: ExecutionRecord) -> ExecutionRecord:
        is_whole = self._way_out.profile is Profile.FULL
        return self._way_out.leaving(stored if is_whole else load_media(self._data_dir, stored)).record

    def _passing(
        self,
        record: ExecutionRecord,
        kind: ExportKind,
        *paths: Path | None,
        options: Mapping[str, Any] | None = None,
    ) -> AbstractContextManager[None]:
        if kind is ExportKind.DOCUMENT:
            entry = {"execution_id": record.execution_id, "format": self._wish.format_name}
            self._audit.note(Act.EXPORT, this_user(), **entry)
        export = Export(
            kind=kind,
            runs=run_ids([record]),
            format=self._wish.format_name,
            profile=self._way_out.profile.value,
            study=record.study_id if isinstance(record.study_id, str) else None,
            options=options or {},
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
            **({"resumed": self.resumed} if self.resumed else {}),
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
