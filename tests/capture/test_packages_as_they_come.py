"""Packages with the clients that they make for themselves, and sockets: recorded after one line."""

import asyncio
import contextlib
import json
import os
import threading

import aiohttp
import anthropic
import boto3
import httpx
import logfire
import numpy
import ollama
import openai
import pytest
import requests
import websockets.asyncio.client
import websockets.sync.client
from botocore.config import Config
from capture_stage import span_of, spans_of
from model_packages import ANSWER, ANTHROPIC_KEY, ASKED, KEY
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from servers import json_reply
from websockets.sync.server import serve

from collectors import start_recording
from collectors.testing import RememberingSink
from otel_tracking import capture
from tests.model_servers import AnthropicServer, OllamaServer, OpenAIServer


@pytest.fixture(autouse=True)
def _installed():
    capture.install()
    yield
    capture.uninstall()


def as_openai(url, stream):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
    answer = client.chat.completions.create(model="gpt-7", messages=ASKED, seed=7, stream=stream)
    if not stream:
        return answer.choices[0].message.content
    return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)


def as_async_openai(url, stream):
    async def work():
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
            answer = await client.chat.completions.create(model="gpt-7", messages=ASKED, stream=stream)
            if not stream:
                return answer.choices[0].message.content
            return "".join([chunk.choices[0].delta.content or "" async for chunk in answer if chunk.choices])

    return asyncio.run(work())


def as_ollama(url, stream):
    answer = ollama.Client(host=url).chat("mistral-nemo:latest", messages=ASKED, stream=stream)
    return "".join(part.message.content for part in answer) if stream else answer.message.content


def as_anthropic(url, stream):
    client = anthropic.Anthropic(base_url=url, api_key=ANTHROPIC_KEY, max_retries=0)
    asked = {"model": "claude-7", "max_tokens": 64, "messages": ASKED}
    if not stream:
        return client.messages.create(**asked).content[0].text
    with client.messages.stream(**asked) as answer:
        return "".join(answer.text_stream)


def as_litellm(url, stream):
    # Without this it asks the network for a list of prices when it is imported.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    options = {"api_base": f"{url}/v1", "api_key": KEY, "num_retries": 0, "max_retries": 0}
    answer = litellm.completion(model="openai/gpt-7", messages=ASKED, stream=stream, **options)
    if not stream:
        return answer.choices[0].message.content
    return "".join(chunk.choices[0].delta.content or "" for chunk in answer)


def as_async_litellm(url, stream):
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    async def work():
        options = {"api_base": f"{url}/v1", "api_key": KEY, "num_retries": 0, "max_retries": 0}
        answer = await litellm.acompletion(model="openai/gpt-7", messages=ASKED, stream=stream, **options)
        if not stream:
            return answer.choices[0].message.content
        return "".join([chunk.choices[0].delta.content or "" async for chunk in answer])

    return asyncio.run(work())


PACKAGES = {
    "openai": (lambda: OpenAIServer(key=KEY), as_openai),
    "openai, async": (lambda: OpenAIServer(key=KEY), as_async_openai),
    "ollama": (OllamaServer, as_ollama),
    "anthropic": (AnthropicServer, as_anthropic),
    "litellm": (lambda: OpenAIServer(key=KEY), as_litellm),
    "litellm, async": (lambda: OpenAIServer(key=KEY), as_async_litellm),
}


@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_recorded_with_its_own_client(name, stream):
    make_server, ask = PACKAGES[name]
    heard = []
    with make_server() as server:
        span = span_of(lambda call: heard.append(ask(server.url, stream)))
    assert heard == [ANSWER]
    assert span.passed["body"]["messages"] == ASKED
    assert ANSWER in json.dumps(span.response["body"], ensure_ascii=False)
    assert (span.response["status"], span.response["complete"]) == (200, True)
    assert KEY not in json.dumps([span.passed, span.response], default=str)


def test_bedrock_is_recorded(backend):
    answer = {"content": [{"type": "text", "text": "Eine Blume!"}], "stop_reason": "end_turn"}
    backend.answer = lambda request: json_reply(answer)
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

    def pipeline(call):
        client = boto3.client(
            "bedrock-runtime",
            region_name="eu-central-1",
            endpoint_url=backend.url,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 1}),
        )
        asked = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 4096, "messages": ASKED}
        heard = client.invoke_model(modelId="eu.anthropic.claude-sonnet-4-5-20250929-v1:0", body=json.dumps(asked))
        assert json.loads(heard["body"].read()) == answer

    span = span_of(pipeline)
    assert span.passed["url"].endswith("/invoke")
    assert span.passed["body"]["messages"] == ASKED
    assert span.response["body"] == answer
    assert "Signature=" not in json.dumps(span.passed)


