"""What is recorded of answers: facts, media, compressed bodies, streams; and the caller gets what it always got."""

import asyncio
import base64
import gzip
import hashlib
import json
import os
import threading
import zlib

import httpx
import pytest
import requests
from capture_stage import every_client, span_of, with_httpx, with_requests
from hypothesis import given
from hypothesis import strategies as st
from servers import Reply, json_reply

from otel_tracking.capture import CaptureSettings
from otel_tracking.capture.answers import AnswerBody
from otel_tracking.secrets.redaction import Redaction

OLLAMA = {
    "model": "mistral-nemo:12b",
    "response": "Eine Blume",
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 11,
    "eval_count": 3,
}
PICTURE = b"\x89PNG\r\n\x1a\n" + os.urandom(3000)


def response_of(fetch, backend, **request):
    contents = []
    span = span_of(lambda call: contents.append(fetch(call, "POST", backend.url, json={"seed": 7}, **request)))
    return span.response, contents[0]


@every_client
def test_an_answer_leaves_its_facts(fetch, backend):
    backend.replies(json_reply(OLLAMA, headers=(("x-request-id", "r1"), ("x-powered-by", "nobody cares"))))
    response, content = response_of(fetch, backend)
    assert json.loads(content) == response["body"] == OLLAMA
    assert (response["status"], response["model"], response["finish_reason"]) == (200, "mistral-nemo:12b", "stop")
    assert response["usage"] == {"prompt_eval_count": 11, "eval_count": 3}
    assert response["body_facts"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert response["headers"]["x-request-id"] == "r1"
    assert "x-powered-by" not in response["headers"]
    assert response["complete"]
    assert 0 <= response["time_to_first_chunk"] <= response["seconds"]


def test_an_image_answer_says_its_seed_and_its_revised_prompt(backend):
    picture = base64.b64encode(PICTURE).decode()
    backend.replies(json_reply({"seed": 2**53, "data": [{"b64_json": picture, "revised_prompt": "a blue flower"}]}))
    response, _ = response_of(with_httpx, backend)
    assert (response["seed"], response["revised_prompt"]) == (2**53, "a blue flower")
    assert response["body"]["data"][0]["b64_json"]["media"] == {
        "sha256": hashlib.sha256(PICTURE).hexdigest(),
        "bytes": len(PICTURE),
        "type": "image/png",
    }


@every_client
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
def test_a_compressed_answer_is_read(fetch, encoding, backend):
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}[encoding](json.dumps(OLLAMA).encode())
    headers = (("content-type", "application/json"), ("content-encoding", encoding))
    backend.replies(Reply(200, headers, packed))
    response, content = response_of(fetch, backend)
    assert json.loads(content) == response["body"] == OLLAMA


@every_client
def test_binary_answers_leave_size_and_hash(fetch, backend):
    backend.replies(Reply(200, (("content-type", "image/png"),), PICTURE))
    response, content = response_of(fetch, backend)
    assert content == PICTURE
    assert response["body"] == {
        "media": {"sha256": hashlib.sha256(PICTURE).hexdigest(), "bytes": len(PICTURE), "type": "image/png"}
    }


@every_client
@pytest.mark.parametrize("status", [204, 404, 429, 500, 503])
def test_an_answer_of_failure_is_recorded_like_any_other(fetch, status, backend):
    body = b"" if status == 204 else b'{"error": "model is loading"}'
    backend.replies(Reply(status, (("content-type", "application/json"), ("retry-after", "1")), body))
    response, content = response_of(fetch, backend)
    assert content == body
    assert (response["status"], response["complete"], response["headers"]["retry-after"]) == (status, True, "1")
    assert response["body"] == (json.loads(body) if body else None)


