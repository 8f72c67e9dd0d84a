"""What one gateway brings into Kafka: runs, spans and MB a second, what it costs in CPU, what a run is in the topic.

    python -m benchmarks.bench_gateway            some minutes; --quick for a first look

Real Collectors with the configurations that are handed out, a real Kafka of one node, and requests as an outbox makes
them: runs of workload A, a MiB in each, packed. Everything runs on the same processors, senders too; the CPU seconds of
each process say what it needs by itself. All runs are counted in the topic; one that is missing ends the benchmark with
an error.
"""

from __future__ import annotations

import argparse
import gzip
import os
import queue
import random
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from confluent_kafka import Consumer, TopicPartition
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import SpanProcessor

from benchmarks import workloads
from benchmarks.real_parts import built, gateway_stage, kafka_stage
from collectors import start_recording

SENDERS, RUNS_A_REQUEST, MIB, TOPIC = 8, 20, 2**20, "otlp_spans"
HEADERS = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}


class Runs(NamedTuple):
    """Requests, packed, and what is in all of them together."""

    requests: Sequence[bytes]
    runs: int
    spans: int
    size: int


class _Keeping(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[Any] = []

    def on_end(self, span: Any) -> None:
        self.spans.append(span)


def make_runs(count: int) -> Runs:
    """So many runs: some that were recorded, each again and again under another trace id."""
    kept, draw = _Keeping(), random.Random(1)
    with start_recording(journal=False) as recording:
        recording.provider.add_span_processor(kept)
        for _ in range(RUNS_A_REQUEST):
            workloads.vary(draw)
            workloads.ours(recording.tracker(), calls=False)
        recording.provider.force_flush(30_000)
    body = encode_spans(kept.spans).SerializeToString()
    trace_ids = {span.context.trace_id.to_bytes(16, "big") for span in kept.spans}
    requests = [gzip.compress(_renamed(body, trace_ids), 6) for _ in range(count // RUNS_A_REQUEST)]
    times = len(requests)
    return Runs(requests, times * RUNS_A_REQUEST, times * len(kept.spans), times * len(body))


def _renamed(body: bytes, trace_ids: set[bytes]) -> bytes:
    for trace_id in trace_ids:
        body = body.replace(trace_id, secrets.token_bytes(16))
    return body


def send(endpoint: str, requests: Sequence[bytes]) -> float:
    """Send from several senders at once until all is taken; the seconds it took."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for request in requests:
        waiting.put(request)
    began = time.perf_counter()
    senders = [threading.Thread(target=_send_waiting, args=(endpoint, waiting)) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return time.perf_counter() - began


def _send_waiting(endpoint: str, waiting: queue.SimpleQueue[bytes]) -> None:
    with httpx.Client(timeout=120) as client:
        while True:
            try:
                body = waiting.get_nowait()
            except queue.Empty:
                return
            while not client.post(f"{endpoint}/v1/traces", content=body, headers=HEADERS).is_success:
                time.sleep(0.05)


def wait_for_messages(address: str, count: int, until: float) -> None:
    """Until a topic has so many messages; an error where they do not come."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": "count"})
    places = [TopicPartition(TOPIC, number) for number in range(gateway_stage.PARTITIONS)]
    while (found := sum(consumer.get_watermark_offsets(place)[1] for place in places)) < count:
        assert time.monotonic() < until, f"{count - found} runs are missing"
        time.sleep(0.02)
    consumer.close()


def cpu_seconds(process: Any) -> float:
    """What a process has used, in its own code and in the system's."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: Any) -> float:
    """The most that a process has had in memory, in MiB."""
    [line] = [line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmHWM" in line]
    return int(line.split()[1]) / 1024


@contextmanager
def running(part: Any) -> Iterator[Any]:
    """A Collector for the length of the block."""
    part.start()
    part.wait()
    try:
        yield part
    finally:
        part.process.kill()
        part.process.wait()


def measure(name: str, runs: Runs, with_agent: bool, **settings: str) -> str:
    """One line of the table."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-gateway-", dir="/var/tmp")))
        (home / "kafka").mkdir()
        broker: Any = kafka_stage.Broker(built("get_kafka.sh"), home / "kafka")
        broker.start()
        stack.callback(broker.stop)
        gateway_stage.make_topic(broker.address, TOPIC)
        binary, config = built("build_collector.sh"), "otel-collector-gateway.yaml"
        settings["KAFKA_BROKERS"] = broker.address
        gateway = stack.enter_context(running(gateway_stage.collector(binary, home / "gateway", config, **settings)))
        entry = gateway
        if with_agent:
            where = {"GATEWAY_ENDPOINT": gateway.endpoint}
            agent = gateway_stage.collector(binary, home / "agent", "otel-collector-agent.yaml", **where)
            entry = stack.enter_context(running(agent))
        return _line(name, runs, entry, gateway, broker)


def _line(name: str, runs: Runs, entry: Any, gateway: Any, broker: Any) -> str:
    processes = {"entry": entry.process, "gateway": gateway.process, "kafka": broker._running}
    before = {part: cpu_seconds(process) for part, process in processes.items()}
    began = time.perf_counter()
    taken = send(entry.endpoint, runs.requests)
    wait_for_messages(broker.address, runs.runs, time.monotonic() + 300)
    seconds = time.perf_counter() - began
    used = {part: 1000 * (cpu_seconds(process) - before[part]) / runs.runs for part, process in processes.items()}
    stored = sum(path.stat().st_size for path in broker.logs.glob(f"{TOPIC}-*/*.log"))
    return (
        f"| {name} | {runs.runs / taken:,.0f} | {runs.runs / seconds:,.0f} | {runs.spans / seconds:,.0f} "
        f"| {runs.size / seconds / 1e6:.1f} | {used['entry']:.2f} | {used['gateway']:.2f} | {used['kafka']:.2f} "
        f"| {stored / runs.runs / 1024:.1f} KiB | {memory(entry.process):.0f} MiB |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    runs = make_runs(800 if parser.parse_args().quick else 8_000)
    packed = sum(map(len, runs.requests)) / runs.runs / 1024
    print(f"{runs.runs:,} runs of {runs.size / runs.runs / 1024:.0f} KiB, {packed:.1f} KiB packed\n")
    print("| | runs/s taken | runs/s in Kafka | spans/s | MB/s ", end="")
    print("| entry, CPU ms a run | gateway | Kafka | in Kafka | memory |\n" + "|---" * 10 + "|")
    print(measure("gateway", runs, with_agent=False), flush=True)
    print(measure("gateway without a queue", runs, with_agent=False, OTELCOL_QUEUED="false"), flush=True)
    print(measure("agent, gateway", runs, with_agent=True), flush=True)


if __name__ == "__main__":
    main()
