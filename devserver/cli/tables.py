"""Let a command that reads a data directory read the tables of a programme as well: `--data s3://bucket/path`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from devserver.cli.complaints import complain
from devserver.cli.options import DATA_VARIABLES, all_of, refuse
from devserver.cli.output import progress_bar
from exporters.delta.places import home_of, is_table
from exporters.storage.reading.selection import Selection

_MOST_NAMED = 5


class DataPlace(click.ParamType[Path | str]):
    """A data directory, as a path; or a URI of tables, as text."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """What was said, as it is meant. A folder with tables in it is the URI of these."""
        if isinstance(value, str) and "://" in value:
            return value
        path = Path(value)
        if path.is_file():
            self.fail(f"{path} is a file; a data directory, or a URI such as s3://bucket/path, would work", param, ctx)
        return str(path.absolute()) if is_table(path) else path


place_option = click.option(
    "--data",
    "data_dir",
    type=DataPlace(),
    envvar=DATA_VARIABLES,
    default="./data",
    show_default=True,
    show_envvar=True,
    metavar="DIR|URI",
    help="The data directory; or the tables of many servers, such as s3://bucket/path.",
)

table_options = all_of(
    place_option,
    click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="With a URI: where remarks, studies and consents about its runs are; usually a folder of this user's.",
    ),
    click.option(
        "--media-store",
        metavar="URI|DIR",
        envvar="DEVSERVER_MEDIA_STORE",
        show_envvar=True,
        help="With a URI: where the media of its runs are, by their sha256.",
    ),
)
"""The options that say where runs are read from; for commands below `reads_tables`."""

_SELECTION = Selection.__annotations__.keys()
Command = Callable[..., Any]


def reads_tables(
    *, whole: bool = True, texts: Sequence[str] = (), is_told: bool = False
) -> Callable[[Command], Command]:
    """Run a command on a working copy where `--data` is a URI.

    `texts` are the arguments that name runs; `whole` is False for a command that reads no items. One that `is_told`
    gets the URI and the store of media, too, as `table` and `media_store`; None of a local store.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(
            *arguments: Any, data_dir: Path | str, home: Path | None, media_store: str | None, **options: Any
        ) -> Any:
            if isinstance(data_dir, Path):
                if home is not None:
                    raise refuse("--home is for tables: --data s3://bucket/path would need one.")
                return command(*arguments, data_dir=data_dir, **_told(None, None, is_told), **options)
            from exporters.delta.stored_media import StoredMedia  # these bring Arrow and Delta, half a second of it
            from exporters.delta.tables import DeltaStore
            from exporters.delta.working_copy import TablePart, working_copy

            part = TablePart(
                texts=_texts(options, texts),
                selection={name: value for name, value in options.items() if name in _SELECTION},  # type: ignore[arg-type]
                whole=whole,
                media=StoredMedia(media_store).fetch if media_store and whole else None,
            )
            with ExitStack() as stack:
                bar = stack.enter_context(progress_bar("runs")) if whole else None
                tell = bar and (lambda done, of: bar(completed=done, total=of))
                place = home or home_of(data_dir, _data_home(os.environ))
                missing = stack.enter_context(working_copy(DeltaStore(data_dir), place, part, tell))
                if missing and media_store:
                    complain(_not_arrived(missing, media_store))
                return command(*arguments, data_dir=place, **_told(data_dir, media_store, is_told), **options)

        return run

    return decorate


def _told(table: str | None, media_store: str | None, is_told: bool) -> dict[str, str | None]:
    return {"table": table, "media_store": media_store} if is_told else {}


def _texts(options: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    given = (options[name] for name in names)
    return tuple(text for value in given for text in ((value,) if isinstance(value, str) else value or ()))


def _data_home(environment: Mapping[str, str]) -> Path:
    """Where programs keep what is a user's (XDG Base Directory Specification)."""
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def _not_arrived(missing: Sequence[str], where: str) -> str:
    named = ", ".join(missing[:_MOST_NAMED]) + (", …" if len(missing) > _MOST_NAMED else "")
    return f"{len(missing)} media have not arrived in {where} yet; the same command has them when they have: {named}"
