"""What one worker brings from a filled topic of Kafka into a durable table: items and runs a second, and its memory.

    python -m benchmarks.bench_kafka            some minutes; --quick for a first look; --s3 stores on an S3 server

A real Kafka of one node and a worker as it is started from the command line, `otel-tracking collect --kafka`. Runs are
those of workload A, each with texts of its own, a message each under its trace id, as the gateway writes them. Times
are those of the table's commits, from the first to the last: what a worker needs to start is not in them.
"""

from __future__ import annotations

import argparse
import random
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Producer
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import SpanProcessor

from benchmarks import workloads
from benchmarks.real_parts import built, parts, running
from collectors import start_recording
from exporters.delta.tables import DeltaStore
from exporters.errors import NoTable

KINDS, ITEMS, PARTITIONS, PATIENCE = 200, 26, 6, 900
MARKS = (1_000, 5_000, 20_000)


class _Keeping(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[Any] = []

    def on_end(self, span: Any) -> None:
        self.spans.append(span)


class Progress(NamedTuple):
    """What the table has: runs in all, runs of the first commit, and the seconds from that to the last."""

    runs: int
    first: int
    seconds: float

    @property
    def runs_per_second(self) -> float:
        """How many runs came a second after the first commit."""
        return (self.runs - self.first) / self.seconds if self.seconds else 0.0


def messages(count: int) -> Iterator[tuple[bytes, bytes]]:
    """So many runs, each the request that it is under its trace id: some that were recorded, again and again."""
    kept, draw, bodies = _Keeping(), random.Random(1), []
    with start_recording(journal=False) as recording:
        recording.provider.add_span_processor(kept)
        for _ in range(KINDS):
            workloads.vary(draw)
            workloads.ours(recording.tracker(), calls=False)
            recording.provider.force_flush(30_000)
            spans, kept.spans = kept.spans, []
            bodies.append((spans[0].context.trace_id.to_bytes(16, "big"), encode_spans(spans).SerializeToString()))
    for number in range(count):
        trace_id, body = bodies[number % KINDS]
        other = secrets.token_bytes(16)
        # The execution's id ends with the first eight digits of its trace's.
        renamed = body.replace(trace_id, other).replace(trace_id.hex()[:8].encode(), other.hex()[:8].encode())
        yield other.hex().encode(), renamed


def fill(brokers: str, count: int) -> None:
    """Put so many runs into the topic, packed as a gateway packs them."""
    producer = Producer({"bootstrap.servers": brokers, "compression.type": "zstd", "linger.ms": 50})
    for key, body in messages(count):
        producer.produce(parts.TOPIC, body, key=key)
        if len(producer) > 1_000:
            producer.flush(PATIENCE)
    assert producer.flush(PATIENCE) == 0


def progress(store: DeltaStore) -> Progress:
    """How far the table is, by the log of its commits."""
    try:
        commits = [commit for commit in store.open("executions").history() if _runs_of(commit)]
    except NoTable:
        return Progress(0, 0, 0.0)
    if not commits:
        return Progress(0, 0, 0.0)
    last, first = commits[0], commits[-1]
    return Progress(sum(map(_runs_of, commits)), _runs_of(first), (last["timestamp"] - first["timestamp"]) / 1000)


def _runs_of(commit: Mapping[str, Any]) -> int:
    return int(commit.get("operationMetrics", {}).get("num_added_rows", 0))


def memory(process: Any) -> float:
    """What a process has in memory now, in MiB."""
    [line] = [line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmRSS" in line]
    return int(line.split()[1]) / 1024


def lines(worker: Any, store: DeltaStore, marks: Sequence[int]) -> Iterator[str]:
    """A line of the table for each mark, when so many runs are durable."""
    ends = time.monotonic() + PATIENCE
    for mark in marks:
        while (now := progress(store)).runs < mark:
            assert time.monotonic() < ends and worker.process.poll() is None, worker.log.read_text()[-2000:]
            time.sleep(0.5)
        yield (
            f"| {now.runs:,} | {now.runs_per_second * ITEMS:,.0f} | {now.runs_per_second:,.0f} "
            f"| {memory(worker.process):,.0f} MiB |"
        )


def measure(home: Path, marks: Sequence[int], on_s3: bool) -> None:
    """Print the table."""
    with ExitStack() as stack:
        broker = parts.kafka(built("get_kafka.sh"), home / "kafka", partitions=PARTITIONS)
        stack.enter_context(running(broker))
        options, table = {}, str(home / "table")
        if on_s3:
            server = parts.s3(built("build_versitygw.sh"), home / "s3")
            stack.enter_context(running(server))
            options, table = server.options, "s3://research/table"
        fill(broker.address, marks[-1])
        worker = parts.worker(1, home, broker.address, table, options)
        stack.enter_context(running(worker))
        for line in lines(worker, DeltaStore(table, options), marks):
            print(line, flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    parser.add_argument("--s3", action="store_true", help="on an S3 server of this machine, not in a folder")
    said = parser.parse_args()
    marks = [mark // 10 for mark in MARKS] if said.quick else MARKS
    print("| runs durable | items/s | runs/s | memory of the worker |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="bench-kafka-", dir="/var/tmp") as home:
        measure(Path(home), marks, said.s3)


if __name__ == "__main__":
    main()
