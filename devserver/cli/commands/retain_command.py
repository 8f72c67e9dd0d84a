"""`otel-tracking retain`: erase the runs that are past their study's time."""

from __future__ import annotations

from pathlib import Path

import click

from devserver.audit import Act, Audit, this_user
from devserver.cli.commands.erase_command import erasing_bar
from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.options import ask, data_option, json_option, refuse
from devserver.cli.output import print_json
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from devserver.erasing import places_of
from devserver.settings import Settings
from exporters.erasure import ErasureReport, Reason, erase
from exporters.privacy.retention import Overdue, StudyRetention, overdue
from exporters.storage.reading.damage import Damages


@click.command("retain")
@click.option("--dry-run", is_flag=True, help="Only say which runs they are.")
@click.option("--yes", "is_sure", is_flag=True, help="Erase them without asking.")
@data_option
@json_option
def command(data_dir: Path, dry_run: bool, is_sure: bool, as_json: bool) -> int:
    """Erase the runs that are past their study's time, everywhere they are known to be.

    How long a study keeps its runs is its retention (otel-tracking study set NAME --retention DAYS), counted from when
    a run began. Runs of no study, and of one that keeps them for ever, stay. Run it once a day, with --yes.
    """
    damages = Damages()
    due = overdue(data_dir, on_damage=damages)
    if not dry_run and due.runs and not is_sure:
        if as_json:
            raise refuse("--json asks nobody; say --yes to erase, or --dry-run to look.")
        _tell(due)
        ask(f"Erase {count(due.runs, 'run')} for good?")
    report = None if dry_run or not due.runs else _erase(data_dir, due)
    if as_json:
        print_json(
            {
                **due.to_dict(),
                "is_dry_run": dry_run,
                "erasure": report and report.to_dict(),
                "damaged": damages_as_dicts(damages),
            }
        )
    elif report is None:
        _tell(due)
    else:
        say(f"{count(len(report.runs), 'run')} erased; erasures/{report.erasure}.json says what of them")
    left = report.left if report else ()
    for path in left:
        complain(f"{path} still has something of these runs; otel-tracking verify --all says what is wrong with it")
    complain_of(damages)
    return FAILED if damages or left else 0


def _erase(data_dir: Path, due: Overdue) -> ErasureReport | None:
    """Erase what is due, noted in the audit log as `otel-tracking erase` does; None where somebody was first."""
    places = places_of(Settings.from_environment(data_dir=data_dir))
    with erasing_bar() as tell:
        done = erase(data_dir, due.is_meant, places=places, reason=Reason.RETENTION, progress=tell)
    if done.erasure is None:
        return None
    Audit(data_dir).note(Act.ERASE, this_user(), executions=len(done.runs), erasure=done.erasure, reason=done.reason)
    return done


def _tell(due: Overdue) -> None:
    for entry in due.studies:
        say(_line(entry))
    if not due.studies:
        say("No study has a retention; otel-tracking study set NAME --retention DAYS gives it one")


def _line(entry: StudyRetention) -> str:
    kept = f"{safe_line(entry.study)}  {count(entry.days, 'day')}"
    return f"{kept}: {count(len(entry.runs), 'run')} from before {entry.before:%Y-%m-%d %H:%M} UTC"
