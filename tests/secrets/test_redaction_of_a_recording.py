"""What a recording takes for a secret can be said; what was removed is said, with the rules that were followed."""

import re

import httpx
import pytest
from builders import items_of, record_of
from hypothesis import given, settings
from secret_samples import SHAPES, Draw, samples_for
from strategies import any_value

from collectors import start_recording
from collectors.testing import RememberingSink
from otel_tracking import ExecutionRecord, ItemType, canonical
from otel_tracking.frame import freeze, thaw
from otel_tracking.secrets.frozen import Redactor, looked_over
from otel_tracking.secrets.records import without_secrets
from otel_tracking.secrets.redaction import DEFAULT_POLICY, Redaction, RedactionPolicy, redact_text
from otel_tracking.secrets.rules import rules_of
from otel_tracking.secrets.search import AT_ONCE, MOST_AT_ONCE
from otel_tracking.secrets.shapes import known_shapes, version_of_rules
from otel_tracking.secrets.values import clean_values
from otel_tracking.span_event import Frame


def logging(**item):
    def pipeline(run):
        with run.stage(2) as stage:
            stage.item(ItemType.INTERCEPTION_FINAL, **item)

    return pipeline


def test_the_record_says_by_which_rules_secrets_were_looked_for():
    record = record_of(logging(content="nothing"))
    assert record.spans[0].facts["redaction"] == {"rules": version_of_rules()}
    assert re.fullmatch(r"gitleaks v[\d.]+, otel-tracking \d+", version_of_rules())


def test_what_was_removed_leaves_a_marker_its_place_and_a_count():
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording:
        with recording.tracker().execution("dada", metadata={"api_key": "abc"}) as run, run.stage(2) as stage:
            stage.item(
                ItemType.INTERCEPTION_FINAL, content="password=abc7", metadata={"headers": [("X-Api-Key", "abc")]}
            )
            with stage.backend_call("ollama", configured={"deep": [{"token": "abc"}], "steps": 3}):
                pass
        assert recording.flush(timeout=60)
        assert recording.health()["redacted"] == 4
    [record] = sink.latest().values()
    root, stage, call = record.spans
    assert record.metadata == {"api_key": "[removed: api_key]"}
    assert root.facts["redacted"] == ["item 1: metadata.metadata.api_key"]
    assert stage.facts == {"redacted": ["item 2: content", "item 2: metadata.headers.0.X-Api-Key"]}
    assert call.facts == {"redacted": ["configured.deep.0.token"]}
    assert call.configured == {"deep": [{"token": "[removed: token]"}], "steps": 3}
    assert call.not_passed == ()


def test_what_is_logged_after_a_scopes_end_is_said_too():
    def pipeline(run):
        with run.stage(2) as stage:
            pass
        stage.item(ItemType.INTERCEPTION_FINAL, content="password=abc7")

    record = record_of(pipeline)
    assert items_of(record, "interception_final")[0].content == "password=[removed: password]"
    assert record.spans[1].facts["redacted"]


