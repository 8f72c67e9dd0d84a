"""`otel-tracking annotate`: say of runs what a code book asks for, one by one or from a sheet, and write the sheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from devserver.audit import Act, Audit, this_user
from devserver.cli.complaints import BAD_ARGUMENTS, FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.kept_back import kept_back_as_dict, say_kept_back
from devserver.cli.options import is_chosen, refuse
from devserver.cli.output import print_json, progress_bar
from devserver.cli.remarking import ids_of, keep, remarks_as_dict, remarks_as_lines
from devserver.cli.showing.text import count, safe_text
from devserver.cli.streams import say
from exporters import ExecutionRow, each_execution, find_run
from exporters.collections.making import make_collection
from exporters.errors import WrongRemarks
from exporters.privacy.way_out import open_way_out
from exporters.remarks.remarks import RemarkChange
from exporters.remarks.sheet import changes_in, read_sheet, said_in_words
from exporters.remarks.store import RemarkStore
from exporters.storage.reading.damage import Damages
from otel_tracking.erasure import RunId

MOST_TOLD = 100
"""Sentences of what is wrong with a sheet that are told to people; programs get all."""


def annotate(data_dir: Path, words: Sequence[str], by: str | None, *, as_json: bool) -> int:
    """Keep `name=value`s of the runs that are named beside them; or show what there is, where there are none."""
    texts = [word for word in words if "=" not in word]
    values = dict(word.split("=", 1) for word in words if "=" in word)
    if not texts:
        raise refuse("name a run: otel-tracking annotate ID quality=3; or --from FILE, --to FILE, --codebook.")
    rows = list(dict.fromkeys(find_run(data_dir, text) for text in texts))
    store = RemarkStore(data_dir)
    if values:
        try:
            changes = {run: _change(store, row, values) for run, row in zip(ids_of(rows), rows, strict=True)}
        except WrongRemarks as wrong:
            return _complain(wrong.sentences)
        keep(data_dir, changes, by)
    book = store.read()
    if as_json:
        print_json({"runs": [remarks_as_dict(row, book.of(row)) for row in rows]})
        return 0
    for row in rows:
        said = remarks_as_lines(book, book.of(row))
        say(f"{row.execution_id}{'' if said else ': nothing was said of it yet'}")
        for one in said:
            say(f"  {safe_text(one.name)}: {safe_text(one.value)}")
    return 0


def _change(store: RemarkStore, row: ExecutionRow, values: Mapping[str, str]) -> RemarkChange:
    return said_in_words(store.read(), row, {name.strip(): value for name, value in values.items()})


def annotate_from(
    data_dir: Path, source: Path, by: str | None, *, is_partial: bool, clears_empty: bool, as_json: bool
) -> int:
    """Keep what a sheet says: all of it, or nothing; with `is_partial` the rows that are right."""
    damages, store = Damages(), RemarkStore(data_dir)
    try:
        book = store.read()
        sheet = read_sheet(source, book)
        runs = _runs_by_id(data_dir, damages)
        changes, wrong = changes_in(sheet, book, lambda name: runs.get(name, ()), clears_empty=clears_empty)
    except WrongRemarks as trouble:
        changes, wrong = {}, list(trouble.sentences)
    kept = changes if is_partial or not wrong else {}
    changed = _changed(book.runs, keep(data_dir, kept, by).runs, kept) if kept else 0
    if as_json:
        told = {"rows": len(kept), "changed": changed, "wrong": wrong}
        print_json({"file": str(source), **told, "damaged": damages_as_dicts(damages)})
    elif kept:
        say(f"{count(len(kept), 'run')} in {source}: {count(changed, 'run')} changed")
    complain_of(damages)
    if wrong and not as_json:
        _complain(wrong)
        rest = "the others were kept" if kept else "nothing was kept; --partial keeps the rows that are right"
        complain(f"{count(len(wrong), 'thing')} wrong in {source}: {rest}")
    return FAILED if wrong or damages else 0


def _runs_by_id(data_dir: Path, damages: Damages) -> dict[str, list[ExecutionRow]]:
    found: dict[str, list[ExecutionRow]] = defaultdict(list)
    with progress_bar("runs") as bar:
        for done, row in enumerate(each_execution(data_dir, on_damage=damages), start=1):
            found[row.execution_id].append(row)
            if bar and done % 1000 == 0:
                bar(completed=done, total=None)
    return dict(found)


def _changed(before: Mapping[RunId, Any], after: Mapping[RunId, Any], kept: Mapping[RunId, RemarkChange]) -> int:
    return sum(before.get(run) != after.get(run) for run in kept)


def annotate_to(data_dir: Path, target: Path, selection: Mapping[str, Any], *, as_json: bool) -> int:
    """Write the sheet of the chosen runs, or of all of which something was said."""
    damages, way_out = Damages(), open_way_out(data_dir, with_marked=True)
    executions = None if is_chosen(selection) else frozenset(way_out.remarks.runs)
    with progress_bar("runs") as bar:
        tell = bar and (lambda done, of: bar(completed=done, total=of))
        shared: dict[str, Any] = {"way_out": way_out, "on_damage": damages, "progress": tell, "executions": executions}
        try:
            made = make_collection(data_dir, target, "annotations_csv", **shared, **selection)
        finally:
            complain_of(damages)
            for trouble in way_out.troubles:
                complain(trouble)
    Audit(data_dir).note(Act.EXPORT, this_user(), executions=made.runs, format="annotations_csv")
    if as_json:
        answer = {"path": str(made.path), "runs": made.runs}
        print_json({**answer, **kept_back_as_dict(way_out), "damaged": damages_as_dicts(damages)})
    else:
        say(f"{made.path}: {count(made.runs, 'run')}")
        say_kept_back(way_out)
    return FAILED if damages or way_out.troubles else 0


def _complain(sentences: Sequence[str]) -> int:
    for sentence in sentences[:MOST_TOLD]:
        complain(sentence)
    if len(sentences) > MOST_TOLD:
        complain(f"and {len(sentences) - MOST_TOLD:,} more; --json has all of them")
    return BAD_ARGUMENTS
