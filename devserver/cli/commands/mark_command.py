"""`otel-tracking mark`: say that runs are tests, or are to be left out, or what there is to know of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.options import ask, json_option, refuse, selection_options
from devserver.cli.output import print_json
from devserver.cli.records import chosen_rows, none_found
from devserver.cli.remarking import ids_of, keep, remarks_as_dict
from devserver.cli.showing.text import count
from devserver.cli.streams import say
from devserver.cli.tables import reads_tables, table_options
from exporters.remarks.remarks import CLEARED, RemarkChange, RunMark
from exporters.storage.reading.damage import Damages


@click.command("mark")
@click.argument("executions", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every run that is stored.")
@selection_options
@click.option("--test", "is_test", is_flag=True, help="They are tests, and leave in no selection.")
@click.option("--exclude", "is_excluded", is_flag=True, help="They are to be left out: they leave in no selection.")
@click.option("--note", is_flag=False, flag_value="", metavar="TEXT", help="What there is to know of them.")
@click.option("--clear", is_flag=True, help="Take away: what stands beside it, or else marks and note.")
@click.option("--by", metavar="WHO", help="Who says it; the user of this machine unless said.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@table_options
@json_option
@reads_tables(whole=False, texts=["executions"])
def command(
    executions: tuple[str, ...],
    data_dir: Path,
    everything: bool,
    is_test: bool,
    is_excluded: bool,
    note: str | None,
    clear: bool,
    by: str | None,
    is_sure: bool,
    as_json: bool,
    **selection: Any,
) -> int:
    """Mark runs: as tests, as excluded, with a note. The records stay as they are.

    Runs are named by their IDs, or chosen: then is said how many there are, and asked. Marked runs leave in no
    selection (export, bundle, dataset) from then on, unless --with-marked says so; a run that is named by its ID always
    leaves. What is said once more takes the place of what was said before.

    Ends with exit code 1 where no run is what was asked for.
    """
    change = _change(is_test=is_test, is_excluded=is_excluded, note=note, clear=clear)
    damages = Damages()
    rows = list(chosen_rows(data_dir, executions, everything, selection, damages))
    complain_of(damages)
    if not rows:
        complain(none_found(data_dir, selection))
        return FAILED
    what = _in_words(change)
    if not executions and not is_sure:
        if as_json:
            raise refuse("with --json nobody can be asked: add --yes.")
        ask(f"{count(len(rows), 'run')}: {what}?")
    runs = ids_of(rows)
    book = keep(data_dir, dict.fromkeys(runs, change), by)
    if as_json:
        print_json({"runs": [remarks_as_dict(run, book.of(run)) for run in runs], "damaged": damages_as_dicts(damages)})
    else:
        say(f"{count(len(rows), 'run')}: {what}")
    return FAILED if damages else 0


def _change(*, is_test: bool, is_excluded: bool, note: str | None, clear: bool) -> RemarkChange:
    """What is said; a refusal where nothing is."""
    marks = [mark for mark, is_said in ((RunMark.TEST, is_test), (RunMark.EXCLUDE, is_excluded)) if is_said]
    if not marks and note is None:
        if not clear:
            raise refuse("nothing is said of them: --test, --exclude, --note TEXT or --clear would work.")
        return CLEARED
    if clear and note:
        raise refuse("--clear --note takes no text; --note TEXT alone keeps another one.")
    if note == "" and not clear:
        raise refuse("--note wants a text; --clear --note takes the note away.")
    return RemarkChange(marks=dict.fromkeys(marks, not clear), note=note)


def _in_words(change: RemarkChange) -> str:
    """What becomes of the runs: `marked as test, with a note`."""
    said = [f"{'marked' if is_set else 'no longer marked'} as {_WORDS[mark]}" for mark, is_set in change.marks.items()]
    notes = {None: [], "": ["without a note"]}
    return ", ".join(said + notes.get(change.note, ["with a note"]))


_WORDS = {RunMark.TEST: "test", RunMark.EXCLUDE: "excluded"}
