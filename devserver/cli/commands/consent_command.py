"""`otel-tracking consent`: keep who said yes to a study, and who no longer does."""

from __future__ import annotations

import datetime as dt
import shlex
from collections import Counter
from pathlib import Path

import click

from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.options import data_option, json_option, refuse
from devserver.cli.output import print_json
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from exporters import ExecutionRow, each_execution
from exporters.errors import WrongConsents
from exporters.privacy.consent import Consents
from exporters.privacy.consent_lists import Consent, ConsentState, checked_consent, read_consent_list
from exporters.privacy.studies import open_study
from exporters.storage.reading.damage import Damages
from otel_tracking.pseudonyms import is_pseudonym

_study = click.option("--study", "study_name", required=True, metavar="NAME", help="The study that it is about.")
_STATES = [state.value for state in ConsentState]


@click.group("consent")
def command() -> None:
    """Keep who said yes to a study, and who no longer does.

    A person is the user_id of their runs, or a session_id or device_id where there is none, or a pseudonym of the
    study. Names are not kept: what is, nobody can turn back without the study's key.
    """


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@_study
@click.option("--dry-run", is_flag=True, help="Only say what is in the file, and what is wrong with it.")
@data_option
@json_option
def import_list(file: Path, study_name: str, data_dir: Path, dry_run: bool, as_json: bool) -> int:
    """Take over the list FILE: CSV with the columns person, state, by, date and, if you like, form_version.

    The state is given, withdrawn or not_asked; by says who said it (person, guardian). A row that is wrong is named
    with its line, and then nothing is taken over. The same list may be imported twice.
    """
    consents = Consents(data_dir, open_study(data_dir, study_name))
    try:
        said = read_consent_list(file)
    except WrongConsents as wrong:
        for sentence in wrong.sentences:
            complain(sentence)
        return FAILED
    new = 0 if dry_run else consents.note(said)
    rows = each_execution(data_dir, on_damage=Damages(), study_id=study_name)
    strangers = consents.strangers((person for person, _ in said), rows)
    states = Counter(consent.state.value for _, consent in said)
    if as_json:
        print_json({"study": study_name, "rows": len(said), "new": new, "states": states, "strangers": strangers})
        return 0
    say(f"{count(len(said), 'row')}: {_states(states)}; {'nothing was kept' if dry_run else f'{new} new'}")
    if strangers:
        names = ", ".join(map(safe_line, strangers[:5]))
        say(f"{len(strangers)} of them have no run here, or are spelt in another way there: {names}")
    return 0


@command.command("show")
@_study
@click.option("--person", metavar="ID", help="What this person said, from the first to the last.")
@data_option
@json_option
def show(study_name: str, person: str | None, data_dir: Path, as_json: bool) -> int:
    """Say how many persons are in which state, or what one of them said."""
    consents = Consents(data_dir, open_study(data_dir, study_name))
    if person is None:
        states = consents.counts()
        if as_json:
            print_json({"study": study_name, "states": states})
        else:
            say(f"{study_name}: {_states(states)}")
        return 0
    history = consents.history(person)
    if as_json:
        print_json({"study": study_name, "person": person, "history": [_as_dict(consent) for consent in history]})
    else:
        for consent in history:
            say(_line(consent))
        if not history:
            say(f"{safe_line(person)} was not asked, as far as is known here")
    return 0


@command.command("set")
@_study
@click.option("--person", required=True, metavar="ID", help="Whose consent it is.")
@click.option("--state", required=True, type=click.Choice(_STATES), help="What was said.")
@click.option("--by", required=True, metavar="WHO", help="Who said it: person, guardian.")
@click.option("--form", "form_version", metavar="VERSION", help="The version of the form.")
@click.option("--date", metavar="TIME", help="When it was said: 2026-11-23, or a time in ISO 8601; now unless said.")
@data_option
@json_option
def change(
    study_name: str,
    person: str,
    state: str,
    by: str,
    form_version: str | None,
    date: str | None,
    data_dir: Path,
    as_json: bool,
) -> int:
    """Keep what one person said, and say how many runs it concerns.

    Who withdraws stays out of everything that leaves from then on. Their runs stay until somebody erases them; how is
    said.
    """
    try:
        consent = checked_consent(
            state, by, date or dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), form_version
        )
    except ValueError as wrong:
        raise refuse(f"{wrong}.") from None
    consents = Consents(data_dir, open_study(data_dir, study_name))
    consents.note([(person, consent)])
    damages, is_of = Damages(), consents.is_of(person)
    rows = each_execution(data_dir, on_damage=damages, study_id=study_name)
    runs = [row for row in rows if is_of(row)]
    erase = _erase_commands(consents, person, runs, data_dir) if consent.state is ConsentState.WITHDRAWN else []
    if as_json:
        ids = [row.execution_id for row in runs]
        found = {"runs": ids, "erase": erase, "damaged": damages_as_dicts(damages)}
        print_json({"study": study_name, "person": person, **_as_dict(consent), **found})
    else:
        say(f"{_line(consent)}; {count(len(runs), 'run')} of {safe_line(person)} in {safe_line(study_name)}")
        if erase:
            say("None of them leaves from now on. To erase them:")
        for line in erase:
            say(f"  {safe_line(line)}")
    complain_of(damages)
    return FAILED if damages else 0


def _erase_commands(consents: Consents, person: str, runs: list[ExecutionRow], data_dir: Path) -> list[str]:
    """What erases these runs: a command for each way in which they name the person."""
    named = {
        (field.removesuffix("_id"), str(getattr(run, field)) if is_pseudonym(person) else person): run.study_id
        for run in runs
        for field in consents.fields_of(person, run)
    }
    return [
        shlex.join(["otel-tracking", "erase", "--study", study, f"--{option}", name, "--data", str(data_dir)])
        for (option, name), study in named.items()
    ]


def _as_dict(consent: Consent) -> dict[str, str | None]:
    return {
        "state": consent.state.value,
        "by": consent.by,
        "date": consent.date,
        "form_version": consent.form_version,
    }


def _line(consent: Consent) -> str:
    form = f", form {safe_line(consent.form_version)}" if consent.form_version else ""
    return f"{safe_line(consent.date)}  {consent.state.value} by {safe_line(consent.by)}{form}"


def _states(states: Counter[str]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "nobody was asked yet"
