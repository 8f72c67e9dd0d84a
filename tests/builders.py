"""Short ways to a record, to a run and to what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from collectors import Recording, start_recording
from collectors.testing import RememberingSink
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, MediaType, SpanRecord
from otel_tracking.run import Execution


class Bang(Exception):
    """What a pipeline in these tests fails with."""


NOON = dt.datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=dt.UTC)
TRACE_ID = "0e3a0561" + "0" * 23 + "1"


def an_item(**fields: Any) -> ExecutionItem:
    """An item; what is not said is ordinary."""
    ordinary = {"sequence_number": 1, "timestamp": NOON, "item_type": ItemType.USER_INPUT_TEXT}
    return ExecutionItem(**{**ordinary, "media_type": MediaType.TEXT, "stage": 1, **fields})


def a_span(**fields: Any) -> SpanRecord:
    """A span; what is not said is ordinary."""
    ordinary = {"span_id": "00" * 7 + "01", "parent_span_id": None, "name": "execution", "kind": "internal"}
    return SpanRecord(**{**ordinary, "timestamp": NOON, **fields})


def a_record(**fields: Any) -> ExecutionRecord:
    """A record; what is not said is ordinary."""
    ordinary = {"execution_id": "exec_20261123_120000_0e3a0561", "config_name": "dada", "timestamp": NOON}
    return ExecutionRecord(**{**ordinary, "trace_id": TRACE_ID, **fields})


def record_of(pipeline: Callable[[Execution], None], **options: Any) -> ExecutionRecord:
    """The record of a run of `pipeline`, which may end with a `Bang`."""
    sink = RememberingSink()
    with start_recording([sink], journal=False, **options) as recording:
        run = recording.tracker().execution("dada")
        try:
            with run:
                pipeline(run)
        except Bang:
            pass
    return sink.latest()[run.trace_id]


def finished(recording: Recording, sink: RememberingSink) -> ExecutionRecord:
    """The latest revision of the one record in `sink`, once it is durable."""
    assert recording.flush(timeout=60), "the record did not become durable"
    [record] = sink.latest().values()
    return record


def items_of(record: ExecutionRecord, item_type: ItemType | str) -> list[ExecutionItem]:
    """The items of one type."""
    return [item for item in record.items if item.item_type == item_type]


def log_everywhere(value: Any) -> Callable[[Execution], None]:
    """A pipeline that puts a value wherever a value may go."""

    def pipeline(run: Execution) -> None:
        run.amend(metadata={"odd": value}, used_seed=value, user_id=value)
        with run.stage(2) as stage, stage.iteration(1) as iteration:
            with iteration.backend_call("ollama", model=value, configured={"odd": value, "kept": 1}) as call:
                call.passed({"body": value})
                call.response(value)
            iteration.item("interception_iteration", content=value, input_text=value, metadata={"odd": value})
            iteration.item("interception_final", metadata=value, model_used=value, config_used=value, file_path=value)
        with run.output(1, config_used=value) as output, output.stage(4) as stage:
            stage.item("output_image", media=b"png", execution_time=value, backend_used=value, attempt="0" * 16)

    return pipeline
