"""From OTLP bytes to records of workload A: alone, in large requests, and through `otel-tracking collect`."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from typing import NamedTuple

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from benchmarks import workloads
from benchmarks.contenders import ForgetfulSink
from benchmarks.figures import figure, processor_seconds
from collectors import start_recording
from collectors.building.record import build_columns, build_record
from collectors.spans.of_otlp import batches_of_protobuf
from devserver.cli.interpreter import make_room_for_many_spans
from otel_tracking.environment import PROCESS, THREAD


def request_of_one_run() -> bytes:
    """The OTLP request that an exporter sends for a run of workload A."""
    exporter = InMemorySpanExporter()
    with start_recording([ForgetfulSink()], journal=False) as recording:
        recording.provider.add_span_processor(SimpleSpanProcessor(exporter))
        workloads.ours(recording.tracker(), calls=False)
        recording.provider.force_flush()
    return encode_spans(exporter.get_finished_spans()).SerializeToString()


def requests_of_runs(count: int) -> list[bytes]:
    """The zipped requests of so many runs of workload A."""
    return [gzip.compress(request_of_one_run(), 6) for _ in range(count)]


class Rates(NamedTuple):
    """Items a second: answered, durable, and durable by a second of the collector's own processor time."""

    answered: float
    durable: float
    by_processor: float


def through_collect(runs: int, assembly: str, senders: int = 4) -> Rates:
    """The rates of a real collector in a process of its own: HTTP, spool with fsync, Parquet."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "devserver.cli", "collect", "--port", "0", "--data", directory]
        environment = {**os.environ, "DEVSERVER_ASSEMBLY": assembly}
        collector = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        assert collector.stderr is not None
        found = re.search(rb"http://([^/]+)", collector.stderr.readline())
        assert found is not None
        host = found[1].decode()
        # Made now, as in life: of runs from before its start a collector asks the dataset whether it has them.
        bodies = requests_of_runs(runs)
        used = processor_seconds(collector.pid)
        started = time.perf_counter()
        with ThreadPoolExecutor(senders) as pool:
            list(pool.map(partial(_send, host), [bodies[number::senders] for number in range(senders)]))
        answered = time.perf_counter() - started
        _wait_until_stored(host, runs)
        stored = time.perf_counter() - started
        used = processor_seconds(collector.pid) - used
        collector.send_signal(signal.SIGINT)
        collector.communicate()
    return Rates(*(runs * 26 / seconds for seconds in (answered, stored, used)))


def _send(host: str, bodies: list[bytes]) -> None:
    """Send them one by one, on one connection, by a client that takes little of the machine itself."""
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
    with contextlib.closing(HTTPConnection(host)) as connection:
        for body in bodies:
            while _status(connection, "POST", "/v1/traces", body, headers)[0] == 503:
                time.sleep(0.01)


def _wait_until_stored(host: str, runs: int) -> None:
    wanted = {f"otel_tracking_collect_{name}" for name in (f"records_total {runs}.0", "waiting 0.0")}
    with contextlib.closing(HTTPConnection(host)) as connection:
        while not wanted <= set(_status(connection, "GET", "/metrics", None, {})[1].decode().splitlines()):
            time.sleep(0.01)


def _status(
    connection: HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, bytes]:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def collecting(runs: int, turns: int) -> None:
    """Print the rates of collectors that make records in a process of the sink's own, or on a thread, in turns."""
    rates: dict[str, list[Rates]] = {PROCESS: [], THREAD: []}
    for _ in range(turns):
        for assembly, found in rates.items():
            found.append(through_collect(runs, assembly))
    print(f"through otel-tracking collect, {runs} runs, 4 connections, {turns} turns, items/s")
    for assembly, found in rates.items():
        answered, durable, by_processor = map(_told, zip(*found, strict=True))
        print(f"  {assembly:<8} answered {answered}, durable in Parquet {durable}")
        print(f"           durable by a second of its own processor time {by_processor}")


def _told(rates: Sequence[float]) -> str:
    median, low, high, _ = figure(rates)
    return f"{median:,.0f} ({low:,.0f}–{high:,.0f})"


def alone(rounds: int) -> None:
    """Print what reading costs, and with it making the record: its columns, as a collector stores them, or objects."""
    body = request_of_one_run()
    steps: dict[str, list[float]] = {"read": [], "read → columns": [], "read → record": []}
    for _ in range(rounds):
        for name, make in (("read → columns", build_columns), ("read → record", build_record)):
            started = time.thread_time_ns()
            spans = [span for batch in batches_of_protobuf(body) for span in batch.spans]
            read = time.thread_time_ns()
            record = make(spans)
            steps["read"].append((read - started) / 1000)
            steps[name].append((time.thread_time_ns() - started) / 1000)
    items = len(record.items)
    print(f"OTLP in, {len(body) / 1024:.0f} KB and {items} items a run, processor time")
    for name, costs in steps.items():
        print(f"  {name:<16} {figure(costs)}  {items / figure(costs).median * 1e6:,.0f} items/s")


def large_requests() -> None:
    """Print what a span costs in requests of ever more spans, of runs of which each has its trace."""
    one = ExportTraceServiceRequest.FromString(request_of_one_run())
    spans = one.resource_spans[0].scope_spans[0].spans
    for span in spans:
        for event in span.events:
            for attribute in event.attributes:
                # Graphs would make it larger than a request may be.
                if len(attribute.value.string_value) > 5000:
                    attribute.value.string_value = '{"fact":"passed","value":{"steps":4}}'
    for count, rounds in ((100, 60), (1_000, 12), (17_000, 3)):
        body = _of_many_runs(one, count // len(spans))
        costs = []
        for _ in range(rounds):
            started = time.thread_time_ns()
            batches = batches_of_protobuf(body)
            costs.append((time.thread_time_ns() - started) / 1000 / sum(len(batch.spans) for batch in batches))
            del batches
        print(f"  a span in a request of {count:>6,}: {figure(costs)}")


def _of_many_runs(one: ExportTraceServiceRequest, runs: int) -> bytes:
    many = ExportTraceServiceRequest()
    many.CopyFrom(one)
    into = many.resource_spans[0].scope_spans[0]
    del into.spans[:]
    for number in range(1, runs + 1):
        for span in one.resource_spans[0].scope_spans[0].spans:
            into.spans.add().CopyFrom(span)
            into.spans[-1].trace_id = number.to_bytes(16)
    packed: bytes = many.SerializeToString()
    return packed


def main(rounds: int) -> None:
    """Print the rates."""
    alone(rounds)
    make_room_for_many_spans()  # as whoever collects has it
    large_requests()
    collecting(10 * rounds, 3)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
