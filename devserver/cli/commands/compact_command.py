"""`otel-tracking compact`: few files instead of many."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from devserver.cli.complaints import FAILED
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.options import data_option, json_option
from devserver.cli.output import print_json, progress_bar
from devserver.cli.showing.text import count
from devserver.cli.streams import say
from devserver.erasing import finish_erasures
from devserver.settings import Settings
from exporters import CompactionReport, compact
from exporters.story.readable import size


@click.command("compact")
@data_option
@json_option
def command(data_dir: Path, as_json: bool) -> int:
    """Join the many small files of past days into one file per day and table.

    Queries become faster and the data smaller; no record changes. Today's files are left alone. It may be stopped at
    any moment, and runs may be recorded meanwhile. A file that cannot be read is named and left where it is, with all
    that belongs to it, and the exit code is 1.
    """
    finish_erasures(Settings.from_environment(data_dir=data_dir))
    with progress_bar("days") as bar:
        report = compact(data_dir, progress=bar and (lambda done, of: bar(completed=done, total=of)))
    if as_json:
        days = [day.isoformat() for day in report.days]
        print_json({**asdict(report), "days": days, "damaged": damages_as_dicts(report.damaged)})
    else:
        say(_summary(report))
    complain_of(report.damaged)
    return FAILED if report.damaged else 0


def _summary(report: CompactionReport) -> str:
    if not report.days:
        return "Nothing to compact: past days have one file per table already"
    return (
        f"{count(len(report.days), 'day')} with {count(report.executions, 'run')}: "
        f"{report.files_before} files are now {report.files_after}, {size(report.bytes_before)} are now "
        f"{size(report.bytes_after)}"
    )
