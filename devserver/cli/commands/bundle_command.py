"""`otel-tracking bundle`: many runs as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from devserver.audit import Act, Audit, this_user
from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.kept_back import kept_back_as_dict, say_kept_back
from devserver.cli.options import json_option, privacy_options, selection_options
from devserver.cli.output import print_json, progress_bar
from devserver.cli.showing.text import count
from devserver.cli.stopping import stop_by_either_signal
from devserver.cli.streams import say
from devserver.cli.tables import reads_tables, table_options
from exporters.collections import CollectionOptions
from exporters.collections.making import format_of, make_collection
from exporters.formats.documents import CHOICES
from exporters.privacy.way_out import open_way_out
from exporters.storage.reading.damage import Damages


@click.command("bundle")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@selection_options
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    help="What to write; else as OUT ends, and qdpx without an ending.",
)
@click.option("--title", default=CollectionOptions().title, show_default=True, help="What it is called.")
@click.option("--language", type=click.Choice(CHOICES["language"]), default="en", help="The language of its own words.")
@click.option(
    "--texts",
    type=click.Choice(["journey", "hops"]),
    default="journey",
    show_default=True,
    help="One text for each run, or one for each of its texts.",
)
@click.option(
    "--classes",
    type=click.Choice(["prompts", "final_texts"]),
    help="Also a text for each session, with the prompts or the last texts of its runs.",
)
@click.option(
    "--audience",
    type=click.Choice(CHOICES["audience"]),
    default=CollectionOptions().audience,
    show_default=True,
    help="For whom a document is.",
)
@click.option("--compare", is_flag=True, help="In a document, lay runs side by side that began alike.")
@privacy_options
@table_options
@json_option
@reads_tables()
def command(
    out: Path,
    data_dir: Path,
    as_json: bool,
    format_name: str | None,
    title: str,
    language: str,
    texts: str,
    classes: str | None,
    audience: str,
    compare: bool,
    profile: str,
    roster: Path | None,
    with_marked: bool,
    **selection: Any,
) -> int:
    """Write many runs as one file OUT: a document to read, or one for a researcher's program.

    Documents with title, contents, summary, plots and each run as a chapter: pdf, docx, html. Others: a REFI-QDA
    project (qdpx) or code book (qdc), texts for coding (coding_txt, coding_docx), a table as survey programs want it
    (survey_csv). The same runs and options give the same bytes. A file that is there is replaced.

    Runs of a study that wants consent leave with consent alone, and marked ones --with-marked. Where no run may leave
    the exit code is 1; it is also 1 where runs could not be read: they are named, and the others are written.
    """
    stop_by_either_signal()
    damages, study = Damages(), selection["study_id"]
    way_out = open_way_out(data_dir, profile, study=study, roster=roster, with_marked=with_marked)
    format_name = format_name or format_of(out)
    told: dict[str, Any] = {"title": title, "language": language, "texts": texts, "classes": classes or ""}
    options = CollectionOptions(**told, audience=audience, compare=compare)
    with progress_bar("runs") as bar:
        tell = bar and (lambda done, of: bar(completed=done, total=of))
        try:
            shared: dict[str, Any] = {"way_out": way_out, "on_damage": damages, "progress": tell}
            made = make_collection(data_dir, out, format_name, options=options, **shared, **selection)
        finally:
            complain_of(damages)
            for trouble in way_out.troubles:
                complain(trouble)
    Audit(data_dir).note(Act.EXPORT, this_user(), executions=made.runs, format=format_name)
    if as_json:
        answer = {"path": str(made.path), "format": format_name, "runs": made.runs}
        print_json({**answer, **kept_back_as_dict(way_out), "damaged": damages_as_dicts(damages)})
    else:
        say(f"{made.path}: {count(made.runs, 'run')}")
        say_kept_back(way_out)
    return FAILED if damages or way_out.troubles else 0
