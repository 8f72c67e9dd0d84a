"""What viewers are sent: the whole shape of a run, and nothing that must stay at home."""

import json

import pytest
from builders import Bang
from odd_values import KEPT
from otlp_stage import text_of, trace_server
from sources import log_everywhere

from collectors import start_recording
from collectors.testing import RememberingSink
from collectors.viewers.payload import make_alias, summary_of, with_aliases
from collectors.viewers.runs import HeldRuns
from collectors.viewers.spans import LARGEST_PAYLOAD
from otel_tracking import ItemType

NAME = "Kim Sommer"


def shown(pipeline, **fields):
    """The spans that a viewer gets of a run, by name, and everything that was sent as one text."""
    with trace_server() as server:
        with start_recording([RememberingSink()], journal=False, otlp_endpoint=server.endpoint) as recording:
            run = recording.tracker().execution("dada", **fields)
            try:
                with run:
                    pipeline(run)
            except Bang:
                pass
        return {span["name"]: span for span in server.spans()}, text_of(server)


def a_blocked_run(run):
    with run.stage(1) as stage:
        stage.item(ItemType.USER_INPUT_TEXT, content=f"Male {NAME}", input_text=NAME)
        with stage.backend_call("ollama", model="gpt-oss:20b", configured={"prompt": NAME}) as call:
            call.passed({"prompt": NAME})
            call.span.set_attribute("input.value", NAME)
        stage.item(ItemType.STAGE1_BLOCKED, content=NAME, metadata={"found": [NAME], "reason": NAME, "level": 3})


def test_of_a_blocked_run_no_text_leaves():
    """Neither the prompt nor what was found in it, in no event, attribute or payload; the shape stays."""
    spans, text = shown(a_blocked_run)

    assert "Sommer" not in text
    assert spans["execution"]["attributes"]["devserver.withheld"] == "blocked"
    blocked = spans["stage.translation_safety"]["events"]["stage1_blocked"]
    assert blocked["devserver.withheld"] == "blocked"
    assert blocked["devserver.metadata.level"] == 3
    assert "devserver.payload" not in blocked
    assert "devserver.payload.sha256" not in blocked
    assert spans["chat gpt-oss:20b"]["attributes"]["gen_ai.request.model"] == "gpt-oss:20b"


def test_an_output_that_is_blocked_withholds_the_texts_of_its_run():
    """What stage 3 stopped is what the stages before it made."""

    def pipeline(run):
        with run.stage(2) as stage:
            stage.item(ItemType.INTERCEPTION_FINAL, content=NAME)
        with run.output(1, config_used="sd35_large") as output, output.stage(3) as stage:
            stage.item(ItemType.STAGE3_BLOCKED, content=NAME)

    _, text = shown(pipeline)
    assert "Sommer" not in text


@pytest.mark.parametrize("at_stage_1", [True, False])
def test_a_run_that_fails_before_its_checks_let_it_pass_is_withheld(at_stage_1):
    """The error's message may hold the very name that was looked for."""

    def pipeline(run):
        if not at_stage_1:
            raise Bang(NAME)
        with run.stage(1):
            raise Bang(NAME)

    spans, text = shown(pipeline)
    assert "Sommer" not in text
    assert spans["execution"]["attributes"]["devserver.withheld"] == "stage_1"
    assert spans["execution"]["attributes"]["error.type"] == "Bang"


def test_a_run_that_did_not_end_is_shown_without_texts():
    """Nobody knows yet what its checks will say."""
    with trace_server() as server:
        with start_recording([RememberingSink()], journal=False, otlp_endpoint=server.endpoint) as recording:
            run = recording.tracker().execution("dada")
            with run.stage(1) as stage:
                stage.item(ItemType.USER_INPUT_TEXT, content=NAME)
        spans, text = server.spans(), text_of(server)

    assert [span["name"] for span in spans] == ["stage.translation_safety"]
    assert "Sommer" not in text


def test_persons_and_devices_have_aliases():
    """The same in every place of a run, and no id of theirs anywhere."""

    def pipeline(run):
        run.amend(user_id="user-4711")
        run.item(ItemType.USER_INPUT_TEXT, content="Eine Blume", metadata={"device_id": "tablet-0815"})

    spans, text = shown(pipeline, user_id="user-4711", device_id="tablet-0815")

    assert "4711" not in text and "0815" not in text
    attributes = spans["execution"]["attributes"]
    events = spans["execution"]["events"]
    alias = attributes["devserver.user_id"]
    assert alias.startswith("alias-")
    assert alias != attributes["devserver.device_id"]
    assert json.loads(events["pipeline_start"]["devserver.payload.summary"])["metadata"]["user_id"] == alias
    assert json.loads(events["execution"]["devserver.payload.summary"])["value"]["user_id"] == alias
    assert "devserver.payload" not in events["pipeline_start"]


