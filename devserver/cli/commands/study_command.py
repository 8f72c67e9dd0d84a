"""`otel-tracking study`: make studies, and change what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from devserver.cli.complaints import FAILED, complain
from devserver.cli.options import all_of, data_option, json_option, refuse
from devserver.cli.output import console, print_json
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from exporters.errors import StorageError, StudyError
from exporters.privacy.studies import (
    MOST_DAYS,
    PseudonymsAt,
    Study,
    StudyFacts,
    change_study,
    facts_of,
    new_study,
    open_study,
    studies,
)

EVER = "none"
"""The retention that keeps for ever."""


def read_days(_: click.Context, option: click.Parameter, value: str | None) -> int | str | None:
    """The days that an option says, or `none` for ever."""
    if value is None or value == EVER:
        return value
    if not (value.isascii() and value.isdecimal() and len(value) < 7 and 0 < int(value) <= MOST_DAYS):
        raise click.BadParameter(f"{value!r:.40} is no number of days; 365, or none, would work", param=option)
    return int(value)


_name = click.argument("name", metavar="NAME")
_promises = all_of(
    click.option(
        "--retention", callback=read_days, metavar="DAYS", help="How long its runs are kept; none keeps them for ever."
    ),
    click.option(
        "--consent/--no-consent",
        "consent_required",
        default=None,
        help="Whether only runs of those who said yes may leave; they may not unless said otherwise.",
    ),
    click.option(
        "--pseudonyms",
        "pseudonyms_at",
        type=click.Choice([place.value for place in PseudonymsAt]),
        help="Where people get their pseudonyms: while recording (source, the usual), or in exports.",
    ),
    click.option(
        "--spacy-model",
        metavar="MODEL",
        help="The spaCy model that looks for names in texts that leave; none for no one.",
    ),
    click.option(
        "--roster",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="A list of names, one a line; a copy is kept beside the key, never in the data directory.",
    ),
)


@click.group("study")
def command() -> None:
    """Make studies, and change what they promise.

    A study has a key, from which people get pseudonyms that nobody can guess. The key lies outside of the data
    directory, in ~/.config/otel-tracking/studies (or where OTEL_TRACKING_STUDIES says); keep a copy of it.
    """


@command.command("new")
@_name
@_promises
@click.option("--adopt", is_flag=True, help="Take the key of that name which is there: the same study, other data.")
@data_option
@json_option
def new(name: str, data_dir: Path, roster: Path | None, adopt: bool, as_json: bool, **wishes: Any) -> int:
    """Make the study NAME, with a key of its own.

    NAME is what the study_id of its runs says. A study that is there is never replaced.
    """
    study = new_study(data_dir, name, roster=roster, adopt=adopt, **_said(wishes))
    return _tell(study, study, None, as_json)


@command.command("list")
@data_option
@json_option
def list_studies(data_dir: Path, as_json: bool) -> None:
    """List the studies of the data directory."""
    known = studies(data_dir)
    if as_json:
        print_json({"studies": [facts.to_dict() for facts in known]})
    elif known:
        console().print(_table(known))
    else:
        say(f"No studies in {safe_line(data_dir)} yet. Make one: otel-tracking study new garden-2026")


@command.command("show")
@_name
@data_option
@json_option
def show(name: str, data_dir: Path, as_json: bool) -> int:
    """Say what the study NAME promises, and whether its key is at hand.

    Ends with exit code 1 where the key is not there, is another study's, or may be read by others.
    """
    facts = facts_of(data_dir, name)
    try:
        return _tell(facts, open_study(data_dir, name), None, as_json)
    except StudyError as trouble:
        return _tell(facts, None, trouble, as_json)


@command.command("set")
@_name
@_promises
@data_option
@json_option
def change(name: str, data_dir: Path, roster: Path | None, as_json: bool, **wishes: Any) -> int:
    """Change what the study NAME promises. What was recorded stays as it is."""
    said = _said(wishes)
    if not said and roster is None:
        raise refuse("nothing was said to change; --retention 365 would work.")
    facts = change_study(data_dir, name, roster=roster, **said)
    return _tell(facts, None, None, as_json)


def _said(wishes: dict[str, Any]) -> dict[str, Any]:
    """The options that were given; `none` as None."""
    said = {name: value for name, value in wishes.items() if value is not None}
    can_be_none = ("retention_days", "spacy_model")
    said = {("retention_days" if name == "retention" else name): value for name, value in said.items()}
    return {name: None if name in can_be_none and value == EVER else value for name, value in said.items()}


def _tell(facts: StudyFacts, study: Study | None, trouble: StorageError | None, as_json: bool) -> int:
    """Say what is known of a study, and of its key where somebody looked for it."""
    if as_json:
        key = {"path": study and str(study.key_path), "trouble": trouble and str(trouble)}
        print_json({**facts.to_dict(), "key": key, "roster": study and study.roster_path and str(study.roster_path)})
    else:
        for label, value in _lines(facts, study):
            say(f"{label:<11}{safe_line(value)}")
        if trouble:
            complain(str(trouble))
    return FAILED if trouble else 0


def _lines(facts: StudyFacts, study: Study | None) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [
        ("study", facts.name),
        ("created", facts.created),
        ("consent", _consent_word(facts)),
        ("retention", _days(facts)),
        ("pseudonyms", _where(facts)),
    ]
    if facts.spacy_model:
        lines.append(("texts", f"{facts.spacy_model} looks for names"))
    lines.append(("key", f"{facts.fingerprint} in {study.key_path}; keep a copy of it" if study else facts.fingerprint))
    if study and study.roster_path:
        lines.append(("roster", study.roster_path))
    return lines


def _table(known: list[StudyFacts]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("study", "consent", "retention", "pseudonyms", "key"):
        table.add_column(heading)
    for facts in known:
        cells = (facts.name, _consent_word(facts), _days(facts), _where(facts), facts.fingerprint)
        table.add_row(*(Text(safe_line(cell)) for cell in cells))
    return table


def _consent_word(facts: StudyFacts) -> str:
    return "required" if facts.consent_required else "not asked for"


def _days(facts: StudyFacts) -> str:
    return "for ever" if facts.retention_days is None else count(facts.retention_days, "day")


def _where(facts: StudyFacts) -> str:
    return "at the source" if facts.pseudonyms_at is PseudonymsAt.SOURCE else "in exports"