def test_triton_is_recorded(backend):
    import tritonclient.http as triton

    answer = {
        "model_name": "sd35_pipeline",
        "outputs": [{"name": "image", "datatype": "INT32", "shape": [1], "data": [7]}],
    }
    backend.answer = lambda request: json_reply(answer)

    def pipeline(call):
        prompt = triton.InferInput("prompt", [1], "BYTES")
        prompt.set_data_from_numpy(numpy.array([b"Eine Blume"], dtype=object), binary_data=False)
        seed = triton.InferInput("seed", [1], "INT64")
        seed.set_data_from_numpy(numpy.array([7], dtype=numpy.int64), binary_data=False)
        client = triton.InferenceServerClient(backend.url.removeprefix("http://"))
        assert client.infer("sd35_pipeline", [prompt, seed]).as_numpy("image").tolist() == [7]

    span = span_of(pipeline)
    assert span.passed["url"] == f"{backend.url}/v2/models/sd35_pipeline/infer"
    asked = {one["name"]: one["data"] for one in json.loads(_text(span.passed["body"]))["inputs"]}
    assert asked == {"prompt": ["Eine Blume"], "seed": [7]}
    assert json.loads(_text(span.response["body"])) == answer


def _text(body):
    return body if isinstance(body, str) else json.dumps(body)


@contextlib.contextmanager
def a_socket_server():
    """It says twice what it is told, once as bytes, and closes after the word that ends it."""

    def talk(connection):
        for message in connection:
            if message == "end":
                return
            connection.send(json.dumps({"heard": message}))
            connection.send(b"\x00picture")

    with serve(talk, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws?clientId=7"
        finally:
            server.shutdown()
            thread.join()


def over_websockets(url):
    with websockets.sync.client.connect(url) as connection:
        connection.send('{"prompt": "Blume"}')
        connection.recv()
        connection.recv()
        connection.send("end")
        assert list(connection) == []


def over_async_websockets(url):
    async def work():
        async with websockets.asyncio.client.connect(url) as connection:
            await connection.send('{"prompt": "Blume"}')
            await connection.recv()
            await connection.recv()
            await connection.send("end")
            assert [message async for message in connection] == []

    asyncio.run(work())


def over_aiohttp(url):
    async def work():
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as connection:
            await connection.send_json({"prompt": "Blume"})
            await connection.receive_json()
            await connection.receive_bytes()
            await connection.send_str("end")
            assert [message async for message in connection] == []

    asyncio.run(work())


@pytest.mark.parametrize("talk", [over_websockets, over_async_websockets, over_aiohttp])
def test_the_messages_of_a_socket_are_recorded(talk):
    with a_socket_server() as url:
        span = span_of(lambda call: talk(url))
    assert (span.passed["method"], span.passed["url"]) == ("GET", url)
    assert (span.passed["messages"], span.passed["message_count"]) == ([{"prompt": "Blume"}, "end"], 2)
    heard, picture = span.response["messages"]
    assert heard == {"heard": '{"prompt": "Blume"}'}
    assert picture["media"]["bytes"] == 8
    assert (span.response["status"], span.response["complete"]) == (101, True)
    assert "not_captured" not in (span.facts or {})


def test_a_socket_that_is_open_for_many_calls_is_told_by_each():
    def pipeline(call):
        connection.send("one")
        connection.recv()
        connection.recv()

    with a_socket_server() as url, websockets.sync.client.connect(url) as connection:
        first, second = span_of(pipeline), span_of(pipeline)
        connection.send("end")
    assert [span.passed["messages"] for span in (first, second)] == [["one"], ["one"]]
    assert [span.response["message_count"] for span in (first, second)] == [2, 2]


@pytest.mark.parametrize("post", [httpx.post, requests.post])
def test_instrumented_clients_are_recorded_once(post, backend):
    for instrumentor in (HTTPXClientInstrumentor(), RequestsInstrumentor()):
        instrumentor.instrument()
    try:
        spans = spans_of(lambda call: post(backend.url, json={"prompt": "Blume"}))
    finally:
        for instrumentor in (HTTPXClientInstrumentor(), RequestsInstrumentor()):
            instrumentor.uninstrument()
    assert [span.passed["body"] for span in spans if span.passed] == [{"prompt": "Blume"}]
    assert len(backend.received) == 1


def test_spans_of_openinference_lie_below_the_call():
    sink = RememberingSink()
    with OpenAIServer(key=KEY) as server, start_recording([sink], journal=False) as recording:
        OpenAIInstrumentor().instrument(tracer_provider=recording.provider)
        try:
            with recording.tracker().execution("dada") as run, run.backend_call("openai", model="gpt-7") as call:
                assert as_openai(server.url, False) == ANSWER
        finally:
            OpenAIInstrumentor().uninstrument()
    record = sink.latest()[run.trace_id]
    [ours] = [span for span in record.spans if span.span_id == call.span_id]
    theirs = [span for span in record.spans if span.parent_span_id == call.span_id]
    assert ours.passed["body"]["messages"] == ASKED
    assert [span.name for span in theirs] == ["ChatCompletion"]


def test_spans_of_logfire_are_of_the_trace(backend):
    told = InMemorySpanExporter()
    logfire.configure(
        local=True, send_to_logfire=False, console=False, additional_span_processors=[SimpleSpanProcessor(told)]
    ).instrument_httpx()
    try:
        ids = []

        def pipeline(call):
            ids.append((call.span.get_span_context().trace_id, call.id))
            httpx.post(backend.url, json={"prompt": "Blume"})

        [span] = spans_of(pipeline)
    finally:
        # It takes both generations of httpx.
        for instrumentor in (HTTPXClientInstrumentor(), HTTPX2ClientInstrumentor()):
            instrumentor.uninstrument()
    assert span.passed["body"] == {"prompt": "Blume"}
    assert [(one.context.trace_id, one.parent.span_id) for one in told.get_finished_spans()] == ids
