"""`otel-tracking configs`: which pipelines there are, and which of them could run now."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from devserver.cli.options import json_option
from devserver.cli.output import console, print_json
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from devserver.configs import PipelineConfig, Shelf, read_config
from devserver.engines import Engines
from devserver.readiness import Need, needs_of
from devserver.settings import Settings
from devserver.wiring import open_engines


@click.command("configs")
@click.option(
    "--config-file",
    "files",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="A configuration of your own (.toml or .json), beside those that come along; repeat it for several.",
)
@json_option
@click.pass_obj
def command(engines: Engines | None, /, files: tuple[Path, ...], as_json: bool) -> None:
    """List the pipelines that can be run by name.

    Each line is one configuration: its name, what it makes, the engines it needs, and what it is about. An engine that
    is not set up here has a ✗; below the table stands how to get it. Run one: otel-tracking run NAME "A prompt"

    Those of your own are there too if DEVSERVER_CONFIGS names the directory they are in.
    """
    settings = Settings.from_environment()
    shelf = Shelf(settings.configs_dir)
    configs = (*shelf.all(), *(read_config(file) for file in files))
    with open_engines(settings) if engines is None else nullcontext(engines) as ready:
        rows = [(config, needs_of(config, ready)) for config in configs]
    if as_json:
        print_json({"configs": [_as_dict(*row) for row in rows], "mistakes": list(shelf.mistakes())})
        return
    console().print(_table(rows))
    missing = {need.name: need.how for _, needs in rows for need in needs if not need.is_there}
    how_to_get = [f"✗ {safe_line(name)}: {safe_line(how)}" for name, how in missing.items()]
    mistakes = [f"left out: {safe_line(sentence)}" for sentence in shelf.mistakes()]
    for lines in filter(None, (how_to_get, mistakes)):
        say("\n".join(["", *lines]))


def _as_dict(config: PipelineConfig, needs: tuple[Need, ...]) -> dict[str, Any]:
    return {
        "name": config.name,
        "description": config.description,
        "translate_first": config.translate_first,
        "interception": config.interception.kind,
        "outputs": [
            {"name": output.name, "medium": output.medium, "engine": output.engine} for output in config.outputs
        ],
        "images_at_least": config.images_at_least,
        "images_at_most": config.images_at_most,
        "engines": [
            {"name": need.name, "is_there": need.is_there, "instead": need.instead, "how": need.how} for need in needs
        ],
        "can_run": all(need.is_met for need in needs),
    }


def _table(rows: list[tuple[PipelineConfig, tuple[Need, ...]]]) -> Table:
    caption = count(len(rows), "configuration")
    table = Table(box=None, pad_edge=False, header_style="dim", caption=caption, caption_justify="left")
    for heading in ("config", "makes", "engines"):
        table.add_column(heading, no_wrap=True)
    table.add_column("about", overflow="fold")
    for config, needs in rows:
        engines = Text(", ").join(_engine(need) for need in needs)
        makes = safe_line(" + ".join(output.medium for output in config.outputs) or "text")
        table.add_row(Text(safe_line(config.name)), Text(makes), engines, Text(safe_line(config.description)))
    return table


def _engine(need: Need) -> Text:
    if need.is_there:
        return Text(safe_line(need.name))
    instead = f" (else {need.instead})" if need.instead else ""
    return Text(safe_line(f"✗ {need.name}{instead}"), style="yellow" if need.instead else "red")
