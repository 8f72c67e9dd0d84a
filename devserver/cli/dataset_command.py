"""`otel-tracking dataset`: stored runs as a dataset that can be cited."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from devserver.audit import Act, Audit, this_user
from devserver.cli.options import data_option, json_option, read_moment
from devserver.cli.output import console, print_json
from devserver.cli.text import count
from exporters.dataset import Dataset, make_dataset
from exporters.dataset.readme import Description
from otel_tracking import Status


@click.command("dataset")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--config", "config_name", metavar="NAME", help="Only runs of this configuration.")
@click.option("--since", callback=read_moment, metavar="TIME", help="Only runs from then on: 2026-11-23, or today.")
@click.option("--until", callback=read_moment, metavar="TIME", help="Only runs before then.")
@click.option("--study", "study_id", metavar="NAME", help="Only runs of this study.")
@click.option(
    "--status", type=click.Choice([status.value for status in Status]), help="Only runs that ended like this."
)
@click.option("--title", default=Description().title, show_default=True, help="The dataset's title.")
@click.option("--author", "authors", multiple=True, metavar="NAME", help="Who made it; may be given several times.")
@click.option("--licence", default="", metavar="NAME", help="Under which others may use it, such as CC-BY-4.0.")
@click.option("--replace", is_flag=True, help="A dataset that is at OUT already may go.")
@data_option
@json_option
def command(
    out: Path,
    data_dir: Path,
    as_json: bool,
    title: str,
    authors: tuple[str, ...],
    licence: str,
    replace: bool,
    **selection: Any,
) -> None:
    """Write the wanted runs as a dataset into the directory OUT.

    It has the tables executions, items and journeys (one row per step of a text) as Parquet and CSV, a codebook,
    checksums, and a README that says how to cite it. The same runs and options give the same bytes.
    """
    description = Description(title=title, authors=authors, licence=licence)
    with _progress() as tell:
        made = make_dataset(data_dir, out, description=description, replace=replace, progress=tell, **selection)
    Audit(data_dir).note(Act.DATASET, this_user(), executions=made.rows["executions"], identifier=made.identifier)
    if as_json:
        answer = {"path": str(made.path), "rows": made.rows, "files": list(made.files), "identifier": made.identifier}
        print_json(answer)
    else:
        click.echo(_summary(made))


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("tables")
        yield lambda name, done, tables: progress.update(task, completed=done, total=tables, description=name)


def _summary(made: Dataset) -> str:
    rows = made.rows
    found = f"{count(rows['executions'], 'run')}, {count(rows['items'], 'item')}, {rows['journeys']} steps of texts"
    return f"{made.path}: {found}\nREADME.md says how to read and cite it; its identifier is {made.identifier[:16]}…"
