"""`otel-tracking export`: runs as documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from devserver.cli.complaints import FAILED, INTERRUPTED, complain
from devserver.cli.damages import complain_of
from devserver.cli.exporting import DocumentWish, Exporting
from devserver.cli.kept_back import kept_back_as_dict, say_kept_back
from devserver.cli.options import json_option, privacy_options, refuse, selection_options
from devserver.cli.output import print_json, progress_bar
from devserver.cli.records import chosen_rows, none_found
from devserver.cli.showing.text import count
from devserver.cli.stopping import stop_by_either_signal
from devserver.cli.streams import say
from devserver.cli.tables import reads_tables, table_options
from exporters.formats import format_named
from exporters.formats.documents import CHOICES, check_options
from exporters.privacy.way_out import WayOut, kept_back_in_words, open_way_out
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionRow


@click.command("export")
@click.argument("executions", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every run that is stored.")
@selection_options
@click.option("--format", "format_name", default="json", show_default=True, metavar="NAME", help="What to write.")
@click.option(
    "--out",
    "place",
    metavar="FILE|DIR/",
    help="Where to: a file for one run, a directory for several. Not given: standard output.",
)
@click.option("--audience", type=click.Choice(CHOICES["audience"]), help="student: without what a check said no to.")
@click.option("--language", type=click.Choice(CHOICES["language"]), help="The language of the document's own words.")
@click.option("--with-media", is_flag=True, help="Also the pictures and sounds, as files: media/ beside the documents.")
@click.option(
    "--strip-texts", is_flag=True, help="With --with-media: PNG files without the prompts and graphs in them."
)
@click.option("--resume", is_flag=True, help="Go on: documents that are there already, whole and as wanted, stay.")
@privacy_options
@table_options
@json_option
@reads_tables(texts=["executions"])
def command(
    executions: tuple[str, ...],
    data_dir: Path,
    everything: bool,
    format_name: str,
    place: str | None,
    with_media: bool,
    strip_texts: bool,
    resume: bool,
    as_json: bool,
    audience: str | None,
    language: str | None,
    profile: str,
    roster: Path | None,
    with_marked: bool,
    **selection: Any,
) -> int:
    """Write runs as documents, one document a run.

    One run without --out goes to standard output. Files that are there already are replaced, each in one step, but
    never by another run's. A wrong --format lists those there are; with --json the answer says which files were
    written. Runs that cannot be read are named, the others are written, and the exit code is 1. Runs of a study that
    wants consent leave with consent alone, and marked ones in a selection only --with-marked; how many did not is said.
    """
    if strip_texts and not with_media:
        raise refuse("--strip-texts is about media files: add --with-media. Pictures in documents never hold texts.")
    out = None if place is None else Path(place)
    form = format_named(format_name)
    said = {name: value for name, value in (("audience", audience), ("language", language)) if value is not None}
    check_options(said, [form])
    stop_by_either_signal()
    damages, study = Damages(), selection["study_id"]
    way_out = open_way_out(data_dir, profile, study=study, roster=roster, with_marked=with_marked or bool(executions))
    rows = list(filter(way_out.lets_out, chosen_rows(data_dir, executions, everything, selection, damages)))
    if not rows:
        complain_of(damages)
        _complain_of_nothing(data_dir, selection, way_out)
        return FAILED
    if out is None and (len(rows) != 1 or as_json or with_media):
        raise refuse("several documents, media, or --json, need a place to go: --out DIR would work.")
    is_one_file = len(rows) == 1 and (out is None or bool(out.suffix) or not with_media)
    into_directory = out is not None and (out.is_dir() or not is_one_file or str(place).endswith("/"))
    if out is not None and into_directory and out.exists() and not out.is_dir():
        raise refuse(f"{out} is a file; a directory is needed for several runs.")
    wish = DocumentWish(
        form, format_name, said, out, into_directory=into_directory, with_media=with_media, strip_texts=strip_texts
    )
    export = Exporting(data_dir, wish, way_out, damages)
    try:
        _write(export, rows, resume=resume, is_quiet=as_json)
    except KeyboardInterrupt:
        if out is None:
            raise
        complain(_stopped(export.made, len(rows)))
        return INTERRUPTED
    if as_json:
        print_json({**export.answer(), **kept_back_as_dict(way_out)})
    elif out is not None:
        if export.resumed:
            say(f"{count(export.resumed, 'document')} of {len(rows):,} were there already")
        say_kept_back(way_out)
    complain_of(damages)
    for trouble in way_out.troubles:
        complain(trouble)
    return FAILED if damages or export.missing or way_out.troubles else 0


def _write(export: Exporting, rows: Sequence[ExecutionRow], *, resume: bool, is_quiet: bool) -> None:
    """The documents: under a bar where there is a terminal, and a line for each when they are there."""
    with progress_bar("documents") if len(rows) > 1 else nullcontext() as bar:
        tell = bar and (lambda done: bar(completed=done, total=len(rows)))
        export.write_all(rows, resume=resume, progress=tell or (_nobody if is_quiet else None))
    if bar and not is_quiet:
        export.say_all()


def _nobody(done: int) -> None:
    """Nobody is told."""


def _stopped(made: int, of: int) -> str:
    return f"stopped: {made:,} of {count(of, 'document')} are there, each of them whole; with --resume it goes on"


def _complain_of_nothing(data_dir: Path, selection: Mapping[str, Any], way_out: WayOut) -> None:
    for trouble in way_out.troubles:
        complain(trouble)
    reasons = way_out.kept_back
    complain(f"no run may leave: {kept_back_in_words(reasons)}" if reasons else none_found(data_dir, selection))
