"""What is written to Parquet is what is read back."""

from __future__ import annotations

import dataclasses
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import LATER, ODD_VALUES, a_graph, a_picture, a_record, a_span, an_item, records, rows, text_of

from exporters import ParquetSink, compact, read_records
from otel_tracking import Media


def read_back(record):
    with tempfile.TemporaryDirectory() as data_dir:
        ParquetSink(data_dir).write(record)
        [read] = read_records(data_dir)
    return read


@given(records)
@settings(max_examples=60)
def test_any_record_reads_back_equal(record):
    """Every field of every record comes back: the canonical text is the same, byte for byte."""
    assert text_of(read_back(record)) == text_of(record)


@pytest.mark.parametrize("name", ODD_VALUES)
def test_an_odd_value_survives_wherever_it_is_logged(name):
    """A value that its column cannot say is kept exactly, in an item, a span and the record itself."""
    value = ODD_VALUES[name]
    item = an_item(content=value, input_text=value, config_used=value, execution_time=value, metadata={"value": value})
    span = a_span(passed=value, response={"value": value}, configured=value, config_used=value)
    record = a_record(items=[item], spans=(span,), config_name=value, used_seed=value, error=value, metadata=value)

    assert text_of(read_back(record)) == text_of(record)


def test_an_ordinary_record_equals_itself():
    """Where no NaN forbids it, the record that is read equals the one that was written."""
    record = a_record(items=[an_item(metadata={"seed": 2**64, "size": (512, 512)})], spans=(a_span(),))

    assert read_back(record) == record


@pytest.mark.parametrize(
    "media", [None, Media(None, None, None), Media("ab", None, "image/png"), Media("\ud800", 2**70, None)]
)
def test_media_facts_come_back_also_when_they_are_empty(media):
    """No media and media of which nothing is known are two things."""
    record = a_record(items=[an_item(media=media)])

    assert read_back(record) == record


def test_items_keep_their_order_whatever_their_numbers():
    """The order of a record's items is theirs, also where sequence numbers repeat or fall."""
    items = tuple(dataclasses.replace(an_item(), sequence_number=number) for number in (3, 1, 1, 2))
    record = dataclasses.replace(a_record(), items=items)

    assert read_back(record).items == items


@given(st.lists(records, max_size=5, unique_by=lambda record: record.execution_id))
@settings(max_examples=20)
def test_a_group_reads_back_like_single_writes_and_compacting_changes_nothing(group):
    """write_all stores what write stores, and compaction is invisible."""
    group = [dataclasses.replace(record, trace_id=f"{number:032x}") for number, record in enumerate(group)]
    expected = sorted(map(text_of, group))
    with tempfile.TemporaryDirectory() as data_dir:
        sink = ParquetSink(data_dir)
        sink.write_all(group)
        assert sorted(map(text_of, read_records(data_dir))) == expected

        for record in group:
            sink.write(record)
        compact(data_dir, before=LATER)
        assert sorted(map(text_of, read_records(data_dir))) == expected


def test_a_graph_is_stored_once_per_run(tmp_path):
    """The same graph in an item and in what was passed is one row of blobs, and the seed beside it stays in place."""
    graph = a_graph()
    item = an_item(metadata={"workflow": graph, "seed": 7})
    record = a_record(items=[item, item], spans=(a_span(passed={"body": {"prompt": graph}}),))
    ParquetSink(tmp_path).write(record)

    blobs = rows(tmp_path, "blobs")
    assert len(blobs) == 1
    assert '"seed":7' in rows(tmp_path, "items")[0]["metadata_json"]
    assert next(read_records(tmp_path)) == record


def test_media_bytes_are_stored_where_the_item_says(tmp_path):
    """Attachments become private files, once, and are not part of what is read."""
    record = a_picture(b"\x89PNG the meadow")
    sink = ParquetSink(tmp_path)
    sink.write(record)
    sink.write(dataclasses.replace(record, revision=2))

    path = tmp_path / record.items[0].file_path
    assert path.read_bytes() == b"\x89PNG the meadow"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert next(read_records(tmp_path)).revision == 2
