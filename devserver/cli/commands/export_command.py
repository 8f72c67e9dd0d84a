"""`otel-tracking export`: runs as documents."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import click

from devserver.audit import Act, Audit, this_user
from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.export_places import DocumentPlaces
from devserver.cli.options import data_option, json_option, refuse, selection_options
from devserver.cli.output import print_json
from devserver.cli.records import chosen_rows, none_found
from devserver.cli.streams import say
from exporters import read_rows
from exporters.formats import Format, format_named
from exporters.formats.documents import CHOICES, check_options, render_document
from exporters.media.copies import Copied, copy_media
from exporters.storage.files import naming, write_file
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionRow
from otel_tracking import ExecutionRecord
from otel_tracking.audience import Audience


@click.command("export")
@click.argument("executions", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every run that is stored.")
@selection_options
@click.option("--format", "format_name", default="json", show_default=True, metavar="NAME", help="What to write.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="Where to: a file for one run, a directory for several. Not given: standard output.",
)
@click.option("--audience", type=click.Choice(CHOICES["audience"]), help="student: without what a check said no to.")
@click.option("--language", type=click.Choice(CHOICES["language"]), help="The language of the document's own words.")
@click.option("--with-media", is_flag=True, help="Also the pictures and sounds, as files: media/ beside the documents.")
@click.option(
    "--strip-texts", is_flag=True, help="With --with-media: PNG files without the prompts and graphs in them."
)
@data_option
@json_option
def command(
    executions: tuple[str, ...],
    data_dir: Path,
    everything: bool,
    format_name: str,
    out: Path | None,
    with_media: bool,
    strip_texts: bool,
    as_json: bool,
    audience: str | None,
    language: str | None,
    **selection: Any,
) -> int:
    """Write runs as documents, one document a run.

    One run without --out goes to standard output. Files that are there already are replaced, each in one step, but
    never by another run's. A wrong --format lists those there are; with --json the answer says which files were
    written. Runs that cannot be read are named, the others are written, and the exit code is 1.
    """
    if strip_texts and not with_media:
        raise refuse("--strip-texts is about media files: add --with-media. Pictures in documents never hold texts.")
    form = format_named(format_name)
    said = {name: value for name, value in (("audience", audience), ("language", language)) if value is not None}
    check_options(said, [form])
    damages = Damages()
    rows = chosen_rows(data_dir, executions, everything, selection, damages)
    first = list(islice(rows, 2))
    if not first:
        complain_of(damages)
        complain(none_found(data_dir, selection))
        return FAILED
    if out is None and (len(first) != 1 or as_json or with_media):
        raise refuse("several documents, media, or --json, need a place to go: --out DIR would work.")
    into_directory = out is not None and (out.is_dir() or len(first) != 1 or (with_media and not out.suffix))
    if out is not None and into_directory and out.exists() and not out.is_dir():
        raise refuse(f"{out} is a file; a directory is needed for several runs.")
    export = _Export(data_dir, form, format_name, said, out, into_directory, with_media, strip_texts, damages)
    for record in export.readable(chain(first, rows)):
        export.write(record, is_quiet=as_json)
    if as_json:
        print_json(export.answer())
    complain_of(damages)
    return FAILED if damages or export.missing else 0


class _Export:
    """An export under way: where documents go, and what was written and what was not."""

    def __init__(
        self,
        data_dir: Path,
        form: Format,
        format_name: str,
        options: dict[str, str],
        out: Path | None,
        into_directory: bool,
        with_media: bool,
        strip_texts: bool,
        damages: Damages,
    ) -> None:
        self._data_dir, self._form, self._options, self._out = data_dir, form, options, out
        self._format_name, self._audit = format_name, Audit(data_dir)
        self._places = DocumentPlaces(out, form.suffix) if out and into_directory else None
        self._with_media, self._strip_texts, self._damages = with_media, strip_texts, damages
        self._written: list[tuple[ExecutionRecord, Path]] = []
        self._media: dict[Path, Copied] = {}

    def readable(self, rows: Iterable[ExecutionRow]) -> Iterator[ExecutionRecord]:
        """The records of rows, without those that cannot be read."""
        for _, record in read_rows(self._data_dir, rows, on_damage=self._damages):
            if record is not None:
                yield record

    def write(self, record: ExecutionRecord, *, is_quiet: bool) -> None:
        """One document, and its media where they are wanted."""
        document = render_document(record, self._form, data_dir=self._data_dir, options=self._options)
        if self._out is None:
            _to_stdout(document, self._form)
            self._note(record)
            return
        path = self._places.place_of(record, document) if self._places else self._out
        write_file(path, document)
        self._note(record)
        self._written.append((replace(record, items=(), spans=(), attachments={}), path))
        if self._with_media:
            audience = self._options.get("audience", Audience.RESEARCHER)
            copied = copy_media(record, self._data_dir, path.parent, strip_texts=self._strip_texts, audience=audience)
            self._media[path] = copied
        if not is_quiet:
            _say(path, self._media.get(path))

    def _note(self, record: ExecutionRecord) -> None:
        entry = {"execution_id": record.execution_id, "format": self._format_name}
        self._audit.note(Act.EXPORT, this_user(), **entry)

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
            "format": self._format_name,
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
