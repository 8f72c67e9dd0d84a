"""From OTLP bytes to records: items a second, protobuf and JSON, of workload A."""

from __future__ import annotations

import sys
import time

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from benchmarks import workloads
from benchmarks.contenders import ForgetfulSink
from benchmarks.figures import figure
from collectors import start_recording
from collectors.build import build_record
from collectors.otlp import read_protobuf


def request_of_one_run() -> bytes:
    """The OTLP request that an exporter sends for a run of workload A."""
    exporter = InMemorySpanExporter()
    with start_recording([ForgetfulSink()], journal=False) as recording:
        recording.provider.add_span_processor(SimpleSpanProcessor(exporter))
        workloads.ours(recording.tracker(), calls=False)
        recording.provider.force_flush()
    return encode_spans(exporter.get_finished_spans()).SerializeToString()


def main(rounds: int) -> None:
    """Print the rate."""
    body, costs = request_of_one_run(), []
    for _ in range(rounds):
        started = time.perf_counter_ns()
        record = build_record(read_protobuf(body))
        costs.append((time.perf_counter_ns() - started) / 1000)
    cost = figure(costs)
    rate = len(record.items) / cost.median * 1e6
    print(f"OTLP in → record, {len(body) / 1024:.0f} KB a run        {cost}")
    print(f"  {rate:,.0f} items/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
