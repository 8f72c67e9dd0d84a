"""`otel-tracking run`: run a pipeline, show it while it goes on, and end when its record is safe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from devserver.cli.complaints import FAILED, INTERRUPTED
from devserver.cli.options import data_option, json_option, read_parameters, refuse
from devserver.cli.output import console, print_json
from devserver.cli.showing.ending import Ending, draw_ending, ending_as_dict
from devserver.cli.showing.watching import Watcher
from devserver.cli.streams import mind_the_log, say
from devserver.engines import Engines
from devserver.pictures import read_picture
from devserver.pipeline import Request
from devserver.requests import EXECUTION_MODES
from devserver.safety.terms import LEVELS
from devserver.settings import Settings
from devserver.wiring import Devserver, open_devserver
from exporters import read_records
from otel_tracking import ExecutionRecord, Status
from otel_tracking.run import Execution

FLUSH_SECONDS = 60.0
TRACE_SECONDS = 2.0
"""How long the end of a run waits for a viewer to take its trace."""


def read_languages(_: click.Context, option: click.Parameter, value: str | None) -> list[str] | str | None:
    """The languages that an option lists, or `random`."""
    if value is None or value == "random":
        return value
    return [code.strip() for code in value.split(",") if code.strip()]


@click.command("run")
@click.argument("config", metavar="CONFIG", required=False)
@click.argument("prompt", metavar="[PROMPT]", required=False)
@click.option(
    "--config-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A configuration of your own (.toml or .json) instead of CONFIG.",
)
@click.option("--safety-level", type=click.Choice(LEVELS), default="kids", show_default=True, help="Who will see it.")
@click.option(
    "--mode",
    "execution_mode",
    type=click.Choice(EXECUTION_MODES),
    default="eco",
    show_default=True,
    help="Execution mode.",
)
@click.option("--seed", type=int, metavar="N", help="The same seed makes the same again. Not given: one by chance.")
@click.option(
    "--languages",
    callback=read_languages,
    metavar="A,B,…",
    help="The languages to travel through: es,fr,en (or: random).",
)
@click.option(
    "--param",
    "parameters",
    callback=read_parameters,
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter for the engines that have it (width=256), or for one of them (dessau.width=256); repeatable.",
)
@click.option(
    "--image",
    "images",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="A picture that comes with the prompt (PNG, JPEG, WebP, GIF); repeat it for several, in their order.",
)
@click.option("--study", "study_id", metavar="NAME", help="The study that the run belongs to.")
@click.option("--session", "session_id", metavar="NAME", help="The session that it belongs to: a lesson, a group.")
@click.option("--user", "user_id", metavar="NAME", help="Who runs it; a pseudonym would do.")
@click.option("--device", "device_id", metavar="NAME", help="The device that it is started from.")
@click.option("--batch", "batch_id", metavar="NAME", help="The batch that it belongs to.")
@click.option("--quiet", is_flag=True, help="Show only how it ended.")
@data_option
@json_option
@click.pass_obj
def command(
    engines: Engines | None,
    /,
    config: str | None,
    prompt: str | None,
    config_file: Path | None,
    data_dir: Path,
    images: tuple[Path, ...],
    quiet: bool,
    as_json: bool,
    **wanted: Any,
) -> int:
    """Run the pipeline CONFIG on PROMPT, watch it, and keep its record.

    CONFIG is stillepost, image_comparison or another that comes along. PROMPT is a sentence in your own language,
    or up to 20,000 characters; a single - reads it from standard input.

    Every CONFIG, what it makes and needs: otel-tracking configs

    The command ends when the record is safely stored. A prompt that a safety check blocks is an outcome, not an
    error: exit code 0. An error ends with 1, Ctrl-C with 130, and both are recorded.
    """
    config_name, text = _what_to_run(config, prompt, config_file)
    pictures = tuple(map(read_picture, images))
    request = Request(prompt=text, config_name=config_name, images=pictures, **wanted)
    settings = Settings.from_environment(data_dir=data_dir)
    mind_the_log()
    with open_devserver(settings, engines=engines) as devserver:
        ending = run_and_watch(devserver, request, console(stderr=as_json), quiet=quiet)
    if as_json:
        print_json(ending_as_dict(ending))
    return ending.exit_code


def run_and_watch(
    devserver: Devserver,
    request: Request,
    screen: Console,
    *,
    quiet: bool = False,
    flush_seconds: float = FLUSH_SECONDS,
) -> Ending:
    """Run a request, draw it while it goes on, and say how it ended once its record is durable.

    A record that is not durable after `flush_seconds` is said to be missing; it stays in the flight recorder.

    Ctrl-C ends the run, not the recording of it; pressed again, what is in the flight recorder is left for `recover`.
    """
    watcher = Watcher(devserver.recording.live, screen)
    started: list[Execution] = []

    def on_start(execution: Execution) -> None:
        started.append(execution)
        if not quiet:
            watcher.start(execution)

    error = None
    try:
        error = devserver.pipeline.run(request, on_start=on_start).error
    except KeyboardInterrupt:
        if not started:
            raise
    try:
        is_durable = devserver.recording.flush(flush_seconds)
    finally:
        watcher.finish()
    ending = _ending_of(devserver, started[0].execution_id, is_durable, error)
    draw_ending(screen, ending, was_watched=not quiet)
    return ending


def read_prompt(prompt: str) -> str:
    """The prompt itself, or standard input where it is `-`, without its last line end."""
    if prompt != "-":
        return prompt
    if sys.stdin.isatty():
        say("Type the prompt and end it with Ctrl-D:", err=True)
    text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").removesuffix("\r")


def _what_to_run(config: str | None, prompt: str | None, config_file: Path | None) -> tuple[str, str]:
    """The configuration's name or path, and the prompt."""
    if config_file is not None:
        if prompt is not None:
            raise refuse("CONFIG and --config-file were both given; one of them is enough.")
        config, prompt = str(config_file), config
    if config is None:
        raise refuse("no CONFIG was given; stillepost or image_comparison would work.")
    if prompt is None:
        raise refuse("no PROMPT was given; a sentence in quotes would work, or - to read it from standard input.")
    return config, read_prompt(prompt)


