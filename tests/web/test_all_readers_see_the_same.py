"""Documents, pages, students' records and viewers of traces show of any run what the one policy says."""

import json

from builders import a_record, an_item
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from wire import from_sdk

from collectors.building.record import build_record
from collectors.viewers.payload import make_alias
from collectors.viewers.spans import show_run
from devserver.web.live.board import board_of
from devserver.web.runs.student_copy import student_copy
from exporters.story.storyteller import story_of
from otel_tracking import ItemType, canonical
from otel_tracking import attributes as names
from otel_tracking.audience import Audience
from otel_tracking.taxonomy import MARKER_TYPES
from otel_tracking.view import view_of

TYPES = st.sampled_from([item_type for item_type in ItemType if item_type not in MARKER_TYPES])


@st.composite
def items(draw):
    """Items of any type in any place, each with a text of its own; checks say yes or no to the text of one of them."""
    found = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        about = f"text{draw(st.integers(1, 6))}."
        found.append(
            an_item(
                sequence_number=number,
                item_type=draw(TYPES),
                stage=draw(st.sampled_from([None, 1, 2, 3, 4])),
                loop_iteration=draw(st.sampled_from([None, 1, 2])),
                content=f"text{number}.",
                input_text=about,
                metadata={"safe": draw(st.booleans())},
            )
        )
    return tuple(found)


@settings(max_examples=150)
@given(items(), st.sampled_from(["kids", "youth", "off", None]))
def test_a_student_sees_the_same_texts_everywhere(found, level):
    """In a document, on the page and as a record: what the policy shows, at the end of a run."""
    record = a_record(items=found, safety_level=level)
    view = view_of(record, Audience.STUDENT)
    board = board_of(record, language="en", audience="student")
    told = {
        "document": " ".join(
            box.text for chapter in story_of(record, audience="student").chapters for box in chapter.boxes
        ),
        "page": json.dumps([box.to_dict() for box in board.boxes]),
        "record": json.dumps([item["content"] for item in student_copy(record)["items"]]),
    }
    shown = [item.content for item in found if view.shows(item)]
    seen = {reader: [item.content for item in found if item.content in text] for reader, text in told.items()}
    assert seen == dict.fromkeys(told, shown)


@settings(max_examples=60)
@given(items(), st.sampled_from(["kids", "off", None]))
def test_viewers_of_traces_see_what_is_for_the_public(found, level):
    """All texts of a run or none."""
    span = TracerProvider().get_tracer("test").start_span(names.EXECUTION_SPAN)
    for item in found:
        fields = {name: value for name, value in item.to_dict().items() if name not in ("timestamp", "span_id")}
        payload = canonical.dumps({**fields, "timestamp_ns": 1_000 * item.sequence_number})
        span.add_event(str(item.item_type), {names.PAYLOAD: payload})
    span.end()
    record = build_record([from_sdk(span)])
    view = view_of(record, Audience.PUBLIC)
    sent = " ".join(one.to_json() for one in show_run([span], make_alias()).spans)
    assert [item.content for item in record.items if item.content in sent] == [
        item.content for item in record.items if view.shows(item)
    ]
