"""`otel-tracking dataset`: stored runs as a dataset that can be cited."""

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
from exporters.dataset import CRATES, Dataset, make_dataset
from exporters.dataset.about import Description
from exporters.dataset.licences import KNOWN, Licence
from exporters.errors import suggest
from exporters.privacy.way_out import open_way_out
from exporters.storage.reading.damage import Damages


@click.command("dataset")
@click.argument("out", type=click.Path(path_type=Path))
@selection_options
@click.option("--title", default=Description().title, show_default=True, help="The dataset's title.")
@click.option(
    "--author",
    "authors",
    multiple=True,
    metavar="NAME",
    help='Who made it: "Family, Given <ORCID> (affiliation)", of which the name is enough; repeatable.',
)
@click.option("--licence", default="", metavar="NAME", help="Under which others may use it: an SPDX id, a URL, a name.")
@click.option("--media/--no-media", "with_media", default=True, help="With the pictures and sounds themselves.")
@click.option(
    "--crate",
    type=click.Choice(CRATES),
    default=CRATES[0],
    show_default=True,
    help="How ro-crate-metadata.json tells what happened: each stage, or also the workflow and who organised it.",
)
@click.option("--semantics", is_flag=True, help="Measure how near texts are in meaning, too: 1,000 texts take 15 s.")
@privacy_options
@click.option("--replace", is_flag=True, help="A dataset that is at OUT already may go.")
@table_options
@json_option
@reads_tables()
def command(
    out: Path,
    data_dir: Path,
    as_json: bool,
    title: str,
    authors: tuple[str, ...],
    licence: str,
    with_media: bool,
    crate: str,
    semantics: bool,
    profile: str,
    roster: Path | None,
    with_marked: bool,
    replace: bool,
    **selection: Any,
) -> int:
    """Write the wanted runs as a dataset into the directory OUT.

    It has the tables executions, items and journeys (one row per step of a text) as Parquet and CSV, pictures and
    sounds, a codebook, checksums, and what describes it: README, RO-Crate, Croissant, DataCite, CITATION.cff. The same
    runs and options give the same bytes. Nobody may use it without a licence, and none is assumed.

    Runs of a study that wants consent leave with consent alone, and marked ones --with-marked; how many did not is said
    here and in the README.

    Where no run matches there is no dataset, and the exit code is 1. It is also 1 where runs could not be read: they
    are named here, left out of the dataset, and counted in its README.
    """
    stop_by_either_signal()
    damages = Damages()
    study = selection["study_id"]
    way_out = open_way_out(data_dir, profile, study=study, roster=roster, with_marked=with_marked)
    description = Description(title=title, authors=authors, licence=licence)
    with progress_bar("runs") as bar:
        tell = bar and (lambda name, done, of: bar(completed=done, total=of, description=name))
        try:
            options: dict[str, Any] = {
                "description": description,
                "way_out": way_out,
                "with_media": with_media,
                "crate": crate,
                "replace": replace,
                "semantics": semantics,
                "progress": tell,
            }
            made = make_dataset(data_dir, out, on_damage=damages, **options, **selection)
        finally:
            complain_of(damages)
            for trouble in way_out.troubles:
                complain(trouble)
    Audit(data_dir).note(Act.DATASET, this_user(), executions=made.rows["executions"], identifier=made.identifier)
    if as_json:
        answer = {"path": str(made.path), "rows": made.rows, "files": list(made.files), "media": made.media}
        said = {"identifier": made.identifier, "licence": _licence_as_dict(description.terms)}
        print_json({**answer, **said, **kept_back_as_dict(way_out), "damaged": damages_as_dicts(damages)})
    else:
        say(_summary(made))
        say(_terms(description))
        say_kept_back(way_out)
    return FAILED if damages or way_out.troubles else 0


def _summary(made: Dataset) -> str:
    rows = made.rows
    found = f"{count(rows['executions'], 'run')}, {count(rows['items'], 'item')}, {rows['journeys']} steps of texts"
    media = f", {count(made.media, 'media file')}" if made.media else ""
    whole = f"{made.path}: {found}{media}"
    return f"{whole}\nREADME.md says how to read and cite it; its identifier is {made.identifier[:16]}…"


def _terms(description: Description) -> str:
    """Under which licence it is, and what is still to be said."""
    terms = description.terms
    if terms is None:
        said = "It has no licence yet: nobody may use it. --licence CC-BY-4.0 or another one would say under which"
    elif not (terms.spdx or terms.url):
        said = f"Its licence is {terms.name!r}: LICENSE says no more than this name.{suggest(terms.name, KNOWN, 1)}"
    else:
        said = f"Its licence is {terms.spdx or terms.url}"
    return said if description.authors else f"{said}\nCITATION.cff needs --author"


def _licence_as_dict(terms: Licence | None) -> dict[str, str] | None:
    return {"name": terms.name, "spdx": terms.spdx, "url": terms.url} if terms else None
