"""A name of the roster, wherever it stood in a run, is in no byte of what leaves."""

import dataclasses
import os

import pytest
from builders import a_record, a_span, an_item
from hypothesis import example, given, settings
from hypothesis import strategies as st
from planting import MEDIA, a_planted_record, bytes_of, found_in
from strategies import any_value

from exporters.privacy.deidentify import Privacy, deidentify
from exporters.privacy.profiles import Profile
from exporters.privacy.roster import Roster
from exporters.privacy.usual_rules import usual_rules
from otel_tracking import ItemType
from otel_tracking.pseudonyms import Pseudonyms

LEAVING = (Profile.PSEUDONYMOUS, Profile.PUBLIC)
NAMES = ("Quentin", "Ağçıl", "Jörgqvist", "O'Xelly", "Дмитрина", "花子太郎")
EXAMPLES = int(os.environ.get("OTEL_TRACKING_PLANTED", "5"))

letters = "bcdfghjkqvwxz"
names = st.builds(
    lambda first, rest: (first + rest).capitalize(),
    st.sampled_from(["Xq", "Zk", "Ößq", "Jığ", "Çvx", "Qw'"]),
    st.text(letters + "äöüßéğşıñø", min_size=4, max_size=9),
)
"""Names that are in no word of a document's own."""


def privacy_of(profile, name):
    return Privacy(profile, Pseudonyms(bytes(32)), usual_rules(Roster([name])))


@pytest.mark.parametrize("profile", LEAVING)
@pytest.mark.parametrize("medium", MEDIA)
def test_a_name_in_every_place_of_a_run_is_in_none_of_what_leaves(profile, medium):
    for name in NAMES[:1] if medium != "image/png" else NAMES:
        record = a_planted_record(name, medium)
        made = deidentify(record, privacy_of(profile, name))
        assert made.record.attachments, "a medium leaves, and is looked at"

        assert found_in(bytes_of(record), name), "the search itself works"
        assert found_in(bytes_of(made.record), name) == []
        assert not [one for one in made.left_out if name.casefold() in f"{one.place}{one.why}".casefold()]


@pytest.mark.parametrize("profile", LEAVING)
@given(name=names)
@example(name="Zkcgßb")
@example(name="Jığkvğğ")
@settings(max_examples=EXAMPLES)
def test_any_name_in_every_place_of_a_run_is_in_none_of_what_leaves(profile, name):
    made = deidentify(a_planted_record(name), privacy_of(profile, name))

    assert found_in(bytes_of(made.record), name) == []


def planted(name):
    """Any value with the name somewhere in it, as a text of its own or among others, as a value or as a key."""
    texts = st.sampled_from([name, f"von {name}!", f"{name}s Bild", f"/tmp/{name}_1.png", name.upper(), f"x\n{name}"])
    return st.recursive(
        texts,
        lambda inner: (
            st.lists(inner | any_value, min_size=1, max_size=3)
            | st.dictionaries(texts | st.text(max_size=4), inner, min_size=1, max_size=3)
            | st.tuples(any_value, inner)
        ),
        max_leaves=6,
    )


@pytest.mark.parametrize("profile", LEAVING)
@given(data=st.data())
@settings(max_examples=EXAMPLES * 4)
def test_a_name_anywhere_in_any_value_is_not_in_the_record_that_leaves(profile, data):
    name = "Xqvendolin"
    value = planted(name)
    item = an_item(**{field: data.draw(value) for field in ("content", "input_text", "metadata", "model_used")})
    span = a_span(**{field: data.draw(value) for field in ("configured", "passed", "response", "facts", "error")})
    record = a_record(items=(item,), spans=(span,), metadata={"config": data.draw(value)}, user_id=data.draw(value))
    made = deidentify(record, privacy_of(profile, name))

    assert name.casefold() not in repr(made.record.to_dict()).casefold()


