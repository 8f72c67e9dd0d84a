"""From OTLP bytes to records: items a second of workload A, decoded alone and through `otel-tracking collect`."""

from __future__ import annotations

import gzip
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from benchmarks import workloads
from benchmarks.contenders import ForgetfulSink
from benchmarks.figures import figure
from collectors import start_recording
from collectors.building.record import build_record
from collectors.spans.of_otlp import batches_of_protobuf


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


def through_collect(runs: int, senders: int = 4) -> None:
    """Print the rate of a real collector in a process of its own: HTTP, spool with fsync, Parquet."""
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "devserver.cli", "collect", "--port", "0", "--data", directory]
        collector = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ)
        assert collector.stderr is not None
        found = re.search(rb"http://\S+", collector.stderr.readline())
        assert found is not None
        url = found[0].decode()
        # Made now, as in life: of runs from before its start a collector asks the dataset whether it has them.
        bodies = requests_of_runs(runs)

        def send(bodies: list[bytes]) -> None:
            with requests.Session() as session:
                for body in bodies:
                    while session.post(url, data=body, headers=headers).status_code == 503:
                        time.sleep(0.01)

        started = time.perf_counter()
        with ThreadPoolExecutor(senders) as pool:
            list(pool.map(send, [bodies[number::senders] for number in range(senders)]))
        answered = time.perf_counter() - started
        collector.send_signal(signal.SIGINT)
        told, _ = collector.communicate()
        stored = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = used.ru_utime + used.ru_stime
    print(f"through otel-tracking collect, {runs} runs, {senders} senders: {told.decode().strip()}")
    print(f"  {runs * 26 / busy:,.0f} items/s of the collector's own processor time, start and end included")
    print(f"  {runs * 26 / answered:,.0f} items/s answered, {runs * 26 / stored:,.0f} items/s durable in Parquet")


def main(rounds: int) -> None:
    """Print the rate."""
    body, costs = request_of_one_run(), []
    for _ in range(rounds):
        started = time.perf_counter_ns()
        record = build_record(span for batch in batches_of_protobuf(body) for span in batch.spans)
        costs.append((time.perf_counter_ns() - started) / 1000)
    cost = figure(costs)
    rate = len(record.items) / cost.median * 1e6
    print(f"OTLP in → record, {len(body) / 1024:.0f} KB a run        {cost}")
    print(f"  {rate:,.0f} items/s")
    through_collect(2 * rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
