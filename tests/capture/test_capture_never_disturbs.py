"""Capture changes nothing for the client: the same objects, the same exceptions, the caller's request untouched."""

import asyncio

import httpx
import httpx2
import pytest
import requests
from capture_stage import span_of, with_httpx
from servers import Reply

from otel_tracking import ExecutionTracker
from otel_tracking.capture import CaptureSettings
from otel_tracking.capture.bodies import read_body
from otel_tracking.secrets.redaction import Redaction, RedactionPolicy


class Inner(httpx.BaseTransport):
    """A transport that gives or raises what it was told to."""

    def __init__(self, outcome):
        self.outcome, self.closed = outcome, False

    def handle_request(self, request):
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def close(self):
        self.closed = True


def a_call(tracker=None):
    return (tracker or ExecutionTracker()).execution("dada").stage(2).backend_call("ollama")


@pytest.mark.parametrize("error", [httpx.ReadTimeout("late"), RuntimeError("own"), KeyboardInterrupt()])
def test_an_exception_of_the_transport_is_the_same_object(error):
    transport = a_call().transport(Inner(error))
    with pytest.raises(type(error)) as caught:
        transport.handle_request(httpx.Request("POST", "http://localhost/", json={}))
    assert caught.value is error


def test_the_response_is_the_same_object_and_the_request_is_not_touched():
    response = httpx.Response(200, json={"a": 1})
    inner = Inner(response)
    request = httpx.Request("POST", "http://localhost/", json={"seed": 7})
    headers, stream = request.headers.raw.copy(), request.stream
    transport = a_call().transport(inner)
    assert transport.handle_request(request) is response
    assert response.json() == {"a": 1}
    assert request.headers.raw == headers
    assert request.stream is stream
    transport.close()
    assert inner.closed


def test_a_requests_response_names_the_callers_own_request(backend):
    session = requests.Session()
    session.mount("http://", a_call().adapter())
    prepared = session.prepare_request(requests.Request("POST", backend.url, json={}))
    response = session.send(prepared)
    assert response.request is prepared
    assert "traceparent" not in prepared.headers


def broken_policy(name, value):
    raise RuntimeError("this policy has a mistake")


def test_a_policy_with_a_mistake_is_trouble_and_nothing_is_recorded_unredacted(backend):
    capture = CaptureSettings(redaction=RedactionPolicy(also=(broken_policy,)))
    tracker = ExecutionTracker()
    call = a_call(tracker)
    content = with_httpx(call, "POST", backend.url, json={"seed": 7}, capture=capture)
    assert content == b'{"ok": true}'
    assert set(tracker.troubles.counts) == {"capture"}


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe{}", b"\x00" * 9, b"{" * 100_000, b'{"a":"\xff"}', b"--x\r\n\r\n", b"--x\r\n--x--", b"[1," * 900]
)
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "multipart/form-data; boundary=x", "multipart/mixed", "", "nonsense", "text/plain"],
)
def test_no_body_is_too_odd(raw, content_type):
    body, facts = read_body(raw, content_type, Redaction())
    assert facts["bytes"] == len(raw)
    assert body is not None


def test_an_answer_that_promises_gzip_and_is_none_reaches_the_caller_as_ever(backend):
    backend.replies(Reply(200, (("content-type", "application/json"), ("content-encoding", "gzip")), b"no gzip"))

    def pipeline(call):
        with pytest.raises(httpx.DecodingError):
            with_httpx(call, "POST", backend.url, json={})

    assert span_of(pipeline).response["status"] == 200


def test_a_call_that_has_ended_still_carries_its_clients_requests(backend):
    call = a_call()
    client = httpx.Client(transport=call.transport())
    call.end()
    assert client.post(backend.url, json={}).json() == {"ok": True}


def test_importing_the_tracker_imports_no_http_client():
    import subprocess
    import sys

    code = (
        "import sys, otel_tracking; print({'httpx', 'requests', 'otel_tracking.secrets.redaction'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize("stranger", [object(), "http://", 7, httpx.Limits()])
def test_what_is_no_transport_comes_back_unharmed_and_is_told_once(stranger, caplog):
    tracker = ExecutionTracker()
    call = a_call(tracker)
    assert call.transport(stranger) is stranger
    assert call.adapter(stranger) is stranger
    assert tracker.troubles.counts == {"capture": 2}
    assert len(caplog.records) == 1


class Shaped:
    """A transport of nobody's library, with a request and an answer of its own."""

    def handle_request(self, request):
        return ("answered", request)

    async def handle_async_request(self, request):
        return ("answered", request)


@pytest.mark.parametrize("request_of_theirs", [object(), None, "GET /", requests.Request("GET", "http://localhost/")])
def test_a_request_of_an_unknown_class_is_sent_as_it_is(request_of_theirs, caplog):
    tracker = ExecutionTracker()
    transport = a_call(tracker).transport(Shaped())
    for _ in range(3):
        assert transport.handle_request(request_of_theirs) == ("answered", request_of_theirs)
    assert asyncio.run(transport.handle_async_request(request_of_theirs)) == ("answered", request_of_theirs)
    assert tracker.troubles.counts == {"capture": 4}
    assert len(caplog.records) == 1


def test_an_answer_of_an_unknown_class_is_handed_on_as_it_is():
    answer = object()
    transport = a_call().transport(Inner(answer))
    assert transport.handle_request(httpx.Request("GET", "http://localhost/")) is answer


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_one_transport_serves_sync_and_async_clients_of_both_libraries(library, backend):
    transport = a_call().transport()
    with library.Client(transport=transport) as client:
        assert client.post(backend.url, json={}).json() == {"ok": True}

    async def fetch():
        async with library.AsyncClient(transport=a_call().transport()) as client:
            return (await client.post(backend.url, content=pieces())).json()

    async def pieces():
        yield b"{"
        yield b"}"

    assert asyncio.run(fetch()) == {"ok": True}
    assert backend.last.body == b"{}"


class Odd(httpx.Request):
    """A request that somebody made their own."""

    __slots__ = ("more",)


def test_a_request_of_ones_own_class_stays_of_that_class():
    seen = []

    class Keeping(httpx.BaseTransport):
        def handle_request(self, request):
            seen.append(request)
            return httpx.Response(200)

    request = Odd("POST", "http://localhost/", json={"seed": 7})
    assert a_call().transport(Keeping()).handle_request(request).status_code == 200
    assert type(seen[0]) is Odd
    assert seen[0].read() == request.read()
