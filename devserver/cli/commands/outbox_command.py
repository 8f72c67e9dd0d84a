"""`otel-tracking outbox`: show what waits for a research programme, and send it now."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devserver.cli.complaints import FAILED, complain
from devserver.cli.options import data_option, json_option, refuse
from devserver.cli.output import print_json, progress_bar
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from devserver.erasing import finish_erasures
from devserver.settings import Settings
from exporters.story.readable import size
from otel_tracking.environment import RESEARCH_ENDPOINT, outbox_of

if TYPE_CHECKING:
    from collectors.outbox import BoxState
    from collectors.outbox.retrying import Retried


@click.command("outbox")
@click.option("--retry", "is_retried", is_flag=True, help="Send now what nobody sends, and what was refused.")
@data_option
@json_option
def command(data_dir: Path, is_retried: bool, as_json: bool) -> int:
    """Show the records that wait for the research programme at DEVSERVER_RESEARCH_ENDPOINT.

    Each process has a folder of its own and sends it; what processes have left that are gone is sent by the next one
    that starts, or with --retry. So is what was refused. The exit code is 1 where something is left.
    """
    done = _retry(data_dir) if is_retried else None
    states = _states(data_dir)
    left = sum(state.requests for state in states)
    if as_json:
        print_json({"boxes": [_as_dict(state) for state in states], "left": left, **_retried_as_dict(done)})
    else:
        for state in states:
            say(safe_line(_line(state)))
        if done is not None:
            say(f"{count(done.sent, 'request')} sent, {done.refused} refused")
        say(_sentence(left))
    if done and done.stopped:
        complain(f"the research endpoint does not take records now ({done.stopped}); they stay where they are")
    return FAILED if left else 0


def _retry(data_dir: Path) -> Retried:
    from collectors.outbox import asking, http_post, research_address, why_stays
    from collectors.outbox.retrying import retry
    from exporters import ParquetSink

    settings = Settings.from_environment(data_dir=data_dir)
    if settings.research_endpoint is None:
        raise refuse(f"nobody said where to: {RESEARCH_ENDPOINT}=https://gateway.example:4318 would.")
    finish_erasures(settings)
    post = http_post(research_address(settings.research_endpoint), settings.research_token)
    sink = ParquetSink(data_dir)
    why = partial(why_stays, sink.is_erased, asking([sink], settings.research_runs))
    with progress_bar("sending") as bar:
        tell = bar and (lambda done, of: bar(completed=done, total=of or None))
        return retry(outbox_of(data_dir), post, why, tell)


def _states(data_dir: Path) -> list[BoxState]:
    from collectors.outbox import states_of

    return [state for state in states_of(outbox_of(data_dir)) if state.requests or state.process is not None]


def _line(state: BoxState) -> str:
    since = f", the oldest of {_time(state.oldest)}" if state.oldest is not None else ""
    return f"{state.path.name}: {count(state.requests, 'request')}, {size(state.bytes)}{since}; {_whose(state)}"


def _whose(state: BoxState) -> str:
    if state.process is not None:
        return f"process {state.process or 'unknown'} sends them"
    return "no server takes them as they are" if state.is_refused else "of a process that is gone"


def _sentence(left: int) -> str:
    return f"{count(left, 'request')} on disk" if left else "Nothing waits."


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


def _as_dict(state: BoxState) -> dict[str, Any]:
    return {
        "box": state.path.name,
        "requests": state.requests,
        "bytes": state.bytes,
        "oldest": _time(state.oldest),
        "process": state.process,
        "is_refused": state.is_refused,
    }


def _retried_as_dict(done: Retried | None) -> dict[str, Any]:
    return {} if done is None else {"sent": done.sent, "refused": done.refused, "stopped": done.stopped}
