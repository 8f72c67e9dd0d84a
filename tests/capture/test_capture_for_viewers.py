"""Who is told the trace, and what span attributes say: parameters and counts always, words only when asked for."""

import re
from pathlib import Path

import httpx
import pytest
from builders import Bang
from capture_stage import every_client, with_httpx
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from servers import json_reply

from otel_tracking import ExecutionTracker
from otel_tracking.capture import CaptureSettings, names
from otel_tracking.capture.genai import answer_attributes, answer_facts, request_attributes
from otel_tracking.capture.propagation import is_loopback

REQUEST = {
    "model": "mistral-nemo",
    "messages": [{"role": "user", "content": "Eine Blume"}],
    "temperature": 1,
    "top_p": 0.9,
    "seed": 7,
    "options": {"num_predict": 64, "seed": 8},
}
ANSWER = {
    "id": "c1",
    "model": "mistral-nemo:12b",
    "choices": [{"message": {"role": "assistant", "content": "Ein Roboter"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2},
}


def attributes_of(pipeline):
    """The attributes of the call's span as an exporter of any provider sees them."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with ExecutionTracker(provider).execution("dada") as run, run.stage(2) as stage, stage.backend_call("o") as call:
        pipeline(call)
    [span] = [span for span in exporter.get_finished_spans() if span.name == "chat"]
    return dict(span.attributes)


@every_client
def test_parameters_and_counts_are_attributes_and_words_are_not(fetch, backend):
    backend.replies(json_reply(ANSWER))
    found = attributes_of(lambda call: fetch(call, "POST", backend.url + "/v1?key=abc", json=REQUEST))
    assert found["url.full"] == backend.url + "/v1?key=[removed: key]"
    assert {name: found[name] for name in found if name.startswith(("gen_ai.re", "gen_ai.us", "http."))} == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "gen_ai.request.temperature": 1.0,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.seed": 7,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.response.id": "c1",
        "gen_ai.response.model": "mistral-nemo:12b",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.response.time_to_first_chunk": found["gen_ai.response.time_to_first_chunk"],
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 2,
    }
    assert not any("Blume" in str(value) or "Roboter" in str(value) for value in found.values())


def test_words_are_attributes_where_that_is_asked_for(backend):
    backend.replies(json_reply(ANSWER))
    capture = CaptureSettings(contents_in_attributes=True)
    found = attributes_of(lambda call: with_httpx(call, "POST", backend.url, json=REQUEST, capture=capture))
    assert found["input.value"] == '[{"role": "user", "content": "Eine Blume"}]'
    assert (found["input.mime_type"], found["output.mime_type"]) == ("application/json", "text/plain")
    assert found["output.value"] == "Ein Roboter"


@pytest.mark.parametrize("body", [None, [], "text", {"choices": 5}, {"choices": ["x"], "data": 1, "usage": None}])
def test_answers_of_any_shape_have_facts(body):
    assert answer_facts(body) == {}
    assert answer_attributes(body, {}, contents=False) == {}


@pytest.mark.parametrize("seed", [True, "7", 2**64, None, 1.5, [7]])
def test_a_seed_that_no_attribute_can_hold_is_in_the_facts_alone(seed):
    assert request_attributes({"seed": seed, "options": "none"}, contents=False) == {}


@every_client
def test_our_own_hosts_are_told_the_trace_and_nothing_else(fetch, backend):
    told = []
    attributes_of(lambda call: (told.append(call), fetch(call, "POST", backend.url, json={})))
    [call] = told
    context = call.span.get_span_context()
    assert backend.last.header("traceparent") == f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
    assert backend.last.header("baggage") is None
    assert backend.last.header("tracestate") is None


def sent_to(host, **settings):
    sent = []

    class Inner(httpx.BaseTransport):
        def handle_request(self, request):
            sent.append(request)
            return httpx.Response(200)

    capture = CaptureSettings(**settings)
    attributes_of(lambda call: httpx.Client(transport=call.transport(Inner(), capture=capture)).get(f"https://{host}/"))
    return sent[0].headers


def test_third_parties_are_not_told_the_trace():
    assert "traceparent" not in sent_to("openrouter.example")
    assert "traceparent" not in sent_to("127.0.0.1.example")
    assert re.fullmatch(
        "00-[0-9a-f]{32}-[0-9a-f]{16}-01", sent_to("GPU.school", own_hosts={"gpu.school"})["traceparent"]
    )


def test_a_callers_own_trace_header_is_left_alone(backend):
    attributes_of(lambda call: with_httpx(call, "POST", backend.url, json={}, headers={"traceparent": "mine"}))
    assert backend.last.header("traceparent") == "mine"


@pytest.mark.parametrize(
    ("host", "ours"), [("LOCALHOST.", True), ("[::1]", True), ("127.9.9.9", True), ("0.0.0.0", False)]
)
def test_the_loopback_is_known_without_a_look_up(host, ours):
    assert is_loopback(host) is ours


def test_an_exception_of_the_pipeline_ends_the_call_as_ever(backend):
    def pipeline(call):
        with_httpx(call, "POST", backend.url, json={})
        raise Bang

    with pytest.raises(Bang):
        attributes_of(pipeline)


def test_every_attribute_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "wire-capture.md").read_text("utf-8")
    missing = {value for name, value in vars(names).items() if name.isupper() and f"`{value}`" not in page}
    assert not missing
