"""The row that is made straight from frames is the row of the record, whatever was logged and however it came."""

from dataclasses import replace
from enum import StrEnum

from any_spans import recorded_spans
from hypothesis import given, settings
from wire import read_protobuf

from collectors.building.identity import identity_of_first
from collectors.building.record import build_columns, build_record, columns_of_recorded
from collectors.spans.finished import from_recorded
from collectors.spans.of_journal import entries_of, media_entry, read_run
from collectors.spans.to_otlp import request_of
from exporters.storage.tables.rows import row_of
from otel_tracking import FinishReason, canonical
from otel_tracking.attributes import LATE_SPAN
from otel_tracking.columns import columns_of

ENDING = {"finish_reason": FinishReason.RECOVERED, "revision": 2, "late_spans": 3}


def told(make, path):
    """What the row of columns says, as text; or the error that stands in the way of making them."""
    try:
        row = row_of(make(), path)
    except Exception as trouble:
        return type(trouble)
    parts = (row.execution, row.items, row.blobs, [(str(path), content) for path, content in row.media.items()])
    keys = (row.execution_id, row.trace_id, row.revision, row.day, row.item_count, list(row.empty_media))
    return canonical.dumps(_plain([*keys, *parts]))


def _plain(value):
    """Members of our enumerations are their text, and a sequence is one: tables make no difference."""
    if isinstance(value, StrEnum):
        return value.value
    if type(value) in (list, tuple):
        return [_plain(part) for part in value]
    return {name: _plain(part) for name, part in value.items()} if type(value) is dict else value


@settings(max_examples=300)
@given(recorded_spans())
def test_the_row_of_columns_is_the_row_of_the_record(tmp_path_factory, spans):
    """From frames, from events that were read one by one, and from the objects of the record."""
    path = tmp_path_factory.getbasetemp()
    expected = told(lambda: columns_of(build_record(map(from_recorded, spans), **ENDING)), path)
    assert told(lambda: build_columns(map(from_recorded, spans), **ENDING), path) == expected
    assert told(lambda: columns_of_recorded(spans, **ENDING), path) == expected


@settings(max_examples=300)
@given(recorded_spans())
def test_a_root_alone_says_which_record_it_is(spans):
    """What a record is called is the same for whoever has read nothing else of its run."""
    read = [span for span in map(from_recorded, spans) if span.name != LATE_SPAN]
    roots = [span for span in read if span.parent_id is None]
    if len(roots) == 1:
        head = build_columns(read).head
        said = (head.execution_id, head.trace_id, head.timestamp, head.revision)
        assert identity_of_first(roots[0]) == said


@settings(max_examples=50)
@given(recorded_spans())
def test_items_made_of_columns_are_those_that_their_constructor_makes(spans):
    try:
        items = build_record(map(from_recorded, spans)).items
    except ValueError:
        return
    assert canonical.dumps([replace(item).to_dict() for item in items]) == canonical.dumps([i.to_dict() for i in items])


@settings(max_examples=100)
@given(recorded_spans(others=False))
def test_the_row_is_the_same_from_a_journal_and_over_the_wire(tmp_path_factory, spans):
    """Of frames that a death left behind, and of spans that a collector was sent, which have no bytes of media."""
    path = tmp_path_factory.getbasetemp()
    expected = told(lambda: columns_of(build_record(_recovered(spans), **ENDING)), path)
    assert told(lambda: build_columns(_recovered(spans), **ENDING), path) == expected
    for span in spans:
        for frame in span.events:
            frame.media = None
    sent = read_protobuf(request_of(list(map(from_recorded, spans)), {}))
    expected = told(lambda: columns_of(build_record(sent, **ENDING)), path)
    assert told(lambda: build_columns(sent, **ENDING), path) == expected
    assert told(lambda: columns_of_recorded(spans, **ENDING), path) == expected


def _recovered(spans):
    entries = [entry for span in spans for entry in entries_of([span], [])]
    media = [media_entry(frame) for span in spans for frame in span.events if frame.media is not None]
    return read_run(spans[0].trace_id, [*entries, *media]).spans