NDJSON = (("content-type", "application/x-ndjson"),)
PIECES = ["Eine ", "Blüte ", "花", ""]
OLLAMA_LINES = [
    *({"model": "m", "response": piece, "done": False} for piece in PIECES),
    {"model": "m", "response": "", "done": True, "done_reason": "length", "eval_count": 4},
]
CHAT_EVENTS = [
    {"id": "c1", "model": "gpt", "choices": [{"index": 0, "delta": {"role": "assistant"}}]},
    *({"id": "c1", "choices": [{"index": 0, "delta": {"content": piece}}]} for piece in PIECES),
    {"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"id": "c1", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 4}},
]  # fmt: skip


def ndjson(events):
    return b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)


def sse(events):
    lines = b"".join(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\r\n\r\n" for event in events)
    return b": hello\r\n\r\n" + lines + b"data: [DONE]\r\n\r\n"


def cut(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


@every_client
def test_streamed_lines_of_ollama_become_the_answer_in_one_piece(fetch, backend):
    backend.replies(Reply(200, NDJSON, chunks=cut(ndjson(OLLAMA_LINES), 7)))
    response, content = response_of(fetch, backend)
    assert content == ndjson(OLLAMA_LINES)
    assert response["body"]["response"] == "Eine Blüte 花"
    assert (response["model"], response["finish_reason"], response["usage"]) == ("m", "length", {"eval_count": 4})
    assert response["body_facts"]["events"] == len(OLLAMA_LINES)


@every_client
def test_server_sent_events_of_a_chat_become_the_answer_in_one_piece(fetch, backend):
    backend.replies(
        Reply(200, (("content-type", "text/event-stream; charset=utf-8"),), chunks=cut(sse(CHAT_EVENTS), 11))
    )
    response, content = response_of(fetch, backend)
    assert content == sse(CHAT_EVENTS)
    [choice] = response["body"]["choices"]
    assert choice == {"index": 0, "message": {"role": "assistant", "content": "Eine Blüte 花"}, "finish_reason": "stop"}
    assert (response["model"], response["id"], response["finish_reason"]) == ("gpt", "c1", "stop")
    assert response["usage"] == {"prompt_tokens": 5, "completion_tokens": 4}


@given(st.integers(1, 60), st.sampled_from([(NDJSON, ndjson(OLLAMA_LINES)), (None, sse(CHAT_EVENTS))]))
def test_it_does_not_matter_where_a_stream_is_cut(size, stream):
    kind, data = stream
    content_type = "application/x-ndjson" if kind else "text/event-stream"
    bodies = []
    for pieces in (cut(data, size), [data]):
        answer = AnswerBody(content_type, "", 2**20)
        for piece in pieces:
            answer.take(piece)
        bodies.append(answer.body(Redaction(), complete=True))
    assert bodies[0] == bodies[1]


def test_tool_calls_and_thoughts_of_a_stream_are_put_together():
    deltas = [
        {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "look", "arguments": '{"a'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '": 1}'}}]},
        {"reasoning": "hm "},
        {"reasoning": "so"},
    ]
    events = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    answer = AnswerBody("text/event-stream", "", 2**20)
    answer.take(sse(events))
    [choice] = answer.body(Redaction(), complete=True).value["choices"]
    assert choice["message"] == {
        "tool_calls": [{"id": "t", "function": {"name": "look", "arguments": '{"a": 1}'}}],
        "reasoning": "hm so",
    }


def test_events_of_an_unknown_kind_are_kept_one_by_one():
    answer = AnswerBody("application/x-ndjson", "", 2**20)
    answer.take(b'{"status": "pulling"}\nno json\n[1]')
    assert answer.body(Redaction(), complete=True).value == [{"status": "pulling"}, "no json", [1]]