def test_an_alias_cannot_be_found_by_trying_all_ids():
    """It hangs on a key that only this process has."""
    assert make_alias()("user-4711") != make_alias()("user-4711")


def test_a_person_in_a_dict_of_other_keys_has_an_alias_too():
    """Canonical text writes those as pairs."""
    assert with_aliases('{"$dict":[[1,"a"],["user_id","kim"]]}', lambda value: "X") == (
        '{"$dict":[[1,"a"],["user_id","X"]]}'
    )


def test_a_short_payload_is_the_truth_and_a_large_one_a_summary():
    """The large one says its sha256, so that its record can be found."""
    graph = {str(number): {"class_type": "KSampler", "inputs": {"seed": number}} for number in range(900)}

    def pipeline(run):
        with run.output(1) as output, output.stage(4) as stage:
            with stage.backend_call("comfyui", model="sd35_large", configured={"steps": 20}) as call:
                call.passed(graph)
            stage.item(ItemType.OUTPUT_IMAGE, media=b"png", metadata={"seed": 1})

    spans, text = shown(pipeline)
    events = spans["generate_content sd35_large"]["events"]
    assert json.loads(events["configured"]["devserver.payload"]) == {"fact": "configured", "value": {"steps": 20}}
    passed = events["passed"]
    assert passed["devserver.payload.bytes"] > LARGEST_PAYLOAD
    assert len(passed["devserver.payload.sha256"]) == 64
    assert json.loads(passed["devserver.payload.summary"])["value"]["…"] == "888 more"
    assert len(text) < 20_000
    assert spans["generate_content sd35_large"]["attributes"]["gen_ai.output.type"] == "image"


def test_texts_stand_where_viewers_of_genai_traces_look():
    """In and out of hops, attempts and the run; safety stages are guardrails."""

    def pipeline(run):
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content="Eine Blume")
        with run.stage(2) as stage:
            with stage.iteration(1) as iteration:
                with iteration.backend_call("ollama", model="mistral-nemo"):
                    pass
                iteration.item(ItemType.INTERCEPTION_ITERATION, content="A flower", input_text="Eine Blume")
            stage.item(ItemType.INTERCEPTION_FINAL, content="A flower")

    spans, _ = shown(pipeline)
    for name in ("execution", "iteration", "chat mistral-nemo"):
        attributes = spans[name]["attributes"]
        assert (attributes["input.value"], attributes["output.value"]) == ("Eine Blume", "A flower"), name
    messages = json.loads(spans["chat mistral-nemo"]["attributes"]["gen_ai.output.messages"])
    assert messages == [{"role": "assistant", "parts": [{"type": "text", "content": "A flower"}]}]
    assert spans["stage.translation_safety"]["attributes"]["openinference.span.kind"] == "GUARDRAIL"


def test_summaries_are_short_whatever_the_shape():
    """Depth, breadth and texts are cut, and say so."""
    value = json.dumps({"a": list(range(500)), "b": "x" * 5_000, "c": [[[[[1]]]]]})
    assert json.loads(summary_of(value)) == {
        "a": [*range(12), "… 488 more"],
        "b": "x" * 200 + "… (5000 characters)",
        "c": [[["[1 entries]"]]],
    }


@pytest.mark.parametrize("name", KEPT)
def test_every_odd_value_can_be_shown(name):
    """Nothing of it keeps a span from being sent."""
    spans, _ = shown(log_everywhere(KEPT[name]()))
    assert {"execution", "iteration", "output", "stage.output"} <= set(spans)


def test_runs_that_a_sampler_leaves_out_are_left_out_whole():
    """By the trace id, so that every process decides alike."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext

    resource = Resource({})
    runs = HeldRuns(ratio=0.5)
    taken = [
        len(runs.take(ReadableSpan("execution", SpanContext(trace_id, 1, is_remote=False), resource=resource)))
        for trace_id in (1, 2**63 - 1, 2**63, 2**64 - 1)
    ]
    assert taken == [1, 1, 0, 0]
