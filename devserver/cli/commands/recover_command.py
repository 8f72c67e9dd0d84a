"""`otel-tracking recover`: write the records of runs whose process died."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from collectors import RecoveryReport, recover
from devserver.cli.complaints import FAILED
from devserver.cli.options import data_option, json_option
from devserver.cli.output import print_json
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from devserver.erasing import finish_erasures
from devserver.research import with_outbox
from devserver.settings import Settings
from exporters import ParquetSink


@click.command("recover")
@click.option(
    "--journal",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Where the journals are, if not in /dev/shm.",
)
@data_option
@json_option
def command(data_dir: Path, journal: Path | None, as_json: bool) -> int:
    """Write the records of runs whose process died.

    While a run goes on, everything it logs is also kept in memory outside of its process. Where the process was
    killed, this command makes records of what was kept. Starting a run does the same for earlier ones. Runs of other
    data directories are left alone, and nothing is written twice. So is what is not this user's alone: where it lies,
    whose it is and what would help is said.
    """
    settings = Settings.from_environment(data_dir=data_dir)
    finish_erasures(settings)
    sinks = with_outbox([ParquetSink(data_dir)], settings)
    try:
        report = recover(sinks, directory=journal)
    finally:
        for sink in sinks:
            sink.close()
    if as_json:
        print_json(
            {
                "recovered": list(report.recovered),
                "already_durable": report.already_durable,
                "failed": report.failed,
                "refused": report.refused,
                "left_alone": [asdict(what) for what in report.left_alone],
            }
        )
    else:
        for execution_id in report.recovered:
            say(f"recovered {safe_line(execution_id)}")
        for what in report.left_alone:
            say(f"left alone: {safe_line(what)}")
        say(_summary(report))
    return FAILED if report.failed else 0


def _summary(report: RecoveryReport) -> str:
    if not report.recovered and not report.failed and not report.refused:
        return "Nothing to recover: every run of this data directory is stored"
    parts = [f"{count(len(report.recovered), 'run')} recovered"]
    if report.already_durable:
        parts.append(f"{report.already_durable} stored already")
    if report.refused:
        parts.append(f"{report.refused} erased earlier and not kept")
    if report.failed:
        parts.append(f"{report.failed} could not be written or read and stay where they are")
    return ", ".join(parts)
