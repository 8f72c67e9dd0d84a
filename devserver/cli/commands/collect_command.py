"""`otel-tracking collect`: take traces from other processes over OTLP/HTTP and keep their records."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collectors.listening import is_loopback, what_is_wrong
from devserver.cli.complaints import FAILED
from devserver.cli.interpreter import make_room_for_many_spans
from devserver.cli.options import data_option, json_option, read_parameters, refuse
from devserver.cli.output import console, print_json
from devserver.cli.showing.text import count
from devserver.cli.stopping import wait_for, when_stopped
from devserver.cli.streams import say

if TYPE_CHECKING:
    from collectors.receiving import Collector

TOKEN = "DEVSERVER_COLLECT_TOKEN"
HOSTNAMES = "DEVSERVER_HOSTNAMES"
TOKENS = "DEVSERVER_COLLECT_TOKENS"
PORT = 4319
GRACE = 30.0
LOOK_SECONDS = 0.5


@click.command("collect")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, metavar="N", help="0 takes a free one."
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0.1),
    show_default="30, with --kafka 600",
    metavar="SECONDS",
    help="How long to wait for what is missing after a run's end, in the time of the spans.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0.1),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a run that has ended and of which nothing more is heard.",
)
@click.option(
    "--tokens",
    "tokens_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=TOKENS,
    show_envvar=True,
    metavar="FILE",
    help="Who may send: a line for each, 'name token'. Only its owner may read it (chmod 600).",
)
@click.option("--kafka", "brokers", metavar="HOST:PORT,…", help="Read a topic of Kafka, as one of a group of workers.")
@click.option("--topic", default="otlp_spans", show_default=True, metavar="NAME", help="With --kafka: which topic.")
@click.option(
    "--table", metavar="URI", help="With --kafka: the Delta table to store into, s3://bucket/path or a folder."
)
@click.option(
    "--group", default="otel-tracking", show_default=True, metavar="NAME", help="With --kafka: the consumer group."
)
@click.option(
    "--kafka-option",
    "kafka_options",
    multiple=True,
    metavar="NAME=VALUE",
    callback=read_parameters,
    help="With --kafka: a setting of librdkafka, such as security.protocol=SASL_SSL.",
)
@click.option("--quarantine", "is_listed", is_flag=True, help="List what was set aside, and why; take nothing.")
@click.option(
    "--retry",
    "retried",
    multiple=True,
    metavar="ID",
    help="Take what was set aside once more, by its id or trace id, or 'all'; take nothing else.",
)
@data_option
@json_option
def command(
    host: str,
    port: int,
    grace: float | None,
    patience: float,
    tokens_file: Path | None,
    brokers: str | None,
    topic: str,
    table: str | None,
    group: str,
    kafka_options: dict[str, Any],
    is_listed: bool,
    retried: tuple[str, ...],
    data_dir: Path,
    as_json: bool,
) -> int:
    """Take traces from other processes and keep their records.

    Whoever sends with start_recording(otlp_endpoint="http://127.0.0.1:4319", otlp_content="full") gets the record
    here that it would have made itself, without media files. A request is answered with 200 once it is on disk; what
    is not a whole run when the command ends is taken up at the next start. Ctrl-C ends it.

    Other machines are let in with --host, and only with a token of 16 or more letters and digits, sent as
    "Authorization: Bearer …": the one in DEVSERVER_COLLECT_TOKEN, or that of each sender in the file --tokens. Only its
    own sender can add to a run. Other names of this machine than its own are given in DEVSERVER_HOSTNAMES. Nothing is
    encrypted; put a TLS proxy in front of it.

    What cannot be made a record, or not be believed, is set aside: --quarantine lists it, --retry takes it once more.

    With --kafka and --table, traces are read from a topic instead, by as many of these as are started, and stored in a
    Delta table: each exactly once, whoever is killed. The object store's credentials are taken from its usual
    variables, such as AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL. --table URI --quarantine lists what could not be
    taken, and runs that did not end.
    """
    if table and is_listed:
        from devserver.cli.quarantine import list_table_quarantine

        return list_table_quarantine(table, as_json)
    if brokers or table:
        if retried:
            raise refuse("--retry is for what this machine has set aside; what a table has is in its table 'aside'")
        if not (brokers and table):
            raise refuse("--kafka HOST:PORT and --table URI belong together, as do --table and --quarantine")
        from devserver.cli.streaming import collect_from_kafka

        options = {name: str(value) for name, value in kafka_options.items()}
        return collect_from_kafka(brokers, topic, table, group=group, options=options, grace=grace, as_json=as_json)
    if is_listed or retried:
        from devserver.cli.quarantine import list_quarantine, retry

        return retry(data_dir, retried, as_json) if retried else list_quarantine(data_dir, as_json)
    token = os.environ.get(TOKEN, "").strip() or None
    _check_openness(host, token, tokens_file)
    from collectors.receiving import TraceReceiver, read_tokens
    from collectors.receiving.server import listening
    from devserver.past_days import joining_past_days
    from devserver.wiring import open_collector

    hostnames = os.environ.get(HOSTNAMES, "").lower().replace(",", " ").split()
    tokens = read_tokens(tokens_file) if tokens_file else None
    collector = open_collector(data_dir, grace=grace or GRACE, patience=patience)
    try:
        receiver = TraceReceiver(collector, token=token, tokens=tokens, host=host, hostnames=hostnames)
        with listening(receiver, host, port) as address, joining_past_days(data_dir):
            stopped = when_stopped()
            say(f"taking traces on {address}/v1/traces for {data_dir}   (Ctrl-C ends it)", err=True)
            make_room_for_many_spans()
            _watch_until(stopped, collector)
    finally:
        all_written = collector.close()
    health = collector.health()
    if as_json:
        print_json({**health, "data_dir": str(data_dir)})
    else:
        say(_summary(health))
    return 0 if all_written else FAILED


def _check_openness(host: str, token: str | None, tokens_file: Path | None) -> None:
    if token and (wrong := what_is_wrong(token)):
        raise refuse(f"{TOKEN} {wrong}.")
    if not is_loopback(host) and not token and not tokens_file:
        raise refuse(
            f"--host {host} lets other machines in; set {TOKEN} to a secret that they send, name a file of --tokens, "
            "or leave it out."
        )


def _watch_until(stopped: threading.Event, collector: Collector) -> None:
    """Show how it goes on a terminal."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        wait_for(stopped)
        return
    with screen.status("waiting for traces") as line:
        while not stopped.wait(LOOK_SECONDS):
            line.update(_progress(collector.health()))


def _progress(health: dict[str, Any]) -> str:
    stored = health["records"] - health["waiting"]
    aside = f", {health['quarantined']} set aside" if health["quarantined"] else ""
    return (
        f"{count(health['requests'], 'request')}, {count(stored, 'record')} stored, "
        f"{health['open_runs']} under way{aside}"
    )


def _summary(health: dict[str, Any]) -> str:
    parts = [f"{count(health['records'] - health['waiting'], 'record')} stored"]
    if health["stored_already"]:
        parts.append(f"{health['stored_already']} stored already")
    if refused := health["refused"] + sum(sink["refused"] for sink in health["sinks"]):
        parts.append(f"{refused} of runs that were erased, not kept")
    if health["open_runs"] or health["waiting"]:
        parts.append(f"{count(health['open_runs'] + health['waiting'], 'run')} kept for the next start")
    if health["rejected_spans"]:
        parts.append(f"{count(health['rejected_spans'], 'span')} not taken")
    if health["set_aside"]:
        parts.append(f"{health['set_aside']} set aside (--quarantine lists them)")
    return f"{count(health['requests'], 'request')}: " + ", ".join(parts)
