"""The table of `docs/adopting.md`: after one line, each client × what is recorded of it, on real sockets."""

import gzip
import json
import threading

import pytest
from builders import record_of
from capture_stage import span_of, spans_of
from plain_clients import PLAIN_CLIENTS, with_a_session, with_bare_requests, with_plain_httpx, with_urllib3
from servers import Reply, json_reply

from otel_tracking import ItemType, capture
from otel_tracking.capture import CapturingTransport, exact_body
from tests.model_servers import a_closed_address

SENT = {"model": "mistral-nemo", "prompt": "Eine Blume auf der Wiese, 花", "seed": 7}
EVENTS = [f'data: {{"choices": [{{"index": 0, "delta": {{"content": "{word}"}}}}]}}\n\n' for word in ("Eine ", "Blume")]

every_client = pytest.mark.parametrize("fetch", PLAIN_CLIENTS.values(), ids=PLAIN_CLIENTS)


@pytest.fixture(autouse=True)
def _installed():
    capture.install()
    yield
    capture.uninstall()


@every_client
def test_what_left_and_what_came_is_recorded(fetch, backend):
    """Method, address, body to the byte, answer; and the trace is told as it left."""
    heard = []
    span = span_of(lambda call: heard.append(fetch(f"{backend.url}/api?x=1", SENT, False)))
    [request] = backend.received
    assert heard == [b'{"ok": true}']
    assert (span.passed["method"], span.passed["url"]) == ("POST", f"{backend.url}/api?x=1")
    assert exact_body(span.passed["body"], span.passed["body_facts"]) == request.body
    assert span.passed["headers"]["content-type"] == "application/json"
    assert request.header("traceparent").split("-")[2] == span.span_id
    assert (span.response["status"], span.response["body"], span.response["complete"]) == (200, {"ok": True}, True)
    assert "not_captured" not in (span.facts or {})


@every_client
def test_a_streamed_answer_is_put_together(fetch, backend):
    chunks = [event.encode() for event in [*EVENTS, "data: [DONE]\n\n"]]
    backend.answer = lambda request: Reply(headers=(("content-type", "text/event-stream"),), chunks=chunks)
    span = span_of(lambda call: fetch(backend.url, SENT, True))
    assert span.response["body"]["choices"][0]["message"]["content"] == "Eine Blume"
    assert span.response["complete"] is True
    assert span.response["time_to_first_chunk"] > 0


@every_client
def test_a_packed_answer_is_unpacked_once(fetch, backend):
    packed = Reply(
        headers=(("content-type", "application/json"), ("content-encoding", "gzip")), body=gzip.compress(b'{"ok": 7}')
    )
    backend.replies(packed)
    assert span_of(lambda call: fetch(backend.url, SENT, False)).response["body"] == {"ok": 7}


@every_client
def test_an_answer_of_failure_is_recorded(fetch, backend):
    backend.replies(json_reply({"error": "no such model"}, 404))
    span = span_of(lambda call: fetch(backend.url, SENT, False))
    assert (span.response["status"], span.response["body"]) == (404, {"error": "no such model"})


@every_client
def test_what_nobody_answered_is_recorded(fetch):
    def pipeline(call):
        with pytest.raises((OSError, Exception)):
            fetch(a_closed_address(), SENT, False)

    span = spans_of(pipeline)[0]
    # aiohttp says what was written, which is nothing.
    assert span.passed["body"] == SENT or span.passed["complete"] is False
    assert span.response["error"]["error_type"]
    assert span.response["complete"] is False


@every_client
def test_a_second_request_of_a_call_is_an_attempt_of_its_own(fetch, backend):
    backend.replies(json_reply({"busy": True}, 503), json_reply({"ok": True}))

    def pipeline(call):
        fetch(backend.url, SENT, False)
        fetch(backend.url, SENT, False)

    second, first = spans_of(pipeline)
    assert (first.response["status"], second.response["status"]) == (503, 200)


@every_client
def test_nothing_is_recorded_outside_of_calls_or_after_uninstalling(fetch, backend):
    def pipeline(call):
        capture.uninstall()
        fetch(backend.url, SENT, False)

    fetch(backend.url, SENT, False)
    assert span_of(pipeline).passed is None


@every_client
def test_installing_twice_records_once(fetch, backend):
    capture.install()
    assert len(spans_of(lambda call: fetch(backend.url, SENT, False))) == 1


def test_who_hands_a_transport_over_is_recorded_once(backend):
    import httpx

    def pipeline(call):
        with httpx.Client(transport=call.transport()) as client:
            client.post(backend.url, json=SENT)
        with call.current(), httpx.Client(transport=CapturingTransport()) as client:
            client.post(backend.url, json=SENT)

    assert len(spans_of(pipeline)) == 2


