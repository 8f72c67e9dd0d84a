"""What comes over the wire may be anything: it is read, or it is a `RecordError`."""

import contextlib
import json

import pytest
from builders import items_of
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wire import from_sdk, otlp_json, over_json, over_protobuf, read_json, read_protobuf

from collectors.building.record import build_record
from otel_tracking import ExecutionTracker
from otel_tracking import attributes as names
from otel_tracking.errors import RecordError


@pytest.mark.parametrize(
    "body",
    [
        *("", "nonsense", "[]", "5", "null", '{"resourceSpans": 5}', '{"resourceSpans": [{"scopeSpans": [5]}]}'),
        *("[" * 100_000, '{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}'),
    ],
)
def test_a_json_body_that_is_no_trace_request_is_a_record_error(body):
    with pytest.raises(RecordError):
        read_json(body)


@given(st.binary(max_size=60))
def test_any_bytes_are_spans_or_a_record_error(body):
    for read in (read_protobuf, read_json):
        with contextlib.suppress(RecordError):
            assert isinstance(read(body), list)


def foreign_spans(*payloads):
    """A run by a public SDK provider, whose root has these payloads as well."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with ExecutionTracker(provider).execution("dada") as run:
        run.item("user_input_text", content="kept")
        for payload in payloads:
            run.span.add_event("foreign", {names.PAYLOAD: payload})
    return exporter.get_finished_spans()


@pytest.mark.parametrize(
    "payload",
    ["not json", "5", "[]", "{}", '{"fact":5}', '{"sequence_number":"x"}', "[" * 10_000, 5, b"x", '{"$dict":[]}'],
)
def test_a_payload_that_is_none_of_ours_spoils_nothing(payload):
    spans = foreign_spans(payload)
    for read in (list(map(from_sdk, spans)), over_protobuf(spans), over_json(spans)):
        record = build_record(read)
        assert items_of(record, "user_input_text")[0].content == "kept"
        assert record.dropped == 0


def test_an_item_with_a_field_of_a_later_version_keeps_it():
    item = {"sequence_number": 9, "timestamp_ns": 5, "item_type": "user_edit", "media_type": "text", "mood": "blue"}
    [kept] = items_of(build_record(over_protobuf(foreign_spans(json.dumps(item)))), "user_edit")
    assert kept.metadata["unknown_fields"] == {"mood": "blue"}


def test_attributes_of_every_kind_are_read_alike_from_both_forms():
    values = {"a": [1, "x", 2.5, True], "b": {"c": [b"\x00"]}, "d": float("inf"), "e": 2**63 - 1, "f": b"\xff"}
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("x").start_span("x", attributes=values).end()
    spans = exporter.get_finished_spans()
    assert over_protobuf(spans) == over_json(spans)
    assert over_json(spans)[0].attributes == values


def test_ids_in_our_json_form_are_hex():
    span = otlp_json(foreign_spans())["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert len(span["traceId"]) == 32


def an_event(number, **more):
    """The payload of an item, as whoever posts may write it."""
    usual = {"sequence_number": number, "timestamp_ns": 5, "item_type": "user_edit", "media_type": "text"}
    return json.dumps({**usual, **more})


def test_a_bomb_in_a_payload_is_kept_as_its_text_and_counted():
    """From either form: the item is there, with everything else in it."""
    bombs = [{"$fraction": "1e12000000"}, {"$tuple": {"$range": [0, 400_000_000, 1]}}, {"$set": [[1]]}]
    spans = foreign_spans(an_event(9, content="kept", metadata={"bombs": bombs, "n": 1}))

    for read in (list(map(from_sdk, spans)), over_protobuf(spans), over_json(spans)):
        record = build_record(read)
        [item] = items_of(record, "user_edit")
        assert (item.content, item.metadata["n"], record.lossy_values) == ("kept", 1, 3)
        assert [bomb.class_name for bomb in item.metadata["bombs"]] == ["$fraction", "$tuple", "$set"]


def test_items_whose_numbers_share_a_hash_are_put_in_order_all_the_same():
    """`hash(n * (2**61 - 1))` is 0: in a dict or a set of them each would be compared with all others."""
    numbers = [n * (2**61 - 1) for n in range(1, 4)]
    places = [n * (2**61 - 1) for n in range(3)]
    spans = foreign_spans(
        *(an_event(number, stage=3, loop_iteration=place) for number, place in zip(numbers, places, strict=True))
    )
    record = build_record(over_json(spans))

    assert [item.sequence_number for item in items_of(record, "user_edit")] == numbers


def test_the_same_item_that_comes_twice_is_there_once():
    """The later one counts, as before."""
    spans = foreign_spans(an_event(9, content="first"), an_event(9, content="second"))
    assert [item.content for item in items_of(build_record(over_json(spans)), "user_edit")] == ["second"]


@pytest.mark.parametrize("number", [-1, 2**63, 10**400])
def test_an_item_whose_number_nobody_counts_to_is_none(number):
    """Or everything between would be counted as lost."""
    record = build_record(over_json(foreign_spans(an_event(number))))
    assert items_of(record, "user_edit") == []
    assert record.dropped == 0


@pytest.mark.parametrize("said", ["many", -5, 2.5, [1]])
def test_counts_that_are_none_are_not_believed(said):
    """Nor do they keep a record from being built."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with ExecutionTracker(provider).execution("dada"):
        pass
    body = json.loads(json.dumps(otlp_json(exporter.get_finished_spans())))
    for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for attribute in span["attributes"]:
            if attribute["key"] in (names.ITEM_COUNT, names.SPAN_COUNT):
                attribute["value"] = _value_of(said)
        span["attributes"].append({"key": names.STAGE, "value": _value_of(said)})

    record = build_record(read_json(json.dumps(body)))
    assert record.dropped == 0
    assert type(record.spans[0].stage) in (int, str)


def _value_of(said):
    if isinstance(said, list):
        return {"arrayValue": {"values": [_value_of(entry) for entry in said]}}
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue"}
    return {kinds[type(said)]: said}
