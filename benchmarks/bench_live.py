"""How long it takes from `item()` to a watcher: to a Server-Sent Events client, and into the page of a browser.

    python -m benchmarks.bench_live            half a minute; --quick for a first look

Runs of Stille Post with a hop every 20 ms, watched over loopback by programs of their own. An event carries the time
at which its item was logged, so the difference to the watcher's clock is the whole way: log, fold into boxes, JSON,
HTTP, socket, parsing. The aim is a median of 50 ms or less, into the page of a browser too.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from devserver.engines import Translated
from devserver.settings import Settings
from devserver.testing import ScriptedTranslator, scripted_engines
from devserver.web import WebSettings, create_app
from devserver.web.serving import serving
from devserver.wiring import open_devserver

HOP_SECONDS = 0.02

WATCHER = """
import json, sys, time, urllib.request
answer = urllib.request.urlopen(sys.argv[1])
is_new = True
for line in answer:
    if line.startswith(b"data: "):
        told = json.loads(line[6:])
        now = time.time_ns()
        if is_new:
            print("ready", flush=True)
        is_new = False
        if told["name"] == "interception_iteration":
            print(now - told["timestamp_ns"], flush=True)
"""

SEEN = """sessionStorage.clear();
const seen = {};
new MutationObserver(() => {
  for (const box of document.querySelectorAll('.box[data-state="done"]'))
    seen[box.dataset.key] ??= performance.timeOrigin + performance.now();
  sessionStorage.setItem("seen", JSON.stringify(seen));
}).observe(document.querySelector(".chapters"), {subtree: true, attributes: true, childList: true});"""


class SlowTranslator(ScriptedTranslator):
    """A translator that takes its time, as all do, and begins when everybody watches."""

    def __init__(self) -> None:
        super().__init__()
        self.may_begin = threading.Event()

    def translate(self, text: str, *, from_lang: str, to_lang: str) -> Translated:
        self.may_begin.wait(60)
        time.sleep(HOP_SECONDS)
        return super().translate(text, from_lang=from_lang, to_lang=to_lang)


@contextmanager
def served() -> Iterator[tuple[httpx.Client, threading.Event]]:
    """A client of a server on a free port, and what lets its runs begin."""
    web, translator = WebSettings(port=0), SlowTranslator()
    engines = scripted_engines(translator=translator)
    with (
        tempfile.TemporaryDirectory() as data,
        open_devserver(Settings(data_dir=Path(data)), engines=engines) as devserver,
        serving(create_app(devserver, web), web) as address,
        httpx.Client(base_url=address, timeout=60, trust_env=False) as client,
    ):
        yield client, translator.may_begin


def begin(client: httpx.Client) -> dict[str, Any]:
    body = {"schema": "stillepost", "input_text": "Eine Blume auf der Wiese erzählt dem Mond eine Geschichte."}
    run: dict[str, Any] = client.post("/api/schema/pipeline/execute?wait=0", json=body).json()
    return run


def to_programs(client: httpx.Client, may_begin: threading.Event, watchers: int, runs: int) -> list[float]:
    """Milliseconds from item to event, of all watchers."""
    found: list[float] = []
    for _ in range(runs):
        may_begin.clear()
        address = f"{client.base_url}{begin(client)['live_url']}"
        processes = [
            subprocess.Popen([sys.executable, "-c", WATCHER, address], stdout=subprocess.PIPE, text=True)
            for _ in range(watchers)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        may_begin.set()
        for process in processes:
            output, _ = process.communicate(timeout=120)
            found += [int(line) / 1e6 for line in output.splitlines()]
    return found


def to_pages(client: httpx.Client, may_begin: threading.Event, runs: int) -> list[float]:
    """Milliseconds from item to the page's elements; nothing where there is no Chromium."""
    sys.path.append(str(Path(__file__).parents[1] / "tests" / "browser"))
    from chromium import find_chromium, open_chromium

    found: list[float] = []
    if find_chromium() is None:
        return found
    with open_chromium() as browser:
        page = browser.page()
        for _ in range(runs):
            may_begin.clear()
            run = begin(client)
            page.go(f"{client.base_url}{run['run_url']}", "document.querySelector('[data-state=working]')")
            page.look(SEEN)
            may_begin.set()
            seen = json.loads(page.until("document.querySelector('.exports') && sessionStorage.getItem('seen')"))
            found += list(_differences(client, run, seen))
    return found


def _differences(client: httpx.Client, run: dict[str, Any], seen: dict[str, float]) -> Iterator[float]:
    record = client.get(run["record_url"]).json()
    for item in record.get("items", ()):
        at = seen.get(f"s2-interception_iteration-{item.get('stage_iteration')}")
        if at is not None and item["item_type"] == "interception_iteration":
            yield at - dt.datetime.fromisoformat(item["timestamp"]).timestamp() * 1e3


def show(what: str, milliseconds: Sequence[float]) -> None:
    if not milliseconds:
        print(f"{what:34}  not measured")
        return
    ordered = sorted(milliseconds)
    p95 = ordered[int(len(ordered) * 0.95) - 1]
    print(f"{what:34}  {statistics.median(ordered):7.1f} {p95:7.1f} {ordered[-1]:7.1f}   {len(ordered)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true")
    runs = 2 if parser.parse_args().quick else 8
    print(f"{'milliseconds from item()':34}  {'median':>7} {'p95':>7} {'most':>7}   events")
    with served() as (client, may_begin):
        for watchers in (1, 5, 15):
            label = f"to {watchers} program{'s' if watchers > 1 else ''}"
            show(label, to_programs(client, may_begin, watchers, runs if watchers < 15 else max(1, runs // 4)))
        show("into the page of a browser", to_pages(client, may_begin, runs))


if __name__ == "__main__":
    main()