def _ending_of(devserver: Devserver, execution_id: str, is_durable: bool, error: str | None) -> Ending:
    data_dir = devserver.settings.data_dir
    record = next(read_records(data_dir, execution_id=execution_id), None) if is_durable else None
    exit_code = 0
    if record is None or record.status == Status.ERROR or error:
        exit_code = FAILED
    if record is not None and record.status == Status.CANCELLED:
        exit_code = INTERRUPTED
    health = devserver.recording.health()
    if devserver.settings.journal is False:
        health["journal"]["reason"] = None  # switched off on purpose: nothing to tell
    url, trouble = _trace_of(devserver, record, health["otlp"]) if record else (None, None)
    return Ending(execution_id, data_dir, record, error, exit_code, health, url, trouble)


def _trace_of(devserver: Devserver, record: ExecutionRecord, otlp: dict[str, Any]) -> tuple[str | None, str | None]:
    """Where Jaeger shows the run, if its trace goes to a viewer; or why it does not, if it did not arrive."""
    if otlp["content"] is None and otlp["last_error"]:
        return None, f"the trace was sent nowhere: {otlp['last_error']}"
    if otlp["content"] != "viewer":
        return None, None
    if devserver.recording.provider.force_flush(int(TRACE_SECONDS * 1000)):
        # A sampler may have left it out, which is no trouble.
        was_sent = devserver.recording.health()["otlp"]["sent"] > 0
        return f"{devserver.settings.jaeger_url}/trace/{record.trace_id}" if was_sent else None, None
    return None, f"the trace did not arrive: {otlp['endpoint']} took nothing; is a Collector running there?"
