"""What an outbox holds after an hour in which its gateway was away, and how long it takes to catch up.

    python -m benchmarks.bench_outbox             a few minutes; --quick for a first look

A class of 15 pupils that begin 20 runs an hour each is 300 runs; the second line is ten such classes on one server. The
hour is not waited for: runs come one after the other. All runs are counted on the other side; one that is missing ends
the benchmark with an error. The gateway is a small HTTP server on the same machine, which unpacks and reads each
request: it takes its share of the same processors.
"""

from __future__ import annotations

import argparse
import gzip
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks import workloads
from collectors import Recording, start_recording
from collectors.outbox import sending
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.kept_runs import traces_in
from otel_tracking import ExecutionTracker

PUPILS, RUNS_AN_HOUR = 15, 20
MIB = 2**20


class Gateway:
    """Takes requests once it is `open`, and knows which traces came; until then it answers 503."""

    def __init__(self) -> None:
        self.is_open = False
        self.traces: set[int] = set()
        self.requests = self.bytes = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, body: bytes) -> int:
        """The status of the answer."""
        if not self.is_open:
            return 503
        self.requests, self.bytes = self.requests + 1, self.bytes + len(body)
        self.traces |= traces_in(PROTOBUF, gzip.decompress(body))
        return 200

    def close(self) -> None:
        """End it."""
        self._server.shutdown()


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status = gateway.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def an_hour(runs: int, work: Callable[[ExecutionTracker], None]) -> str:
    """One line of the table: an hour without a gateway, and how it is made up for."""
    gateway, home = Gateway(), Path(tempfile.mkdtemp(prefix="bench-outbox-", dir="/var/tmp"))
    try:
        with start_recording(research_endpoint=gateway.endpoint, outbox=home, journal=False) as recording:
            began = time.perf_counter()
            tracker = recording.tracker()
            for _ in range(runs):
                work(tracker)
            assert recording.flush(timeout=600)
            kept = time.perf_counter() - began
            waiting, on_disk = recording.health()["outbox"], _size(home)
            caught_up = _catch_up(recording, gateway)
        assert len(gateway.traces) == runs, f"{runs - len(gateway.traces)} runs are missing"
    finally:
        gateway.close()
        shutil.rmtree(home)
    return (
        f"| {runs:,} | {on_disk / MIB:.1f} MiB | {on_disk / runs / 1024:.0f} KiB | {waiting['waiting']:,} "
        f"| {1000 * kept / runs:.1f} ms | {caught_up:.1f} s | {gateway.bytes / runs / 1024:.1f} KiB |"
    )


def _catch_up(recording: Recording, gateway: Gateway) -> float:
    outbox: Any = recording._outbox
    gateway.is_open = True
    first = time.perf_counter()
    assert outbox.settle(600)
    return time.perf_counter() - first


def _size(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*.otlp"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    logging.getLogger("otel_tracking").setLevel(logging.ERROR)  # that the gateway is away is what is measured
    runs = PUPILS * RUNS_AN_HOUR // (10 if parser.parse_args().quick else 1)
    # Without the pause that it would be in: up to a minute, which says nothing of how fast it is.
    sending.LONGEST_WAIT = 0.1
    print("| workload | runs | outbox on disk | a run | requests | to keep a run | to catch up | sent, a run |")
    print("|---|---|---|---|---|---|---|---|")
    for name, calls in (("A", False), ("B", True)):
        for count in (runs, 10 * runs):
            print(f"| {name} {an_hour(count, partial(workloads.ours, calls=calls))}", flush=True)


if __name__ == "__main__":
    main()
