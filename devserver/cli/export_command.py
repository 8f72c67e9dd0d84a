"""`otel-tracking export`: runs as documents."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from devserver.audit import Act, Audit, this_user
from devserver.cli.complaints import FAILED, complain
from devserver.cli.options import data_option, json_option, refuse
from devserver.cli.output import print_json
from devserver.cli.records import chosen_ids, load_each
from devserver.cli.text import count
from exporters.documents import CHOICES, check_options, render_document
from exporters.files import write_file
from exporters.formats import Format, format_named
from exporters.journey_parts import RESEARCHER
from exporters.layout import folder_name
from exporters.media_copies import Copied, copy_media
from otel_tracking import ExecutionRecord


@click.command("export")
@click.argument("executions", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every run that is stored.")
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
    **options: str | None,
) -> int:
    """Write runs as documents, one document a run.

    One run without --out goes to standard output. Files that are there already are replaced, each in one step. A
    wrong --format lists those there are; with --json the answer says which files were written.
    """
    if strip_texts and not with_media:
        raise refuse("--strip-texts is about media files: add --with-media. Pictures in documents never hold texts.")
    form = format_named(format_name)
    said = {name: value for name, value in options.items() if value is not None}
    check_options(said, [form])
    execution_ids = chosen_ids(data_dir, executions, everything)
    if out is None:
        _to_stdout(data_dir, execution_ids, form, said, as_json or with_media)
        for execution_id in execution_ids:
            Audit(data_dir).note(Act.EXPORT, this_user(), execution_id=execution_id, format=format_name)
        return 0
    into_directory = out.is_dir() or len(execution_ids) != 1 or (with_media and not out.suffix)
    if into_directory and out.exists() and not out.is_dir():
        raise refuse(f"{out} is a file; a directory is needed for {count(len(execution_ids), 'run')}.")
    audit = Audit(data_dir)
    written: dict[str, str] = {}
    media: dict[str, Copied] = {}
    for record in load_each(data_dir, execution_ids):
        path = out / _document_name(record, form) if into_directory else out
        write_file(path, render_document(record, form, data_dir=data_dir, options=said))
        written[record.execution_id] = str(path)
        audit.note(Act.EXPORT, this_user(), execution_id=record.execution_id, format=format_name)
        if with_media:
            audience = said.get("audience", RESEARCHER)
            copied = copy_media(record, data_dir, path.parent, strip_texts=strip_texts, audience=audience)
            media[record.execution_id] = copied
        if not as_json:
            _say(path, media.get(record.execution_id))
    missing = [file_path for copied in media.values() for file_path in copied.missing]
    if as_json:
        files = {execution_id: list(map(str, copied.written)) for execution_id, copied in media.items()}
        unclean = [file_path for copied in media.values() for file_path in copied.unclean]
        told = {"format": format_name, "exported": written, "media": files, "missing": missing}
        print_json({**told, "left_out": unclean} if unclean else told)
    return FAILED if missing else 0


def _say(path: Path, copied: Copied | None) -> None:
    """The files that were written, a line each, and what could not be read."""
    for written in (path, *(copied.written if copied else ())):
        click.echo(str(written))
    for file_path in copied.missing if copied else ():
        complain(f"{file_path} is not there or cannot be read; the rest was exported. See: otel-tracking verify")
    for file_path in copied.unclean if copied else ():
        complain(f"{file_path} was left out: what it says beside picture or sound cannot be taken out for students.")


def _to_stdout(
    data_dir: Path, execution_ids: list[str], form: Format, options: dict[str, str], needs_out: bool
) -> None:
    if len(execution_ids) != 1 or needs_out:
        raise refuse("several documents, media, or --json, need a place to go: --out DIR would work.")
    if sys.stdout.isatty() and not form.media_type.startswith(("text/", "application/json", "application/xml")):
        raise refuse(f"a {form.suffix} document is not for a terminal: --out FILE would work.")
    for record in load_each(data_dir, execution_ids):
        click.echo(render_document(record, form, data_dir=data_dir, options=options), nl=False)


def _document_name(record: ExecutionRecord, form: Format) -> str:
    return folder_name(record.execution_id) + form.suffix
