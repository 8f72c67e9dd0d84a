"""Any run, however nested and however it ends, makes the same record from every source."""

from dataclasses import replace

import pytest
from builders import NOON, Bang, items_of
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from sources import (
    assert_all_equal,
    assert_equal_from_all_sources,
    log_everywhere,
    log_many,
    records_of_all_sources,
    recovered_text,
    text_of,
)

from collectors import start_recording
from collectors.flight_recorder import FlightRecorder
from collectors.testing import RememberingSink, WaitingSink
from otel_tracking import ExecutionTracker, FinishReason, ItemType, Status, canonical

steps = st.recursive(
    st.sampled_from(["item", "media", "fact", "fail", "late"]).map(lambda name: (name, ())),
    lambda inner: st.tuples(
        st.sampled_from(["call", "failing call", "stage", "iteration", "output", "catch"]),
        st.lists(inner, max_size=4).map(tuple),
    ),
    max_leaves=14,
)


def walk(scope, run, plan, number=1):
    """Do what a generated plan says."""
    name, parts = plan
    if name in ("item", "late"):
        kind = list(ItemType)[number * 7 % len(ItemType)]
        scope.item(kind, content=f"text {number}", metadata={"n": number, "t": (number,)})
    elif name == "media":
        scope.item(ItemType.OUTPUT_IMAGE, media=bytes([number % 256]) * 10)
    elif name == "fact":
        run.amend(used_seed=number)
    elif name == "fail":
        raise Bang(f"at {number}")
    else:
        _walk_inside(scope, run, name, parts, number)


def _walk_inside(scope, run, name, parts, number):
    try:
        with _open(scope, run, name, number) as inner:
            for position, part in enumerate(parts):
                walk(inner, run, part, number * 3 + position)
            if name == "failing call":
                raise Bang("no answer")
    except Bang:
        if name not in ("catch", "failing call"):
            raise


def _open(scope, run, name, number):
    if name in ("call", "failing call"):
        return scope.backend_call("ollama", model=f"model {number}", configured={"n": number, "cfg": 1})
    if name == "output":
        return run.output(number)
    if name == "iteration" and hasattr(scope, "iteration"):
        return scope.iteration(number)
    return run.stage(1 + number % 4)


@settings(max_examples=60)
@given(st.lists(steps, max_size=5))
def test_any_run_makes_equal_records(plans):
    def pipeline(run):
        for number, plan in enumerate(plans, start=1):
            walk(run, run, plan, number)

    record = assert_equal_from_all_sources(pipeline)
    assert record.dropped == 0
    assert [item.sequence_number for item in record.items] == list(range(1, len(record.items) + 1))
    assert record.span_count == len(record.spans)


def test_300_items_in_one_span_are_all_there():
    record = assert_equal_from_all_sources(log_many(range(300)))
    assert [item.content for item in items_of(record, "interception_iteration")] == list(range(300))


def test_the_builder_takes_spans_in_any_order_and_an_item_once():
    def pipeline(run):
        for number in (1, 2):
            with run.stage(number) as stage:
                stage.item("user_edit", content=number)

    records = records_of_all_sources(pipeline)
    assert_all_equal(records)


def test_a_public_sdk_provider_gives_the_record_that_our_own_spans_give():
    """The way of spans and events only: every item goes through the public `add_event`."""
    texts = {}
    for way in ("own spans", "public"):
        sink = RememberingSink()
        with start_recording([sink], journal=False) as recording:
            if way == "public":
                provider = TracerProvider(shutdown_on_exit=False)
                provider.add_span_processor(recording.span_processor())
                tracker = ExecutionTracker(provider)
            else:
                tracker = recording.tracker()
            with tracker.execution("dada", safety_level="kids") as run:
                log_everywhere({"odd": (1, {2}, b"x", 2**70)})(run)
            assert recording.flush(timeout=60)
        [record] = sink.records
        texts[way] = text_of(_without_what_differs_between_runs(record))
    assert texts["own spans"] == texts["public"]


def _without_what_differs_between_runs(record):
    moment, same = NOON, {"span_id": "s", "attempt": None, "execution_time": None}
    items = tuple(
        replace(item, timestamp=moment, file_path=None, metadata=_unnamed(item.metadata), **same)
        for item in record.items
    )
    spans = tuple(
        replace(span, timestamp=moment, execution_time=None, span_id="s", parent_span_id=None) for span in record.spans
    )
    fixed = {"execution_id": "e", "trace_id": "t", "timestamp": None, "total_execution_time": None}
    return replace(record, items=items, spans=spans, **{**fixed, "timestamp": moment})


def _unnamed(metadata):
    if not isinstance(metadata, dict):
        return metadata
    return {key: entry for key, entry in metadata.items() if key not in ("execution_id", "total_duration_seconds")}


@pytest.mark.parametrize("odd", [float("nan"), (1, {2: b"x"}), "\ud800", 2**70])
def test_a_record_recovered_by_another_process_has_the_same_bytes(ram, odd):
    sink, hanging = RememberingSink(), WaitingSink()  # what hangs keeps the journal from being freed
    recording = start_recording([sink, hanging], journal=False)
    recorder = recording._open_runs._recorder = FlightRecorder(ram, segment_bytes=4096)
    with recording.tracker().execution("dada") as run:
        log_everywhere(odd)(run)
    while not sink.records:
        recording.flush(timeout=0.01)
    recorder.settle()
    recorder.close()

    [recovered] = recovered_text(ram)
    hanging.release()
    expected = replace(sink.records[0], finish_reason=FinishReason.RECOVERED)
    assert recovered == canonical.dumps(expected.to_dict())
    assert sink.records[0].status in (Status.COMPLETED, Status.ERROR)
