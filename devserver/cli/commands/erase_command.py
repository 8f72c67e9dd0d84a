"""`otel-tracking erase`: everything of some runs is removed, for good."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from devserver.audit import Act, Audit, this_user
from devserver.cli.complaints import FAILED, complain
from devserver.cli.options import ask, is_chosen, json_option, refuse, selection_options
from devserver.cli.output import print_json, progress_bar
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from devserver.cli.tables import reads_tables, table_options
from devserver.erasing import places_of, reason_of, whose
from devserver.settings import Settings
from exporters import find_run
from exporters.erasure import ErasureReport, FoundRuns, Progress, Reason, erase, find, new_erasure, resume
from exporters.errors import UnknownExecution
from exporters.storage.reading.selection import Wanted
from exporters.story.readable import size
from otel_tracking.erasure import IsMeant, Place, RunId
from otel_tracking.pseudonyms import KINDS
from otel_tracking.record import ExecutionRecord


@click.command("erase")
@click.argument("executions", metavar="[ID]...", nargs=-1)
@selection_options
@click.option("--dry-run", "is_tried", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--resume", "is_resumed", is_flag=True, help="Finish an erasure that was interrupted, and nothing else.")
@table_options
@json_option
@reads_tables(whole=False, texts=["executions"], is_told=True)
def command(
    executions: tuple[str, ...],
    data_dir: Path,
    table: str | None,
    media_store: str | None,
    is_tried: bool,
    is_sure: bool,
    is_resumed: bool,
    as_json: bool,
    **selection: Any,
) -> int:
    """Erase runs for good: rows, pictures, documents, what was exported, and what waits to be stored.

    Runs are named by their IDs, or chosen: --user NAME is everything of a person. What will go is said first, and
    asked about. Whatever brings an erased run again (an import, a late trace) is taken and not kept.

    With --user, --session or --device, --study NAME means the person under the study's pseudonym, too.

    With --data s3://… it is from the tables of many servers, from their history and from the store of media; workers do
    not bring the runs back.

    A stopped erasure is finished by the next command that stores runs, or by --resume. At the end is said what cannot
    be reached from here. Where no run is found, or something is left, the exit code is 1.
    """
    settings, erasure = Settings.from_environment(data_dir=data_dir), new_erasure()
    places = [*places_of(settings), *_tables(table, media_store, erasure)]
    if is_resumed:
        with erasing_bar() as tell:
            return _tell(data_dir, resume(data_dir, places, progress=tell), as_json)
    is_meant = _meant(data_dir, executions, selection)
    found = find(data_dir, is_meant, places)
    if not found.runs:
        complain(f"nothing in {data_dir} is of these runs; otel-tracking list shows what is there")
        return FAILED
    if is_tried:
        print_json(_found_as_dict(found)) if as_json else say(_sentence(found))
        return 0
    if not is_sure:
        if as_json:
            raise refuse("with --json nobody can be asked: add --yes, or --dry-run.")
        ask(f"{_sentence(found)}\nErase all of it, for good?")
    if not executions:
        from devserver.web.rooms.erasing import forget_pupils  # only here: who asks what would go needs no rooms

        forget_pupils(data_dir, is_meant)
    with erasing_bar() as tell:
        done = erase(
            data_dir, is_meant, places=places, reason=_reason(executions, selection), erasure=erasure, progress=tell
        )
    return _tell(data_dir, done, as_json)


def _tables(table: str | None, media_store: str | None, erasure: str) -> list[Place]:
    """The tables of a programme, where it is these that runs are erased from."""
    if table is None:
        return []
    from exporters.delta.erasing import TableRows  # these bring Arrow and Delta, half a second of it
    from exporters.delta.stored_media import StoredMedia
    from exporters.delta.tables import DeltaStore

    return [TableRows(DeltaStore(table), erasure, StoredMedia(media_store) if media_store else None)]


def _meant(data_dir: Path, executions: tuple[str, ...], selection: dict[str, Any]) -> IsMeant:
    """Which runs the command line means; a refusal where it means none, or does not say which."""
    if bool(executions) == is_chosen(selection):
        raise refuse("name one or more runs, or choose some (--user NAME); otel-tracking list has ids.")
    if executions:
        runs = [_run(data_dir, text) for text in executions]
        return lambda record: any(_is(run, record) for run in runs)
    people = {name: selection[name] for name in KINDS if selection.get(name) is not None}
    others = {name: value for name, value in selection.items() if name not in people}
    study = others.pop("study_id", None) if people else None
    pseudonyms = None
    if study:
        from exporters.privacy.studies import open_study  # only here: most erasures name no study

        pseudonyms = open_study(data_dir, study).pseudonyms
    is_theirs = whose(people, pseudonyms)
    wanted = Wanted(others)  # type: ignore[arg-type]  # the options are those of `Selection`
    return lambda record: is_theirs(record) and wanted.accepts(record)


def _run(data_dir: Path, text: str) -> RunId:
    """The run that a text means; itself where none is stored, since something of it may lie elsewhere."""
    try:
        row = find_run(data_dir, text)
    except UnknownExecution:
        return RunId(text, text)
    return RunId(row.execution_id, row.trace_id)


def _is(run: RunId, record: ExecutionRecord) -> bool:
    if run.execution_id == run.trace_id:
        return run.trace_id in (record.execution_id, record.trace_id)
    return RunId(record.execution_id, record.trace_id) == run


def _reason(executions: tuple[str, ...], selection: dict[str, Any]) -> Reason:
    if executions:
        return Reason.EXECUTION
    return next((reason_of(name) for name in KINDS if selection.get(name) is not None), Reason.QUERY)


def _tell(data_dir: Path, done: ErasureReport | None, as_json: bool) -> int:
    """Say what was done, and keep that it was, without saying of whom."""
    if done is None or done.erasure is None:
        print_json(None) if as_json else say("Nothing to erase" if done else "No erasure was interrupted")
        return FAILED if done else 0
    Audit(data_dir).note(Act.ERASE, this_user(), executions=len(done.runs), erasure=done.erasure, reason=done.reason)
    if as_json:
        print_json(done.to_dict())
    else:
        say(_summary(done))
        for one in done.beyond:
            say(f"beyond reach: {safe_line(one.what)}: {safe_line(one.advice)}")
    for path in done.left:
        complain(f"{path} still has something of these runs; otel-tracking verify --all says what is wrong with it")
    return 0 if done.complete else FAILED


def _sentence(found: FoundRuns) -> str:
    parts = [count(len(found.runs), "run"), count(found.items, "item")]
    parts += [f"{count(found.files, 'file')} ({size(found.bytes)})"] if found.files else []
    parts += [count(len(found.exports), "export") + " in which they are"] if found.exports else []
    return f"To be erased: {', '.join(parts)}"


def _summary(done: ErasureReport) -> str:
    files, total = len(done.removed), sum(one.bytes for one in done.removed)
    return (
        f"{count(len(done.runs), 'run')} erased: {count(files, 'file')} removed or written anew ({size(total)}); "
        f"erasures/{done.erasure}.json says which"
    )


def _found_as_dict(found: FoundRuns) -> dict[str, Any]:
    exports = [{"kind": export.kind.value, "path": export.path, "time": export.time} for export in found.exports]
    runs = sorted(run.execution_id for run in found.runs)
    return {"runs": runs, "items": found.items, "files": found.files, "bytes": found.bytes, "exports": exports}


@contextlib.contextmanager
def erasing_bar() -> Iterator[Progress | None]:
    """A bar on the terminal that an erasure moves; None on none."""
    with progress_bar("erasing") as bar:
        yield bar and (lambda what, done, of: bar(completed=done, total=of or None, description=what))
