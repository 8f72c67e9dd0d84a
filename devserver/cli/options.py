"""The options that several commands share."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from devserver.cli.streams import say
from exporters.privacy.profiles import Profile
from otel_tracking import Status

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

DATA_VARIABLES = ["OTEL_TRACKING_DATA", "DEVSERVER_DATA_DIR"]

data_option: Decorator = click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=DATA_VARIABLES,
    default="./data",
    show_default=True,
    show_envvar=True,
    metavar="DIR",
    help="The data directory: where records and media are kept.",
)

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Answer with one JSON document, for programs."
)


def read_moment(_: click.Context, parameter: click.Parameter, value: str | None) -> dt.datetime | None:
    """The point in time that an option says: ISO 8601, a date alone, or `today`; UTC where no zone is given."""
    if value is None:
        return None
    if value == "today":
        return dt.datetime.combine(dt.datetime.now(dt.UTC), dt.time(), dt.UTC)
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        complaint = f"{value!r:.60} is not a time; today, 2026-11-23 or 2026-11-23T14:30 would work"
        raise click.BadParameter(complaint, param=parameter) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def read_parameters(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    """The parameters in `NAME=VALUE`s; the last one of a name counts."""
    parameters = {}
    for said in values:
        name, sign, value = said.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"{said!r:.60} has no name and value; width=256 would work", param=option)
        parameters[name.strip()] = read_value(value)
    return parameters


def read_value(text: str) -> Any:
    """What a person means by a value: a number, true, false, a list or a table as in JSON; else the text itself.

    >>> [read_value(text) for text in ("64", "0.5", "true", "evening", '"64"', '["a", 1]')]
    [64, 0.5, True, 'evening', '64', ['a', 1]]
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def all_of(*options: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which the help lists them."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


selection_options = all_of(
    click.option("--config", "config_name", metavar="NAME", help="Only runs of this configuration."),
    click.option("--since", callback=read_moment, metavar="TIME", help="Only runs from then on: 2026-11-23, or today."),
    click.option("--until", callback=read_moment, metavar="TIME", help="Only runs before then."),
    click.option(
        "--status", type=click.Choice([status.value for status in Status]), help="Only runs that ended like this."
    ),
    *(
        click.option(f"--{name}", f"{name}_id", metavar="NAME", help=f"Only runs of this {name}.")
        for name in ("study", "session", "user", "device", "batch")
    ),
)
"""The options that choose among stored runs, the same for all commands; they arrive as keywords of `Selection`."""

privacy_options = all_of(
    click.option(
        "--profile",
        type=click.Choice([profile.value for profile in Profile]),
        default=Profile.FULL.value,
        show_default=True,
        help="What leaves: everything, no persons, or what everybody may read. All but full need a study's key.",
    ),
    click.option(
        "--roster",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="Names, one a line, that are taken out of texts, beside those of the study's own roster.",
    ),
    click.option("--with-marked", is_flag=True, help="Also runs that are marked as test or excluded."),
)
"""The options that say under what records leave."""


def is_chosen(selection: Mapping[str, Any]) -> bool:
    """Whether any of the options that choose was given."""
    return any(value is not None for value in selection.values())


def refuse(message: str) -> click.UsageError:
    """The error for arguments that cannot work (exit code 2), to be raised."""
    return click.UsageError(message, ctx=click.get_current_context(silent=True))


def ask(question: str) -> None:
    """Go on where somebody says yes. Where nobody is there to be asked, another call would have worked."""
    try:
        click.confirm(question, abort=True)
    except click.Abort as no:
        if isinstance(no.__context__, EOFError):
            say(err=True)
            raise refuse("nobody answered, and nothing was changed; --yes does not ask.") from None
        raise
