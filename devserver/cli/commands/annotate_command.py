"""`otel-tracking annotate`: what a study's own code book asks of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from devserver.cli.annotating import annotate, annotate_from, annotate_to
from devserver.cli.codebook import edit_codebook
from devserver.cli.options import is_chosen, json_option, refuse, selection_options
from devserver.cli.tables import reads_tables, table_options
from exporters.privacy.profiles import Profile
from exporters.remarks.variables import VariableType

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("annotate")
@click.argument("words", metavar="[ID]... [NAME=VALUE]...", nargs=-1)
@click.option("--from", "source", type=_FILE, metavar="FILE", help="Keep what a sheet (CSV) says of its runs.")
@click.option("--partial", "is_partial", is_flag=True, help="With --from: keep the rows that are right.")
@click.option("--clear-empty", "clears_empty", is_flag=True, help="With --from: an empty cell takes away.")
@click.option(
    "--to", "target", type=_FILE, metavar="FILE", help="Write the sheet (CSV) of what was said, or of a choice."
)
@selection_options
@click.option("--by", metavar="WHO", help="Who says it; the user of this machine unless said.")
@click.option("--codebook", "is_codebook", is_flag=True, help="Show the variables; --from and --to are for these then.")
@click.option("--add", metavar="NAME", help="With --codebook: a new variable.")
@click.option("--change", metavar="NAME", help="With --codebook: what is said beside it is so from now on.")
@click.option("--remove", metavar="NAME", help="With --codebook: the variable goes, with its values.")
@click.option("--type", "kind", type=click.Choice([one.value for one in VariableType]), help="What its values are.")
@click.option("--choice", "choices", multiple=True, metavar="VALUE", help="A value of a choice; once for each.")
@click.option("--label", metavar="TEXT", help="What it is called in documents.")
@click.option("--description", metavar="TEXT", help="What it means.")
@click.option(
    "--leaves",
    type=click.Choice([profile.value for profile in Profile]),
    help="The strictest profile under which its values leave; full unless said.",
)
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@table_options
@json_option
@reads_tables(whole=False)
def command(data_dir: Path, words: tuple[str, ...], as_json: bool, is_codebook: bool, **given: Any) -> int:
    """Say of runs what a code book of your own asks for, beside the records and never in them.

    \b
    otel-tracking annotate --codebook --add quality --type choice --choice low --choice high
    otel-tracking annotate ID quality=high
    otel-tracking annotate --to sheet.csv --study garden     and, once it is filled in,
    otel-tracking annotate --from sheet.csv

    An empty value takes away what was said; an ID alone shows it. In a sheet, the first column is execution_id. Unknown
    runs and variables and wrong values are all named, and then nothing is kept.

    With --codebook, --study is the study whose runs may have the variable. Values leave under a profile only where the
    variable says so (--leaves).
    """
    wish = {name: given.pop(name) for name in ("source", "target", "add", "change", "remove", "is_sure")}
    by, is_partial, clears_empty = (given.pop(name) for name in ("by", "is_partial", "clears_empty"))
    said = _said_of_variable({name: given.pop(name) for name in ("kind", "choices", "label", "description", "leaves")})
    selection = given
    if is_codebook:
        name = selection.pop("study_id")
        if words or is_chosen(selection):
            raise refuse("--codebook is about variables, not runs.")
        study = {} if name is None else {"study": name or None}
        return edit_codebook(data_dir, wish, {**said, **study}, as_json=as_json)
    if said or wish["add"] or wish["change"] or wish["remove"]:
        raise refuse("variables are made and changed with --codebook beside it.")
    if sum(map(bool, (words, wish["source"], wish["target"]))) > 1:
        raise refuse("one thing at a time: runs, --from or --to.")
    if is_chosen(selection) and not wish["target"]:
        raise refuse("options that choose runs are for --to; in a sheet, runs are named by their ids.")
    if wish["source"]:
        shared = {"is_partial": is_partial, "clears_empty": clears_empty, "as_json": as_json}
        return annotate_from(data_dir, wish["source"], by, **shared)
    if wish["target"]:
        return annotate_to(data_dir, wish["target"], selection, as_json=as_json)
    return annotate(data_dir, words, by, as_json=as_json)


def _said_of_variable(given: dict[str, Any]) -> dict[str, Any]:
    """What was said of a variable, by the names of its fields."""
    said = {"type" if name == "kind" else name: value for name, value in given.items()}
    return {name: value for name, value in said.items() if value not in (None, ())}
