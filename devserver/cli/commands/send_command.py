"""`otel-tracking send`: send stored runs to a research programme."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devserver.cli.complaints import FAILED, complain
from devserver.cli.damages import complain_of, damages_as_dicts
from devserver.cli.options import data_option, json_option, refuse, selection_options
from devserver.cli.output import print_json, progress_bar
from devserver.cli.records import chosen_rows, none_found
from devserver.cli.showing.text import count
from devserver.cli.streams import mind_the_log, say
from devserver.erasing import finish_erasures
from devserver.settings import Settings
from exporters import read_rows
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.execution_index import ExecutionRow
from otel_tracking import ExecutionRecord
from otel_tracking.environment import RESEARCH_ENDPOINT

if TYPE_CHECKING:
    from devserver.sending import Sending


@click.command("send")
@click.argument("executions", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every run that is stored.")
@selection_options
@data_option
@json_option
def command(executions: tuple[str, ...], data_dir: Path, everything: bool, as_json: bool, **selection: Any) -> int:
    """Send stored runs to the research programme at DEVSERVER_RESEARCH_ENDPOINT.

    For runs whose people said yes only later, and for those from before there was a programme. Of a study that asks for
    consent only those leave that have it. A run that is there already arrives once more, and is known again; nothing
    here changes.

    Ends with exit code 1 where no run is what was asked for, or something could not be read, or is not taken now: that
    waits, and is sent by the next process; what is refused is kept for otel-tracking outbox --retry.
    """
    from devserver.sending import send_stored

    settings = Settings.from_environment(data_dir=data_dir)
    if settings.research_endpoint is None:
        raise refuse(f"nobody said where to: {RESEARCH_ENDPOINT}=https://gateway.example:4318 would.")
    mind_the_log()
    finish_erasures(settings)
    damages = Damages()
    rows = list(chosen_rows(data_dir, executions, everything, selection, damages))
    if not rows:
        complain_of(damages)
        complain(none_found(data_dir, selection))
        return FAILED
    with progress_bar("sending") as bar:
        tell = bar and (lambda done: bar(completed=done, total=len(rows)))
        done = send_stored(settings, _records(data_dir, rows, damages), tell)
    complain_of(damages)
    for trouble in done.consent_troubles:
        complain(trouble)
    if as_json:
        print_json({**asdict(done), "damaged": damages_as_dicts(damages)})
    else:
        say(_sentence(done))
    if done.refused:
        complain(f"the programme does not take {count(done.refused, 'request')}; they are kept: otel-tracking outbox")
    if done.trouble and done.waiting:
        complain(f"the research endpoint does not take records now ({done.trouble}); they wait: otel-tracking outbox")
    return FAILED if damages or done.waiting or done.media_waiting or done.refused else 0


def _records(data_dir: Path, rows: Iterable[ExecutionRow], damages: Damages) -> Iterator[ExecutionRecord]:
    return (record for _, record in read_rows(data_dir, rows, on_damage=damages) if record is not None)


def _sentence(done: Sending) -> str:
    is_sent = not (done.waiting or done.refused)
    parts = [f"{count(done.kept, 'run')} {'sent' if is_sent else 'kept to be sent'}"]
    if done.withheld:
        parts.append(f"{done.withheld:,} not: without consent (otel-tracking consent)")
    if done.without_trace:
        parts.append(f"{done.without_trace:,} not: imported, without a trace")
    if done.erased:
        parts.append(f"{done.erased:,} erased meanwhile")
    if done.waiting or done.media_waiting:
        parts.append(f"{count(done.waiting, 'request')} and {count(done.media_waiting, 'file')} of media wait")
    return ", ".join(parts)
