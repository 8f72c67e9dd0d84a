"""How long it takes from `item()` to each of a hundred watchers of one run, and what that costs.

    python -m benchmarks.bench_watchers             a minute; --quick for a first look, --watchers N for another number

`otel-tracking serve` is a process of its own, as users start it, and asks a model server that takes 50 ms for each hop.
All watchers are in a third process, on one loop: their events are stamped when they have arrived, and read afterwards.
An event carries the time at which its item was logged, so the difference is the whole way, on one machine's clock.
The aim is a median of 50 ms or less.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import httpx

from tests.model_servers.ollama import OllamaServer

HOP_SECONDS = 0.05
SENTENCE = "Eine Blume auf der Wiese erzählt dem Mond eine Geschichte."


class Figures(NamedTuple):
    """Milliseconds of every event at every watcher, and seconds of CPU: of the server, and of all watchers."""

    milliseconds: list[float]
    server_seconds: float
    watchers_seconds: float
    seconds: float


class SlowModel:
    """Says something else each time, after a while; before it may begin, nothing."""

    def __init__(self) -> None:
        self.may_begin = threading.Event()

    def __call__(self, text: str) -> str:
        self.may_begin.wait(120)
        time.sleep(HOP_SECONDS)
        return f"Eine Blume erzählt, {len(text)} Zeichen lang."


async def watch(address: str, count: int) -> list[float]:
    """Milliseconds from item to arrival, of all events that came after everybody had begun to watch."""
    arrived: list[tuple[int, bytes]] = []
    begun = asyncio.Semaphore(0)
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, read_bufsize=2**20) as session:

        async def one() -> None:
            is_new = True
            async with session.get(address) as answer:
                async for line in answer.content:
                    if line.startswith(b"data: "):
                        arrived.append((time.time_ns(), line))
                        if is_new:
                            begun.release()
                        is_new = False

        watchers = [asyncio.create_task(one()) for _ in range(count)]
        for _ in range(count):
            await begun.acquire()
        since = time.time_ns()
        print("ready", flush=True)
        await asyncio.gather(*watchers)
    told = [(now, json.loads(line[6:])["timestamp_ns"]) for now, line in arrived]
    return [(now - then) / 1e6 for now, then in told if then > since]


@contextmanager
def served(model_url: str, watchers: int) -> Iterator[tuple[httpx.Client, int]]:
    """A client of a server in a process of its own, and the number of the process."""
    with tempfile.TemporaryDirectory() as data:
        variables = {"OTEL_TRACKING_DATA": data, "OLLAMA_HOST": model_url, "DEVSERVER_STREAMS": str(watchers + 8)}
        process = subprocess.Popen(
            [sys.executable, "-m", "devserver.cli", "serve", "--port", "0", "--json"],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            address = json.loads(process.stdout.readline())["address"]
            with httpx.Client(base_url=address, timeout=120, trust_env=False) as client:
                yield client, process.pid
        finally:
            process.terminate()
            process.wait()


def one_run(client: httpx.Client, server: int, model: SlowModel, watchers: int) -> Figures:
    """What one run was like."""
    model.may_begin.clear()
    body = {"schema": "ollama_stillepost", "input_text": SENTENCE}
    run: dict[str, Any] = client.post("/api/schema/pipeline/execute?wait=0", json=body).json()
    command = [sys.executable, "-m", "benchmarks.bench_watchers", "--watch", f"{client.base_url}{run['live_url']}"]
    watching = subprocess.Popen(
        [*command, "--watchers", str(watchers)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )
    assert watching.stdout is not None
    assert watching.stdout.readline() == "ready\n"
    server_before, watchers_before, begun = cpu_of(server), cpu_of(watching.pid), time.monotonic()
    model.may_begin.set()
    told = json.loads(watching.stdout.readline())
    seconds = time.monotonic() - begun
    watching.wait()
    return Figures(told["milliseconds"], cpu_of(server) - server_before, told["cpu"] - watchers_before, seconds)


def cpu_of(process: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(what: str, runs: Sequence[Figures]) -> None:
    ordered = sorted(one for run in runs for one in run.milliseconds)
    p90, most = ordered[int(len(ordered) * 0.9) - 1], ordered[-1]
    server, watching, seconds = (sum(getattr(run, name) for run in runs) for name in Figures._fields[1:])
    figures = f"{statistics.median(ordered):9.1f} {p90:9.1f} {most:9.1f} {len(ordered):9,}"
    print(f"{what:16}{figures} {100 * server / seconds:11.0f} % {100 * watching / seconds:11.0f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--watchers", type=int, default=100)
    parser.add_argument("--watch", metavar="ADDRESS", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.watch:
        milliseconds = asyncio.run(watch(wanted.watch, wanted.watchers))
        print(json.dumps({"milliseconds": milliseconds, "cpu": time.process_time()}), flush=True)
        return
    print(f"{'':16}{'median ms':>9} {'p90':>9} {'most':>9} {'events':>9} {'CPU server':>13} {'CPU watchers':>13}")
    model = SlowModel()
    with OllamaServer(model) as ollama, served(ollama.url, wanted.watchers) as (client, server):
        for watchers in sorted({1, 15, wanted.watchers}):
            runs = [one_run(client, server, model, watchers) for _ in range(1 if wanted.quick else 5)]
            show(f"{watchers:,} watcher{'s' if watchers > 1 else ''}", runs)


if __name__ == "__main__":
    main()