def test_what_says_who_somebody_is_is_nowhere_else_either():
    """An id that is no name of the roster, in texts, file names and requests of the run."""
    told = "gesendet von DOE_J4 am Montag"
    record = a_record(
        user_id="DOE_J4",
        device_id="tablet-17",
        items=(an_item(content=told, metadata={"prompt": told}),),
        spans=(a_span(kind="client", passed={"body": {"filename_prefix": "doe_j4_out", "text": "Tablet 17"}}),),
    )
    made = deidentify(record, Privacy(Profile.PSEUDONYMOUS, Pseudonyms(bytes(32)))).record

    assert made.items[0].content == "gesendet von [name] am Montag"
    assert made.items[0].metadata == {"prompt": "gesendet von [name] am Montag"}
    assert made.spans[0].passed == {"body": {"filename_prefix": "[name]_out", "text": "[name]"}}


# What was blocked

FORBIDDEN = "Xqv ein verbotener Wunsch"


def blocked_at_start():
    return a_record(
        items=(
            an_item(content=FORBIDDEN, metadata={"input_language": "de", "prompt": FORBIDDEN}),
            an_item(item_type=ItemType.TRANSLATION_RESULT, content="Xqv a forbidden wish", input_text=FORBIDDEN),
            an_item(item_type=ItemType.STAGE1_SAFETY_CHECK, metadata={"safe": False, "found_terms": ["verbotener"]}),
            an_item(item_type=ItemType.STAGE1_BLOCKED, content=f"blocked: {FORBIDDEN}", metadata={"codes": ["x"]}),
        ),
        spans=(a_span(kind="client", stage=1, passed={"body": {"text": f"Translate {FORBIDDEN}", "n": 1}}),),
        metadata={"parameters": {"prompt": FORBIDDEN}},
        status="blocked",
    )


def refused_later():
    translated = "Xqv a forbidden wish"
    hop = {"item_type": ItemType.INTERCEPTION_ITERATION, "stage": 2, "stage_iteration": 1}
    check = {"item_type": ItemType.STAGE3_SAFETY_CHECK, "stage": 3, "metadata": {"safe": False}}
    return a_record(
        items=(
            an_item(content=FORBIDDEN),
            an_item(**hop, content=translated, input_text=FORBIDDEN, metadata={"from_lang": "de", "to_lang": "en"}),
            an_item(item_type=ItemType.INTERCEPTION_FINAL, stage=2, content=translated),
            an_item(**check, input_text=translated),
            an_item(item_type=ItemType.PIPELINE_ERROR, stage=5, content="cannot print xqv  a forbidden WISH"),
        ),
        spans=(a_span(kind="client", passed={"body": {"text": "Xqv ein"}}, response={"body": translated}),),
    )


@pytest.mark.parametrize("profile", LEAVING)
@pytest.mark.parametrize("make", [blocked_at_start, refused_later])
def test_what_a_check_said_no_to_leaves_as_a_marker(profile, make):
    made = deidentify(make(), Privacy(profile, Pseudonyms(bytes(32))))

    assert found_in(bytes_of(made.record), "Xqv") == []
    assert "verbotener" not in repr(made.record)
    assert made.record.items[0].content == "[blocked]"
    assert made.redactions["blocked"] >= 2


def test_what_was_not_blocked_stays_beside_what_was():
    record = dataclasses.replace(
        refused_later(), items=(*refused_later().items, an_item(content="Eine Blume", stage=2))
    )

    assert deidentify(record, Privacy(Profile.PUBLIC, Pseudonyms(bytes(32)))).record.items[-1].content == "Eine Blume"


def test_a_run_without_checks_has_blocked_nothing():
    """Students are shown nothing of it; researchers have asked for exactly that."""
    record = a_record(safety_level="off", items=(an_item(content="Eine Blume"),))

    assert (
        deidentify(record, Privacy(Profile.PSEUDONYMOUS, Pseudonyms(bytes(32)))).record.items[0].content == "Eine Blume"
    )


@given(st.text(max_size=40))
@example("Eine Blume auf der Wiese")
def test_without_rules_a_text_that_may_leave_is_the_text(text):
    record = a_record(items=(an_item(content=text),))
    made = deidentify(record, Privacy(Profile.PSEUDONYMOUS, Pseudonyms(bytes(32)))).record

    assert made.items[0].content == text
