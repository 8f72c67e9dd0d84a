"""Records: immutable, lossless as dicts, and able to read what earlier trackers wrote."""

import dataclasses
import datetime as dt

import pytest
from builders import NOON, a_record, a_span, an_item
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_value

from otel_tracking import ExecutionItem, ExecutionRecord, FinishReason, ItemType, Media, Status, canonical

moments = st.datetimes(dt.datetime(1970, 1, 1), timezones=st.just(dt.UTC))
counters = st.none() | st.integers(1, 9)

items = st.builds(
    lambda **fields: an_item(**fields),
    sequence_number=st.integers(1, 10**6),
    timestamp=moments,
    item_type=st.sampled_from(list(ItemType)) | st.just("output_hologram"),
    stage=counters,
    stage_iteration=counters,
    content=any_value,
    metadata=st.dictionaries(st.text(max_size=3), any_value, max_size=3),
    media=st.none() | st.builds(Media, st.just("ab" * 32), st.integers(0), st.just("image/png")),
    execution_time=st.none() | st.floats(0, 1e6),
)

spans = st.builds(
    lambda **fields: a_span(**fields),
    timestamp=moments,
    configured=any_value,
    passed=any_value,
    not_passed=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    error=st.none() | st.just({"error_type": "Bang"}),
)

records = st.builds(
    lambda **fields: a_record(**fields),
    timestamp=moments,
    status=st.sampled_from(list(Status)),
    finish_reason=st.sampled_from(list(FinishReason)),
    items=st.lists(items, max_size=3).map(tuple),
    spans=st.lists(spans, max_size=2).map(tuple),
    stages_completed=st.lists(st.integers(1, 4), max_size=4).map(tuple),
    used_seed=any_value,
    links=st.just(({"trace_id": "0" * 32, "span_id": "0" * 16, "attributes": {}},)),
)


@given(records)
def test_a_record_is_the_same_after_a_round_trip_through_text(record):
    text = canonical.dumps(record.to_dict())
    again = ExecutionRecord.from_dict(canonical.loads(text))
    assert canonical.dumps(again.to_dict()) == text
    if '"$float":"nan"' not in text:
        assert again == record


def test_records_items_and_spans_cannot_be_changed():
    for value in (a_record(), an_item(), a_span(), Media("a", 1, "b")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, dataclasses.fields(value)[0].name, "changed")


def test_attachments_are_no_part_of_a_records_identity():
    record = a_record(attachments={"ab": b"bytes"})
    assert record == a_record()
    assert "attachments" not in record.to_dict()
    assert "bytes" not in repr(record)


def test_every_field_is_in_the_dict_by_its_name():
    for value in (a_record(), an_item(), a_span()):
        names = {field.name for field in dataclasses.fields(value)} - {"attachments"}
        assert set(value.to_dict()) == names


def test_a_record_of_an_earlier_tracker_loads_with_the_outcome_its_items_show():
    old = {
        "execution_id": "exec_1",
        "config_name": "dada",
        "timestamp": "2025-11-03T10:00:00",
        "taxonomy_version": "1.0",
        "items": [
            _old("pipeline_start", 0),
            _old("interception_final", 2, backend_type="ollama", mood="blue"),
            _old("output_image", 4, loop_iteration=1),
            _old("pipeline_complete", 5),
        ],
        "machine": "kiosk",
    }
    record = ExecutionRecord.from_dict(old)
    assert (record.status, record.outputs_generated, record.finish_reason) == (
        Status.COMPLETED,
        1,
        FinishReason.IMPORTED,
    )
    assert record.timestamp == dt.datetime(2025, 11, 3, 10, tzinfo=dt.UTC)
    assert record.metadata == {"unknown_fields": {"machine": "kiosk"}}
    assert record.items[1].backend_used == "ollama"
    assert record.items[1].metadata["unknown_fields"] == {"mood": "blue"}


@pytest.mark.parametrize(
    ("types", "status"),
    [
        (["pipeline_start"], Status.INTERRUPTED),
        (["pipeline_start", "stage1_blocked"], Status.BLOCKED),
        (["pipeline_start", "pipeline_error"], Status.ERROR),
        (["interception_final", "pipeline_complete"], Status.COMPLETED),
    ],
)
def test_the_status_of_an_earlier_record_is_read_from_its_items(types, status):
    old = {"execution_id": "e", "config_name": "c", "timestamp": None, "items": [_old(name, 1) for name in types]}
    assert ExecutionRecord.from_dict(old).status == status


def test_an_unknown_item_type_loads_as_it_stands():
    item = ExecutionItem.from_dict(_old("output_hologram", 4))
    assert item.item_type == "output_hologram"
    assert ExecutionItem.from_dict(item.to_dict()) == item


def _old(item_type, stage, **more):
    return {"sequence_number": 1, "timestamp": NOON.isoformat(), "item_type": item_type, "stage": stage, **more}
