"""What the tests of the outbox share: records to send, what arrived, and times that are no times."""

from __future__ import annotations

from collections import defaultdict

from wire import read_protobuf

from collectors import start_recording
from collectors.building.record import build_record
from collectors.testing import RememberingSink
from otel_tracking import ExecutionRecord, ItemType, canonical

NOWHERE = "http://127.0.0.1:9/v1/traces"
"""Where nobody listens."""


def some_records(count: int, *, text: str = "Eine Blume", **fields: object) -> list[ExecutionRecord]:
    """Records as sinks are given them."""
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording:
        for number in range(count):
            with recording.tracker().execution("stillepost", **fields) as run, run.stage(2) as stage:
                stage.item(ItemType.INTERCEPTION_ITERATION, content=f"{text} {number}")
        assert recording.flush(timeout=60)
    return list(sink.latest().values())


def traces_of(records: list[ExecutionRecord]) -> set[str]:
    return {record.trace_id for record in records}


def arrived(bodies: list[bytes]) -> dict[str, ExecutionRecord]:
    """The records that a collector makes of requests, by trace id."""
    spans = defaultdict(dict)
    for body in bodies:
        for span in read_protobuf(body):
            spans[f"{span.trace_id:032x}"][span.span_id] = span
    return {trace: build_record(list(found.values())) for trace, found in spans.items()}


def text_of(record: ExecutionRecord) -> str:
    return canonical.dumps(record.to_dict())
