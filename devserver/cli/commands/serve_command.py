"""`otel-tracking serve`: the DevServer in the browser, until it is stopped."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from devserver.cli.options import data_option, json_option
from devserver.cli.output import print_json
from devserver.cli.stopping import wait_for, when_stopped
from devserver.cli.streams import say
from devserver.engines import Engines
from devserver.safety.terms import LEVELS
from devserver.settings import Settings
from devserver.wiring import Devserver, open_devserver
from otel_tracking.environment import PROCESS, THREAD


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="Where to listen. Others can come in only with a token. [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="The port; 0 takes a free one. [17801]")
@click.option("--slots", type=click.IntRange(1, 64), metavar="N", help="How many runs go on at once. [2]")
@click.option("--safety-level", type=click.Choice(LEVELS), help="Who will see it, where a run does not say. [kids]")
@data_option
@json_option
@click.pass_obj
def command(
    engines: Engines | None,
    /,
    host: str | None,
    port: int | None,
    slots: int | None,
    safety_level: str | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Serve the pages and the HTTP API of the DevServer.

    Open the address in a browser: choose a pipeline, type a sentence, watch it travel. Ctrl-C ends the server; runs
    that are under way end as cancelled, and everything is stored first. Only this machine is listened to, unless
    DEVSERVER_TOKEN is set.
    """
    from devserver.web.web_settings import WebSettings

    settings = Settings.from_environment(data_dir=data_dir)
    web = WebSettings.from_environment(host=host, port=port, slots=slots, safety_level=safety_level)
    # The thread that hears all connections should not wait for 5 ms behind each that makes a page.
    sys.setswitchinterval(0.0005)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    from devserver.past_days import joining_past_days
    from devserver.web import create_app
    from devserver.web.serving import serving

    # What is sent on as well is made here anyway, and twice would be dearer than once.
    assembly = THREAD if settings.research_endpoint or settings.media_store else PROCESS
    with (
        open_devserver(settings, engines=engines, assembly=assembly) as devserver,
        serving(create_app(devserver, web), web) as address,
        joining_past_days(settings.data_dir),
    ):
        stopped = when_stopped()
        _say(address, devserver, as_json, asks_for_token=web.token is not None)
        wait_for(stopped)
        if not as_json:
            say("Ending: runs under way are being stored …", err=True)


def _say(address: str, devserver: Devserver, as_json: bool, *, asks_for_token: bool) -> None:
    if as_json:
        print_json({"address": address, "data_dir": str(devserver.settings.data_dir), "asks_for_token": asks_for_token})
        return
    say(f"DevServer on {address}/   (Ctrl-C ends it)")
    say(f"records   {devserver.settings.data_dir}")
    if asks_for_token:
        say(f"log in    {address}/?token=…   with the value of DEVSERVER_TOKEN, once per browser")
        say("Nothing is encrypted: on a network you do not trust put a TLS proxy in front.")
