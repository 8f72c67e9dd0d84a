"""A collector on the loopback, requests to it, and the spans of runs to send.

With `OTEL_TRACKING_TEST_ASSEMBLY=process` records are made in a process of the sink's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from sources import KeepSpans

from collectors import start_recording
from collectors.receiving import Collector, Spool, TraceReceiver
from collectors.receiving.server import listening
from collectors.testing import RememberingSink
from exporters import ParquetSink
from otel_tracking import ExecutionRecord, ItemType, canonical

ASSEMBLY = os.environ.get("OTEL_TRACKING_TEST_ASSEMBLY", "thread")


def spans_of_runs(count: int, hops: int = 2) -> tuple[list[list[ReadableSpan]], dict[str, ExecutionRecord]]:
    """The spans of some runs, and the records that their own process made."""
    sink, kept = RememberingSink(), KeepSpans()
    with start_recording([sink], journal=False) as recording:
        recording.provider.add_span_processor(kept)
        for number in range(count):
            with recording.tracker().execution("stillepost", user_id=f"u{number}") as run, run.stage(2) as stage:
                for hop in range(1, hops + 1):
                    with stage.iteration(hop) as iteration:
                        iteration.item(ItemType.INTERCEPTION_ITERATION, content=f"text {number}.{hop}")
        assert recording.flush(timeout=30)
        assert recording.provider.force_flush(30_000)
    by_trace: dict[int, list[ReadableSpan]] = {}
    for span in kept.spans:
        by_trace.setdefault(span.context.trace_id, []).append(span)
    return list(by_trace.values()), sink.latest()


def body_of(spans: Sequence[ReadableSpan]) -> bytes:
    """An OTLP request in protobuf."""
    return encode_spans(spans).SerializeToString()


@contextmanager
def collecting(sinks: Sequence[Any], directory: Path, **options: Any) -> Iterator[Collector]:
    """A collector, closed afterwards; where its sinks can go, and that is wished, they have processes of their own."""
    assembly = ASSEMBLY if all(isinstance(sink, ParquetSink) for sink in sinks) else "thread"
    collector = Collector(sinks, Spool(directory), **{"look_seconds": 0.02, "assembly": assembly, **options})
    yield collector
    collector.close()


@contextmanager
def receiving(collector: Collector, **tokens: Any) -> Iterator[str]:
    """The address of a real server in front of a collector."""
    with listening(TraceReceiver(collector, **tokens), "127.0.0.1", 0) as address:
        yield address


def post(address: str, body: bytes, content_type: str = "application/x-protobuf", **headers: str) -> requests.Response:
    """A request to the server."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{address}/v1/traces", data=body, headers={"Content-Type": content_type, **named}, timeout=30)


def text_of(record: ExecutionRecord) -> str:
    """The record's canonical text but for why it was written when it was."""
    return canonical.dumps({**record.to_dict(), "finish_reason": None})
