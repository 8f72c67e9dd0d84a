"""Read a topic of Kafka into a table, for `otel-tracking collect --kafka`."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from devserver.cli.interpreter import make_room_for_many_spans
from devserver.cli.output import console, print_json
from devserver.cli.showing.text import count
from devserver.cli.stopping import when_stopped
from devserver.cli.streams import say

if TYPE_CHECKING:
    from collectors.streaming import StreamWorker

LOOK_SECONDS = 0.5


def collect_from_kafka(
    brokers: str,
    topic: str,
    table: str,
    *,
    group: str,
    options: Mapping[str, str],
    grace: float | None,
    as_json: bool,
) -> int:
    """Be one worker of the group until Ctrl-C or SIGTERM. Raises what stands in the way of beginning."""
    from devserver.wiring import open_stream_worker

    worker = open_stream_worker(brokers, topic, table, group=group, options=options, grace=grace)
    stopped = when_stopped()
    say(f"reading {topic} of {brokers} into {table} as one of {group}   (Ctrl-C ends it)", err=True)
    make_room_for_many_spans()
    watching = threading.Thread(target=_watch, args=(worker, stopped), daemon=True)
    watching.start()
    try:
        health = worker.run(stopped)
    finally:
        stopped.set()
        watching.join()
    if as_json:
        print_json({**health, "table": table})
    else:
        say(_summary(health))
    return 1 if health["waiting"] else os.EX_OK


def _watch(worker: StreamWorker[Any], stopped: threading.Event) -> None:
    """Show how it goes on a terminal."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        return
    with screen.status("waiting for messages") as line:
        while not stopped.wait(LOOK_SECONDS):
            line.update(_summary(worker.health()))


def _summary(health: Mapping[str, Any]) -> str:
    parts = [f"{count(health['records'], 'record')} stored", f"{health['open_runs']} under way"]
    for name, said in (
        ("set_aside", "set aside (--quarantine lists them)"),
        ("spilled", "that did not end (--quarantine lists them too)"),
        ("not_ours", "spans of no execution"),
        ("reduced", "spans reduced for viewers, not kept; their sender needs otlp_content=full"),
        ("erased", "spans of runs that were erased, not kept"),
        ("missed", "messages that the broker had no more"),
        ("fenced", "times another worker was first"),
        ("waiting", "not stored; they are read again"),
    ):
        if health[name]:
            parts.append(f"{health[name]} {said}")
    trouble = f"; {health['trouble']}" if health["trouble"] else ""
    return f"{count(health['messages'], 'message')}: " + ", ".join(parts) + trouble
