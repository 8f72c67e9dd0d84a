"""`otel-tracking import`: take over runs that an earlier tracker or recorder wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from devserver.cli.complaints import FAILED, complain
from devserver.cli.importing import Importing, ImportResult, TakenOver, found_at
from devserver.cli.options import data_option, json_option
from devserver.cli.output import print_json, progress_bar
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from devserver.erasing import finish_erasures
from devserver.settings import Settings
from exporters.privacy.studies import facts_of


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--study", metavar="NAME", help="The study of runs that name none; people get its pseudonyms.")
@click.option("--allow-missing", is_flag=True, help="Take over folders in which files are missing, without these.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Read everything, say what would be done, write nothing.")
@data_option
@json_option
def command(
    paths: tuple[Path, ...],
    study: str | None,
    allow_missing: bool,
    is_dry_run: bool,
    data_dir: Path,
    as_json: bool,
) -> int:
    """Take over runs that an earlier tracker or recorder wrote.

    PATH is a JSON file of one record, a run's folder, or a directory of such: exports/json with its days and devices,
    pipeline_runs, or runs side by side. Nothing there is changed.

    Fields that nobody knows any more are kept. A run that is stored already is left alone, so the same may be imported
    twice, and one that was erased here is not taken over again. People of a study that wants pseudonyms at the source
    get theirs. What cannot be read is named, the rest is imported, and the exit code is 1.
    """
    if not is_dry_run:
        finish_erasures(Settings.from_environment(data_dir=data_dir))
    if study is not None:
        facts_of(data_dir, study)  # a name that was mistyped would leave people as they are
    importing = Importing(data_dir, study, allow_missing, is_dry_run)
    taken = list(_told(importing, paths, as_json))
    if as_json:
        print_json({"files": [_as_dict(one) for one in taken], "is_dry_run": is_dry_run})
    else:
        say(_summary(Counter(one.result for one in taken), sum(len(one.missing) for one in taken), is_dry_run))
    return FAILED if any(one.result is ImportResult.REFUSED for one in taken) else 0


def _told(importing: Importing, paths: Iterable[Path], as_json: bool) -> Iterator[TakenOver]:
    """Each file and folder, once it was said what became of it."""
    with progress_bar("runs") as bar:
        found = list(found_at(paths))
        for done, one in enumerate(importing.each(found), start=1):
            if bar:
                bar(completed=done, total=len(found))
            if one.reason:
                complain(one.reason)
            elif not as_json:
                say(f"{one.result} {safe_line(one.execution_id)}")
            yield one


def _as_dict(taken: TakenOver) -> dict[str, Any]:
    return {
        "file": str(taken.path),
        "result": taken.result.value,
        "execution_id": taken.execution_id,
        "reason": taken.reason,
        "missing": list(taken.missing),
    }


def _summary(results: Counter[ImportResult], missing: int, is_dry_run: bool) -> str:
    would = "would be " if is_dry_run else ""
    parts = [f"{count(results[ImportResult.IMPORTED], 'record')} {would}imported"]
    told = {
        f"{results[ImportResult.KNOWN]} stored already": results[ImportResult.KNOWN],
        f"{results[ImportResult.ERASED]} erased earlier and not kept": results[ImportResult.ERASED],
        f"{results[ImportResult.REFUSED]} refused": results[ImportResult.REFUSED],
        f"{count(missing, 'file')} missing": missing,
    }
    return ", ".join([*parts, *(sentence for sentence, number in told.items() if number)])