def test_each_chunk_reaches_the_caller_before_the_next_one_is_sent(backend):
    """The server sends its second line only after the caller has read the first: nothing is held back."""
    read_one = threading.Event()

    def lines():
        yield b'{"response": "one "}\n'
        assert read_one.wait(60)
        yield b'{"response": "two", "done": true}\n'

    backend.replies(Reply(200, NDJSON, chunks=lines()))

    def pipeline(call):
        client = httpx.Client(transport=call.transport())
        with client, client.stream("POST", backend.url, json={}) as answer:
            chunks = answer.iter_raw()
            assert next(chunks) == b'{"response": "one "}\n'
            read_one.set()
            assert list(chunks) == [b'{"response": "two", "done": true}\n']

    assert span_of(pipeline).response["body"]["response"] == "one two"


def test_a_stream_that_is_closed_early_says_so_and_keeps_what_was_read(backend):
    backend.replies(Reply(200, NDJSON, chunks=[ndjson(OLLAMA_LINES[:1]), ndjson(OLLAMA_LINES[1:])]))

    def pipeline(call):
        client = httpx.Client(transport=call.transport())
        with client, client.stream("POST", backend.url, json={}) as answer:
            next(answer.iter_raw(len(ndjson(OLLAMA_LINES[:1]))))

    response = span_of(pipeline).response
    assert response["complete"] is False
    assert response["body"]["response"].startswith("Eine ")


def test_a_stream_that_requests_closes_early_says_so(backend):
    backend.replies(Reply(200, NDJSON, chunks=[ndjson(OLLAMA_LINES)] * 3))

    def pipeline(call):
        session = requests.Session()
        session.mount("http://", call.adapter())
        with session, session.post(backend.url, json={}, stream=True) as answer:
            next(answer.iter_lines(chunk_size=8))

    response = span_of(pipeline).response
    assert (response["status"], response["complete"]) == (200, False)


def test_a_stream_that_nobody_closes_is_reported_when_the_call_ends(backend):
    backend.replies(Reply(200, NDJSON, chunks=[ndjson(OLLAMA_LINES)]))
    opened = []

    def pipeline(call):
        client = httpx.Client(transport=call.transport())
        opened.append((client, client.send(client.build_request("POST", backend.url, json={}), stream=True)))

    response = span_of(pipeline).response
    assert (response["status"], response["complete"]) == (200, False)
    opened[0][1].close()


def test_an_async_stream_is_assembled_while_it_is_read(backend):
    backend.replies(Reply(200, NDJSON, chunks=cut(ndjson(OLLAMA_LINES), 16)))

    async def read(call):
        async with (
            httpx.AsyncClient(transport=call.transport(httpx.AsyncHTTPTransport())) as client,
            client.stream("POST", backend.url, json={}) as answer,
        ):
            return [line async for line in answer.aiter_lines()]

    response = span_of(lambda call: asyncio.run(read(call))).response
    assert (response["complete"], response["body"]["response"]) == (True, "Eine Blüte 花")


def test_reading_raw_bytes_with_requests_is_seen_as_well(backend):
    packed = gzip.compress(json.dumps(OLLAMA).encode())
    backend.replies(Reply(200, (("content-type", "application/json"), ("content-encoding", "gzip")), packed))

    def pipeline(call):
        session = requests.Session()
        session.mount("http://", call.adapter())
        assert session.post(backend.url, json={}, stream=True).raw.read() == packed

    assert span_of(pipeline).response["body"] == OLLAMA


def test_a_body_beyond_the_limit_leaves_size_and_hash(backend):
    large = json.dumps(["x" * 5000]).encode()
    backend.replies(Reply(200, (("content-type", "application/json"),), large))
    capture = CaptureSettings(largest_body=1000)
    span = span_of(lambda call: with_httpx(call, "POST", backend.url, content=large, capture=capture))
    sha256 = hashlib.sha256(large).hexdigest()
    assert span.passed["body"]["media"]["sha256"] == span.response["body"]["media"]["sha256"] == sha256


def test_a_head_request_has_an_answer_without_a_body(backend):
    span = span_of(lambda call: with_requests(call, "HEAD", backend.url))
    assert (span.response["status"], span.response["body"], span.response["complete"]) == (200, None, True)
