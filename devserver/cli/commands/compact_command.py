"""`otel-tracking compact`: few files instead of many."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from devserver.cli.complaints import FAILED
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.options import json_option
from devserver.cli.output import print_json, progress_bar
from devserver.cli.showing.text import count
from devserver.cli.streams import say
from devserver.cli.tables import place_option
from devserver.erasing import finish_erasures
from devserver.settings import Settings
from exporters import CompactionReport, compact
from exporters.story.readable import size


@click.command("compact")
@place_option
@click.option(
    "--keep-hours",
    type=click.IntRange(min=0),
    default=168,
    show_default=True,
    help="With a URI: how long files stay that the tables have no more. 0 is for when nobody reads or writes.",
)
@json_option
def command(data_dir: Path | str, keep_hours: int, as_json: bool) -> int:
    """Join the many small files of past days into one file per day and table.

    Queries become faster and the data smaller; no record changes. Today's files are left alone. It may be stopped at
    any moment, and runs may be recorded meanwhile. A file that cannot be read is named and left where it is, with all
    that belongs to it, and the exit code is 1.

    With --data s3://… it is the tables of many servers: files are joined, what never became a run goes, and files that
    the tables have no more go after a week. Once a day is enough; workers may write meanwhile.
    """
    if isinstance(data_dir, str):
        return _keep_up(data_dir, keep_hours, as_json=as_json)
    finish_erasures(Settings.from_environment(data_dir=data_dir))
    with progress_bar("past days") as bar:
        report = compact(data_dir, progress=bar and (lambda done, of: bar(completed=done, total=of)))
    if as_json:
        days = [day.isoformat() for day in report.days]
        print_json({**asdict(report), "days": days, "damaged": damages_as_dicts(report.damaged)})
    else:
        say(_summary(report))
    complain_of(report.damaged)
    return FAILED if report.damaged else 0


def _keep_up(uri: str, keep_hours: int, *, as_json: bool) -> int:
    from exporters.delta.tables import DeltaStore  # these bring Arrow and Delta, half a second of it
    from exporters.delta.upkeep import keep_up

    with progress_bar("tables") as bar:
        done = keep_up(
            DeltaStore(uri), kept_hours=keep_hours, progress=bar and (lambda done, of: bar(completed=done, total=of))
        )
    if as_json:
        print_json({"tables": [asdict(one) for one in done]})
        return 0
    for one in done:
        orphans = f", {count(one.orphans, 'write')} that became no run removed" if one.orphans else ""
        files = f"{one.files_before} files are now {one.files_after}"
        say(f"{one.table}: {files}{orphans}, {count(one.removed, 'file')} of its history removed")
    return 0


def _summary(report: CompactionReport) -> str:
    if not report.days:
        return "Nothing to compact: past days have one file per table already"
    return (
        f"{count(len(report.days), 'day')} with {count(report.executions, 'run')}: "
        f"{report.files_before} files are now {report.files_after}, {size(report.bytes_before)} are now "
        f"{size(report.bytes_after)}"
    )
