"""What a collector reads of a request at once is what it would read of the request without its secrets."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.building.record import build_record
from collectors.spans.event import FinishedEvent
from collectors.spans.finished import FinishedSpan
from collectors.spans.kept_request import keep_protobuf
from collectors.spans.of_otlp import batches_of_protobuf
from collectors.spans.request_secrets import without_secrets_in_protobuf
from collectors.spans.to_otlp import request_of
from otel_tracking.errors import RecordError

TOKEN = "ghp_" + "a1B2c3D4e5" * 4
WORDS = ["a meadow", TOKEN, f"see https://x.example/?token={TOKEN}", "monkey: 5", "secret", "password", "ey=", "tok"]

words = st.sampled_from(WORDS)
values = st.recursive(words, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2))
events = st.builds(
    lambda content, metadata: FinishedEvent(
        {
            **{"sequence_number": 1, "timestamp_ns": 1, "item_type": "user_input_text", "media_type": "text"},
            **{"content": content, "metadata": {"said": metadata}},
        }
    ),
    words,
    values,
)
spans = st.builds(
    lambda name, key, value, logged: FinishedSpan(
        1, 2, None, name, "internal", 1, 2, attributes={key: value}, events=tuple(logged)
    ),
    *(words, words, words, st.lists(events, max_size=3)),
)


def assert_is_read_alike(body):
    kept = keep_protobuf(body)
    assert kept.body == without_secrets_in_protobuf(body)
    assert kept.batches == batches_of_protobuf(kept.body)
    assert TOKEN not in str(kept)


@given(st.lists(spans, min_size=1, max_size=3))
def test_its_bytes_and_its_spans_are_without_secrets(found):
    assert_is_read_alike(request_of(found, {}))


@given(spans, spans)
def test_where_a_span_cannot_be_read_the_others_are(one, other):
    body = request_of([one, other], {})
    broken = body.replace(b"user_input_text", b"user_input_t\xff\xfft")
    assert_is_read_alike(broken)


@pytest.mark.parametrize("content", ["a meadow", (1, 2)])
def test_what_is_read_for_a_record_does_not_stay_with_its_spans(content):
    """Spans of a run that is a record wait for others that may come late, thousands of them: as texts."""
    item = {"sequence_number": 1, "timestamp_ns": 1, "item_type": "user_input_text", "media_type": "text"}
    span = FinishedSpan(5, 2, None, "stage", "internal", 1, 2, events=(FinishedEvent({**item, "content": content}),))
    [batch] = batches_of_protobuf(request_of([span], {}))
    [event] = batch.spans[0].events
    assert [kept.content for kept in build_record(batch.spans).items] == [content]
    assert not any(type(part) is dict for part in gc.get_referents(event))
    assert event.fields["content"] == content


def test_its_traces_are_told_once():
    span = FinishedSpan(5, 2, None, "stage", "internal", 1, 2)
    assert keep_protobuf(request_of([span, span], {})).traces == [5]


def test_what_is_no_request_is_refused():
    with pytest.raises(RecordError):
        keep_protobuf(b"\xff\xff\xff")