def test_a_request_that_is_redirected_is_two(backend):
    for fetch in (with_bare_requests, with_urllib3, PLAIN_CLIENTS["aiohttp"], PLAIN_CLIENTS["urllib"]):
        moved = Reply(307 if fetch is not PLAIN_CLIENTS["urllib"] else 302, (("location", "/there"),), b"")
        backend.replies(moved, json_reply({"ok": True}))
        last, first = spans_of(lambda call, fetch=fetch: fetch(f"{backend.url}/here", SENT, False))
        assert [span.passed["url"].rpartition("/")[2] for span in (first, last)] == ["here", "there"]
        assert [span.response["status"] for span in (first, last)] == [moved.status, 200]


def test_a_body_that_is_sent_in_pieces_is_recorded_as_it_left(backend):
    import io

    import requests
    import urllib3

    def pieces():
        yield b'{"prompt": '
        yield b'"Blume"}'

    ways = {
        "requests": lambda: requests.post(backend.url, data=pieces(), headers={"content-type": "application/json"}),
        "a file": lambda: requests.post(
            backend.url, data=io.BytesIO(b'{"prompt": "Blume"}'), headers={"content-type": "application/json"}
        ),
        "urllib3": lambda: urllib3.PoolManager().request(
            "POST", backend.url, body=pieces(), headers={"content-type": "application/json"}
        ),
    }
    for way in ways.values():
        assert span_of(lambda call, way=way: way()).passed["body"] == {"prompt": "Blume"}


@pytest.mark.parametrize("fetch", [with_bare_requests, with_plain_httpx(__import__("httpx")), with_a_session])
def test_helper_threads_work_for_the_call(fetch, backend):
    """Also where the call's block is a generator's, which other threads do not run."""
    from concurrent.futures import ThreadPoolExecutor

    def in_a_thread(call):
        thread = threading.Thread(target=fetch, args=(backend.url, SENT, False))
        thread.start()
        thread.join()

    def in_a_pool(call):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(fetch, backend.url, SENT, False).result()

    for pipeline in (in_a_thread, in_a_pool):
        assert span_of(pipeline).passed["body"] == SENT


def test_a_client_that_is_not_recorded_is_said(backend):
    """`passed` is null, and why is said."""
    import http.client

    def pipeline(call):
        connection = http.client.HTTPConnection(backend.url.removeprefix("http://"))
        connection.request("POST", "/", json.dumps(SENT))
        connection.getresponse().read()
        connection.close()

    span = span_of(pipeline)
    assert span.passed is None
    address = backend.url.removeprefix("http://")
    said = f"{__name__} opened a connection to {address}, with a client that is not recorded"
    assert span.facts["not_captured"] == [said]


def calls_in(pipeline):
    """The calls of a run whose orchestrator opens no call at all."""
    record = record_of(pipeline)
    assert record.status == "completed"
    return [span for span in record.spans if span.kind == "client"]


@every_client
def test_a_request_in_a_run_and_in_no_call_gets_a_call_of_its_own(fetch, backend):
    """One line, and the run."""

    def pipeline(run):
        fetch(backend.url, SENT, False)
        with run.stage(2) as stage, stage.iteration(1):
            in_a_thread = threading.Thread(target=fetch, args=(backend.url, SENT, False))
            in_a_thread.start()
            in_a_thread.join()

    first, second = calls_in(pipeline)
    address = backend.url.removeprefix("http://")
    for span in (first, second):
        assert (span.backend_used, span.passed["body"], span.response["body"]) == (address, SENT, {"ok": True})
    assert (first.stage, second.stage, second.stage_iteration) == (0, 2, 1)


def test_a_call_of_its_own_ends_with_the_answer_or_with_the_run(backend):
    import requests

    answers = []
    backend.answer = lambda request: json_reply({"error": "busy"}, 503)
    failed, unread = calls_in(
        lambda run: [
            answers.append(requests.post(backend.url, json=SENT)),
            answers.append(requests.post(backend.url, json=SENT, stream=True)),
        ]
    )
    assert (failed.status, failed.response["status"]) == ("error", 503)
    assert (unread.response["complete"], unread.execution_time is not None) == (False, True)


def test_items_behind_a_call_of_its_own_know_what_made_them(backend):
    def pipeline(run):
        with run.stage(2) as stage:
            with_bare_requests(backend.url, SENT, False)
            stage.item(ItemType.INTERCEPTION_FINAL, content="Eine Blume!")

    record = record_of(pipeline)
    [call] = [span for span in record.spans if span.kind == "client"]
    [item] = record.items_of(ItemType.INTERCEPTION_FINAL)
    assert (item.attempt, item.backend_used) == (call.span_id, backend.url.removeprefix("http://"))


def test_headers_that_have_a_name_twice_leave_twice(backend):
    import urllib3

    headers = urllib3.HTTPHeaderDict([("x-kind", "one"), ("x-kind", "two")])

    def pipeline(call):
        urllib3.PoolManager().request("POST", backend.url, body=b"{}", headers=headers)

    span = span_of(pipeline)
    assert [value for name, value in backend.last.headers if name == "x-kind"] == ["one", "two"]
    assert "traceparent" in span.passed["headers"]
    assert "traceparent" not in headers
