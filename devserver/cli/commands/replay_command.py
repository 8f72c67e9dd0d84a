"""`otel-tracking replay`: does the same come out once more?"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import click

from collectors import start_recording
from collectors.ready_made import research_of
from devserver.cli.complaints import FAILED
from devserver.cli.options import data_option, json_option, refuse
from devserver.cli.output import console, print_json, progress_bar
from devserver.cli.records import load
from devserver.cli.showing.repetitions import draw_plan, draw_replay
from devserver.embedded import embedded_engines
from devserver.engines import Engines
from devserver.replay import Planner, Step, Wishes, replay
from devserver.replay.engines import EmbeddedEngines
from devserver.replay.secrets import Secrets
from devserver.settings import Settings
from devserver.wiring import make_sinks, whose_runs
from exporters.storage.writing.media import load_media


@click.command("replay")
@click.argument("execution", metavar="ID")
@click.option("--only", multiple=True, metavar="STAGE[/N]", help="Only this stage, or its N-th attempt; repeatable.")
@click.option("--seed", type=int, metavar="N", help="Put another seed in the place of the recorded ones.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent, and what cannot be.")
@click.option("--base-url", "base_urls", multiple=True, metavar="OLD=NEW", help="Send to NEW… what went to OLD….")
@click.option("--follow", is_flag=True, help="Ask for the new result where the run asked for its own (ComfyUI).")
@click.option("--allow-host", "allowed_hosts", multiple=True, metavar="HOST", help="Also send to this host.")
@data_option
@json_option
@click.pass_obj
def command(
    engines: Engines | None,
    /,
    execution: str,
    data_dir: Path,
    only: tuple[str, ...],
    seed: int | None,
    dry_run: bool,
    base_urls: tuple[str, ...],
    allowed_hosts: tuple[str, ...],
    follow: bool,
    as_json: bool,
) -> int:
    """Send what a run passed to its backends once more, byte for byte, and compare what comes back.

    Every attempt of the record is repeated in its order; embedded engines are handed what they were handed, model
    servers get the same request. The repetition is a run of its own that is linked to the first one. Requests leave
    this machine only for hosts that --allow-host names; keys are taken from the environment (docs/command-line.md).

    Ends with exit code 0 where everything came out identical, 1 where something differs or could not be repeated,
    2 where the run cannot be found.
    """
    wishes = Wishes(
        only=tuple(map(_read_label, only)),
        seed=seed,
        base_urls=tuple(map(_read_base_url, base_urls)),
        allowed_hosts=frozenset(host.lower() for host in allowed_hosts),
        follow=follow,
    )
    settings = Settings.from_environment(data_dir=data_dir)
    record = load_media(data_dir, load(data_dir, execution))
    # Not those of model servers: what is sent to them is what the record holds, and only where it may go.
    known = EmbeddedEngines(engines or embedded_engines())
    steps = Planner(wishes, Secrets(os.environ, settings.providers), known).plan(record)
    if only and not steps:
        raise refuse(f"the run has no attempt {', '.join(only)}; --dry-run lists those it has.")
    if dry_run:
        return _tell_plan(record.execution_id, steps, as_json)
    told = {**whose_runs(settings), **research_of(settings)}
    recorded = start_recording(make_sinks(settings), journal=settings.journal, **told)
    most = sum(step.todo is not None for step in steps)
    with recorded as recording, progress_bar("attempts") as bar:

        def tell(done: int) -> None:
            if bar:
                bar(completed=done, total=most)

        tell(0)
        done = replay(record, steps, wishes=wishes, recording=recording, engines=known, settings=settings, tell=tell)
    if as_json:
        print_json(done.to_dict())
    else:
        draw_replay(console(), done)
    return 0 if done.is_identical else FAILED


def _tell_plan(execution_id: str, steps: Sequence[Step], as_json: bool) -> int:
    """Say what would be sent; exit code 0 where that is everything."""
    if as_json:
        print_json({"repeats": execution_id, "attempts": [step.to_dict() for step in steps]})
    else:
        draw_plan(console(), steps)
    return FAILED if any(step.obstacle for step in steps) else 0


def _read_label(text: str) -> str:
    if not re.fullmatch(r"\d+(/\d+)?", text):
        raise refuse(f"--only {text!r:.40} is no attempt; 4 or 4/1 would work, --dry-run lists them.")
    return text


def _read_base_url(text: str) -> tuple[str, str]:
    old, found, new = text.partition("=http")
    if not found or not old.startswith(("http://", "https://")):
        raise refuse("--base-url takes OLD=NEW, such as http://gpu:11434=http://127.0.0.1:11434.")
    return old, f"http{new}"