REMOVED = {"classroom_pin": "[removed: classroom_pin]"}
POLICIES = {
    "names": (RedactionPolicy(names=frozenset({"classroom_pin"})), REMOVED),
    "names in capitals": (
        RedactionPolicy(names=frozenset({"CLASSROOM_PIN"})),
        REMOVED,
    ),
    "patterns": (RedactionPolicy(patterns=(re.compile("47.1"),)), {"classroom_pin": "pin [removed: secret] here"}),
    "also": (RedactionPolicy(also=(lambda name, value: "pin" in name,)), REMOVED),
    "nothing more": (RedactionPolicy(), {"classroom_pin": "pin 4711 here"}),
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_recording_has_a_policy_of_its_own(name):
    policy, expected = POLICIES[name]
    record = record_of(logging(metadata={"classroom_pin": "pin 4711 here"}), redaction=policy)
    assert items_of(record, "interception_final")[0].metadata == expected


def test_a_name_that_is_allowed_is_kept_and_all_others_are_not():
    policy = RedactionPolicy(allowed=frozenset({"token"}))
    record = record_of(logging(metadata={"token": "of love", "password": "x"}), redaction=policy)
    assert items_of(record, "interception_final")[0].metadata == {"token": "of love", "password": "[removed: password]"}


def test_the_policy_of_a_recording_holds_on_the_wire_too():
    policy = RedactionPolicy(names=frozenset({"classroom_pin"}), allowed=frozenset({"x-api-key"}))

    def pipeline(run):
        with run.stage(2) as stage, stage.backend_call("ollama") as call:
            server = httpx.MockTransport(lambda request: httpx.Response(200, json={"classroom_pin": "4711"}))
            with httpx.Client(transport=call.transport(server)) as client:
                client.post("http://localhost/", json={"classroom_pin": "4711"}, headers={"x-api-key": "of music"})

    call = record_of(pipeline, redaction=policy).attempts[0]
    assert call.passed["body"] == call.response["body"] == REMOVED
    assert call.passed["headers"]["x-api-key"] == "of music"


def test_a_policy_with_a_mistake_is_trouble_and_nothing_is_recorded_unredacted():
    def broken(name, value):
        raise RuntimeError("a mistake")

    sink = RememberingSink()
    with start_recording([sink], journal=False, redaction=RedactionPolicy(also=(broken,))) as recording:
        with recording.tracker().execution("dada") as run, run.stage(2) as stage:
            stage.item(ItemType.INTERCEPTION_FINAL, metadata={"note": "unlooked at"})
        assert recording.flush(timeout=60)
        assert recording.health()["guarded_errors"]
    assert "unlooked at" not in canonical.dumps([record.to_dict() for record in sink.records])


def test_a_sitting_is_no_secret_in_a_record_and_one_on_the_wire():
    record = record_of(logging(metadata={"session_id": "s1"}))
    assert items_of(record, "interception_final")[0].metadata == {"session_id": "s1"}
    assert Redaction().clean({"session_id": "s1"}) == {"session_id": "[removed: session_id]"}


def test_an_engine_without_a_memo_and_one_with_lose_the_same(recording):
    """A value that holds itself is frozen with a memo."""
    loop = {"api_key": "abc"}
    loop["again"] = [loop]
    plain = {"api_key": "abc"}
    for value in (loop, plain):
        kept, places = Redactor().payload(freeze(("I", 7, 1, 1, *[None] * 14, value)))
        assert places == ["item 1: metadata.api_key"]
        assert thaw(kept)[-1]["api_key"] == "[removed: api_key]"


def test_parts_that_several_containers_share_are_without_secrets_in_all_of_them():
    shared = ("password=abc7", 7)
    value = [shared, (shared, {"a": (shared, frozenset({"sk-0123456789abcdef"}))}), {"b": shared}]
    assert "abc7" not in repr(clean_values(value, Redaction(), None))
    assert "0123456789abcdef" not in repr(clean_values(value, Redaction(), None))


def test_values_nested_deeper_than_the_stack_are_looked_at():
    innermost = ["password=abc7"]
    value = innermost
    for _ in range(5_000):
        value = (value,)
    clean_values(value, Redaction(), None)
    assert innermost == ["password=[removed: password]"]


@settings(max_examples=200)
@given(any_value)
def test_a_look_changes_nothing_but_secrets(value):
    """Whatever is no secret is the same after the closest look, of any type and in any order."""
    payload = freeze(("I", 7, 1, 1, *[None] * 14, value))
    again = clean_values(thaw(payload), Redaction(), None)
    assert canonical.dumps(again) == canonical.dumps(thaw(payload))


def test_rarer_shapes_are_gone_when_somebody_reads_what_was_frozen():
    """One search has room for so many literals; the others are looked for off the pipeline's thread."""
    rare = "gsk_" + Draw("rare").some(40)
    frame = Frame("x", 1, 7, freeze(("I", 7, 1, 1, *[None] * 14, {"note": rare})))
    assert frame.fields()["metadata"] == {"note": "[removed: secret]"}
    assert rare.encode() not in looked_over(frame.payload)


def test_what_is_looked_for_at_once_has_room_in_one_search():
    assert len(set(AT_ONCE)) == len(AT_ONCE) <= MOST_AT_ONCE
    assert min(map(len, AT_ONCE)) >= 3


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_has_a_literal_that_is_looked_for_at_once(name):
    """So no payload with one gets past the first look, whatever stands around it."""
    sample = samples_for("a literal")[name]
    redactor = Redactor()
    for text in (sample.text, f"x {sample.text} y", f"({sample.text})"):
        assert redactor.search(freeze(("F", 7, "note", text))), text


def test_every_shape_that_is_known_names_its_literals():
    literals = set(rules_of(DEFAULT_POLICY).search.literals)
    for shape in known_shapes():
        assert shape.markers
        assert literals.issuperset(shape.markers), shape


@pytest.mark.parametrize("name", SHAPES)
def test_to_remove_twice_is_to_remove_once(name):
    once = redact_text(samples_for("twice")[name].text)
    assert redact_text(once) == once


def test_a_record_without_secrets_is_the_same_object(sink):
    record = record_of(logging(content="A secret garden", metadata={"max_tokens": 5}))
    assert without_secrets(record) is record
    assert isinstance(record, ExecutionRecord)
