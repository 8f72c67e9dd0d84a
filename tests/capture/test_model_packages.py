"""The model packages of today, on real sockets: what they sent and what they were told is in the record, all of it."""

import json

import anthropic
import httpx2
import openai
import pytest
from capture_stage import span_of, spans_of
from model_packages import ANSWER, ANTHROPIC_KEY, ASKED, KEY, PACKAGES, with_ollama

from otel_tracking.capture import exact_body
from tests.model_servers import AnthropicServer, BreaksOff, Fails, OllamaServer, OpenAIServer

every_package = pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
streamed_or_not = pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])


@streamed_or_not
@every_package
def test_an_exchange_is_recorded_whole(package, stream):
    """Passed bytes are received bytes, the answer is complete, no secret is in it, and the trace is told as it left."""
    heard = []
    with package.server() as server:
        span = span_of(lambda call: heard.append(package.ask(call, server.url, stream)))
    # litellm asks Ollama about its models too, with a client of its own that nobody can hand over.
    [request] = [request for request in server.received if request.path != "/api/show"]
    assert heard == [ANSWER]
    # --- sent
    assert exact_body(span.passed["body"], span.passed["body_facts"]) == request.body
    assert (span.passed["method"], span.passed["url"]) == ("POST", server.url + request.path)
    assert {name: value for name, value in span.passed["headers"].items() if "[removed" not in value} == {
        name: value for name, value in request.headers.items() if KEY not in value and ANTHROPIC_KEY not in value
    }
    assert request.headers["traceparent"].split("-")[2] == span.span_id
    # --- came back
    assert package.text_of(span.response["body"]) == ANSWER
    assert (span.response["status"], span.response["complete"]) == (200, True)
    assert "error" not in span.response
    assert span.response["usage"] or not stream
    recorded = json.dumps([span.passed, span.response], default=str)
    assert KEY not in recorded
    assert ANTHROPIC_KEY not in recorded


@streamed_or_not
@every_package
def test_an_answer_of_failure_is_recorded_whole(package, stream):
    with package.server() as server:
        server.failures[1] = Fails(400, server.error_body("a wrong parameter, and the key sk-test-0123456789abcdef"))

        def pipeline(call):
            with pytest.raises(Exception, match="a wrong parameter"):
                package.ask(call, server.url, stream)

        span = spans_of(pipeline)[0]
    assert (span.response["status"], span.response["complete"]) == (400, True)
    assert "a wrong parameter" in json.dumps(span.response["body"])
    assert KEY not in json.dumps(span.response, default=str)


def test_an_error_in_the_middle_of_a_stream_is_what_the_answer_ends_with():
    with OpenAIServer(key=KEY, failures={1: BreaksOff(4, error="the model fell over")}) as server:

        def pipeline(call):
            with pytest.raises(openai.APIError, match="the model fell over"):
                PACKAGES["openai"].ask(call, server.url, True)

        response = span_of(pipeline).response
    assert response["body"]["choices"][0]["message"]["content"] == "Eine blaue"
    assert response["body"]["other_events"] == [{"error": {"code": 502, "message": "the model fell over"}}]
    assert response["complete"] is True


@pytest.mark.parametrize(("server", "ask"), [(OllamaServer, with_ollama), (OpenAIServer, PACKAGES["openai"].ask)])
def test_a_stream_that_breaks_off_is_not_complete(server, ask):
    options = {"key": KEY} if server is OpenAIServer else {}
    with server(failures={1: BreaksOff(4)}, **options) as backend:

        def pipeline(call):
            with pytest.raises((openai.APIConnectionError, ConnectionError, Exception)):
                ask(call, backend.url, True)

        response = span_of(pipeline).response
    assert response["complete"] is False
    assert "Eine blaue" in json.dumps(response["body"])
    assert response["error"]["error_type"] == "RemoteProtocolError"


def test_a_retry_of_the_package_is_an_attempt_of_its_own():
    with OpenAIServer(key=KEY, failures={1: Fails(503, headers={"retry-after-ms": "1"})}) as server:

        def pipeline(call):
            http_client = httpx2.Client(transport=call.transport())
            client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, http_client=http_client, max_retries=1)
            assert client.chat.completions.create(model="gpt-7", messages=ASKED).choices[0].message.content == ANSWER

        second, first = spans_of(pipeline)
    assert (first.response["status"], second.response["status"]) == (503, 200)
    recorded = [span.passed["headers"]["traceparent"] for span in (first, second)]
    assert [request.headers["traceparent"] for request in server.received] == recorded


def test_a_tool_that_anthropic_calls_is_recorded_as_it_would_have_been_in_one_piece():
    tools = [{"name": "look", "description": "look", "input_schema": {"type": "object", "properties": {}}}]
    with AnthropicServer() as server:

        def ask(call, stream):
            client = anthropic.Anthropic(
                base_url=server.url, api_key=ANTHROPIC_KEY, http_client=httpx2.Client(transport=call.transport())
            )
            asked = {"model": "claude-7", "max_tokens": 64, "messages": ASKED, "tools": tools}
            if stream:
                with client.messages.stream(**asked) as answer:
                    return answer.get_final_message()
            return client.messages.create(**asked)

        whole = span_of(lambda call: ask(call, False)).response
        streamed = span_of(lambda call: ask(call, True)).response
    assert streamed["body"] == whole["body"]
    assert (streamed["complete"], streamed["finish_reason"]) == (True, "tool_use")
