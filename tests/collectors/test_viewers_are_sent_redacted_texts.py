"""With `viewer_text` no text reaches a viewer that was not looked over, wherever it stands."""

import json

import pytest
from builders import Bang
from hypothesis import given
from hypothesis import strategies as st
from otlp_stage import text_of, trace_server
from sources import log_everywhere

from collectors import start_recording
from collectors.testing import RememberingSink
from collectors.viewers.redacting import TextRedaction
from devserver.settings import Settings
from exporters.ready_made import viewers_of
from otel_tracking import ItemType
from otel_tracking.errors import RecordingError

NAME = "Kim Sommer"


def without_name(text):
    return text.replace(NAME, "[name]")


def sent(pipeline, viewer_text, **fields):
    """What a viewer gets of a run, the spans by name and all of it as one text; and the record."""
    sink = RememberingSink()
    with trace_server() as server:
        with start_recording(
            [sink], journal=False, otlp_endpoint=server.endpoint, viewer_text=viewer_text
        ) as recording:
            run = recording.tracker().execution("dada", **fields)
            try:
                with run:
                    pipeline(run)
            except Bang:
                pass
        [record] = sink.latest().values()
        return {span["name"]: span for span in server.spans()}, text_of(server), record


def a_run_with_a_name_everywhere(run):
    """In contents, metadata (values, keys, JSON in a text, a text that is cut), attributes, events, and an error."""
    with run.stage(1) as stage:
        stage.item(ItemType.USER_INPUT_TEXT, content=f"Male {NAME}")
    with run.stage(2) as stage:
        metadata = {NAME: 1, "list": [NAME, {"deep": (NAME, {NAME})}], "json": json.dumps({"said": f"\n{NAME}"})}
        stage.item(ItemType.INTERCEPTION_FINAL, content=f"{'x' * 4090}{NAME} paints", metadata=metadata)
        with stage.backend_call("ollama", model="gpt-oss:20b", configured={"prompt": NAME}) as call:
            call.passed({"prompt": NAME, "messages": [{"role": "user", "content": NAME}]})
            call.span.set_attribute("input.value", NAME)
            call.span.set_attribute("tags", [NAME, "other"])
            call.span.set_attribute("gen_ai.input.messages", json.dumps([{"content": f"\t{NAME}"}]))
            call.span.add_event("note", {"text": NAME})
        raise Bang(f"{NAME} met an error")


def test_a_name_is_nowhere_in_what_leaves():
    """And everywhere it was somebody sees that it was taken out; the record keeps it."""
    spans, text, record = sent(a_run_with_a_name_everywhere, without_name)
    assert "Sommer" not in text
    assert "[name]" in text
    assert spans["chat gpt-oss:20b"]["attributes"]["input.value"] == "[name]"
    assert json.loads(spans["chat gpt-oss:20b"]["attributes"]["gen_ai.input.messages"]) == [{"content": "\t[name]"}]
    assert spans["execution"]["attributes"]["input.value"] == "Male [name]"
    assert record.items_of(ItemType.USER_INPUT_TEXT)[0].content == f"Male {NAME}"


def test_without_it_the_name_is_there():
    """The same run shows that the test would find it."""
    _, text, _ = sent(a_run_with_a_name_everywhere, None)
    assert text.count("Sommer") > 10


@pytest.mark.parametrize("viewer_text", [lambda text: None, lambda text: 1 / 0, lambda text: 5, lambda text: b"x"])
def test_where_nothing_may_be_said_the_shape_stays(viewer_text):
    """Fail closed: no answer, an error and an answer of another kind all leave the text out."""
    spans, text, _ = sent(a_run_with_a_name_everywhere, viewer_text)
    assert "Sommer" not in text
    assert "paints" not in text
    assert set(spans) >= {"execution", "stage.translation_safety", "chat gpt-oss:20b"}
    item = spans["stage.translation_safety"]["events"]["user_input_text"]
    assert item["devserver.item_type"] == "user_input_text"
    assert "devserver.content" not in item
    assert spans["execution"]["attributes"]["devserver.execution_id"].startswith("exec_")


def test_persons_have_aliases_as_before():
    """They are not looked over: equal ones have equal aliases, whatever the rules make of a name."""

    def pipeline(run):
        run.item(ItemType.USER_INPUT_TEXT, content="x", metadata={"user_id": NAME})

    spans, text, _ = sent(pipeline, lambda text: "[gone]", user_id=NAME)
    assert "Sommer" not in text
    assert spans["execution"]["attributes"]["devserver.user_id"].startswith("alias-")


def test_a_session_may_be_called_after_somebody():
    """What orchestrators call runs by is a text like others."""
    _, text, _ = sent(lambda run: None, without_name, session_id=f"class of {NAME}")
    assert "Sommer" not in text
    assert "class of [name]" in text


def test_values_of_every_kind_can_be_sent():
    """Whatever a pipeline logs, nothing breaks; what is of no known kind is left out."""
    spans, _, _ = sent(log_everywhere, lambda text: text)
    assert "execution" in spans


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=4)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@given(VALUES)
def test_no_text_is_passed_by(value):
    """Every text in what comes out is one that was given out, at any depth, as value and as key."""
    fields = TextRedaction(lambda text: "*").fields({"content": value})
    assert texts_in(fields.get("content")) <= {"*"}
    withheld = TextRedaction(lambda text: None).fields({"content": value})
    assert texts_in(withheld.get("content")) == set()


def texts_in(value):
    if isinstance(value, str):
        try:
            inner = json.loads(value) if value[:1] in "{[" and value else None
        except ValueError:
            inner = None
        return texts_in(inner) if inner is not None else {value}
    if isinstance(value, dict):
        return set().union(*(texts_in(part) for pair in value.items() for part in pair))
    if isinstance(value, list | tuple | set | bytes):
        return set() if isinstance(value, bytes) else set().union(*map(texts_in, value))
    return set()


def test_everything_for_our_own_collector_cannot_be_had_with_it():
    """There no text is looked over: whoever asks for both would send what he wanted to keep."""
    with pytest.raises(RecordingError, match="no text is looked over"):
        start_recording(journal=False, otlp_endpoint=False, otlp_content="full", viewer_text=str)


def test_a_devserver_that_is_to_redact_asks_the_rules_that_come_along():
    """Those of a study, with its roster, where there is one: tests/privacy."""
    options = viewers_of(Settings(otlp_content="redacted"))
    assert options["otlp_content"] == "viewer"
    assert options["viewer_text"]("kim@schule.de malt") == "[e-mail] malt"
    assert viewers_of(Settings(otlp_content="full")) == {"otlp_content": "full"}
    assert Settings.from_environment(environment={"DEVSERVER_OTLP_CONTENT": "redacted"}).otlp_content == "redacted"
