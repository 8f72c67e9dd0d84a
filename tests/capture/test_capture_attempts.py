"""Retries, redirects and polling are visible: the call speaks of the last attempt, each other one has its own span."""

import threading

import httpx
import pytest
import requests
from capture_stage import every_client, span_of, spans_of, with_httpx, with_requests
from servers import Reply, json_reply
from urllib3.util.retry import Retry

LOADING = Reply(503, (("content-type", "application/json"),), b'{"error": "loading"}')


def test_a_repeated_request_moves_the_failed_attempt_to_a_span_of_its_own(backend):
    backend.replies(LOADING, json_reply({"response": "second"}))

    def pipeline(call):
        with httpx.Client(transport=call.transport()) as client:
            while client.post(backend.url, json={"seed": 7}).status_code != 200:
                pass

    call, failed = spans_of(pipeline)
    assert (call.response["status"], call.response["body"], call.response["attempts"]) == (
        200,
        {"response": "second"},
        2,
    )
    assert (call.passed["attempt"], call.passed["body"]) == (2, {"seed": 7})
    assert (failed.response["status"], failed.passed["attempt"], failed.passed["body"]) == (503, 1, {"seed": 7})
    assert (failed.name, failed.parent_span_id, failed.status) == ("POST", call.span_id, "error")
    assert failed.error["error_type"] == "503"
    assert failed.timestamp >= call.timestamp
    assert failed.execution_time <= call.execution_time


def test_a_redirect_is_a_span_and_the_call_speaks_of_where_it_led(backend):
    backend.replies(Reply(307, (("location", "/elsewhere"),), b""), json_reply({"response": "here"}))
    with_redirects = lambda call: with_httpx(call, "POST", backend.url, json={"a": 1}, follow_redirects=True)  # noqa: E731
    call, first = spans_of(with_redirects)
    assert call.passed["url"].endswith("/elsewhere")
    assert (call.passed["body"], call.response["body"]) == ({"a": 1}, {"response": "here"})
    assert (first.response["status"], first.response["headers"]["location"]) == (307, "/elsewhere")


def test_requests_follows_a_redirect_to_a_get(backend):
    backend.replies(Reply(303, (("location", "/result"),), b""), json_reply({"response": "here"}))
    call, first = spans_of(lambda call: with_requests(call, "POST", backend.url, json={"a": 1}))
    assert (call.passed["method"], call.response["status"]) == ("GET", 200)
    assert (first.passed["method"], first.passed["body"], first.response["status"]) == ("POST", {"a": 1}, 303)


def test_asking_whether_the_result_is_ready_leaves_the_submitted_graph_on_the_call(backend):
    backend.answer = lambda request: json_reply({"prompt_id": "p"} if request.method == "POST" else {"ready": True})

    def pipeline(call):
        with httpx.Client(transport=call.transport()) as client:
            client.post(backend.url + "/prompt", json={"prompt": {"3": {"class_type": "KSampler"}}})
            for _ in range(3):
                client.get(backend.url + "/history/p")

    call, *polls = spans_of(pipeline)
    assert call.passed["body"] == {"prompt": {"3": {"class_type": "KSampler"}}}
    assert call.response["body"] == {"prompt_id": "p"}
    assert [(poll.name, poll.passed["attempt"], poll.response["body"]) for poll in polls] == [
        ("GET", number, {"ready": True}) for number in (2, 3, 4)
    ]


def test_requests_of_several_threads_on_one_call_are_all_there(backend):
    def pipeline(call):
        client = httpx.Client(transport=call.transport())
        threads = [
            threading.Thread(target=client.post, args=(backend.url,), kwargs={"json": {"number": number}})
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    spans = spans_of(pipeline)
    assert sorted(span.passed["body"]["number"] for span in spans) == list(range(8))
    assert all(span.response["status"] == 200 for span in spans)
    assert sorted(span.passed["attempt"] for span in spans) == list(range(1, 9))


@every_client
def test_a_refused_connection_is_the_callers_exception_and_leaves_what_was_sent(fetch):
    caught = []

    def pipeline(call):
        with pytest.raises((httpx.ConnectError, requests.ConnectionError)) as error:
            fetch(call, "POST", "http://127.0.0.1:9", json={"seed": 7})
        caught.append(error.value)

    span = span_of(pipeline)
    assert span.passed["body"] == {"seed": 7}
    assert span.response["error"]["error_type"] == type(caught[0]).__name__
    assert span.response["complete"] is False
    assert "status" not in span.response


@every_client
def test_an_answer_that_breaks_off_is_the_callers_exception_and_keeps_what_came(fetch, backend):
    backend.replies(Reply(200, (("content-type", "text/plain"),), b"the beginning", breaks_off=True))

    def pipeline(call):
        with pytest.raises((httpx.RemoteProtocolError, requests.exceptions.ChunkedEncodingError)):
            fetch(call, "POST", backend.url, json={})

    response = span_of(pipeline).response
    assert (response["status"], response["complete"]) == (200, False)
    # urllib3 gives nothing of a broken answer to its caller.
    assert response["body"] == (None if fetch is with_requests else "the beginning")
    assert response["error"]["error_type"]


def test_a_timeout_is_the_callers_exception(backend):
    gate = threading.Event()
    backend.replies(Reply(gate=gate))

    def pipeline(call):
        with pytest.raises(httpx.ReadTimeout):
            with_httpx(call, "POST", backend.url, json={}, extensions={"timeout": {"read": 0.05}})
        with pytest.raises(requests.Timeout):
            session = requests.Session()
            session.mount("http://", call.adapter())
            session.post(backend.url, json={}, timeout=0.05)

    try:
        second, first = spans_of(pipeline)
    finally:
        gate.set()
    assert second.response["error"]["error_type"] == "ReadTimeout"
    assert first.error["error_type"] == "ReadTimeout"


def test_an_inner_adapter_that_retries_by_itself_keeps_doing_so(backend):
    backend.replies(LOADING, json_reply({"response": "second"}))
    inner = requests.adapters.HTTPAdapter(max_retries=Retry(2, status_forcelist=[503], allowed_methods=None))

    def pipeline(call):
        session = requests.Session()
        session.mount("http://", call.adapter(inner))
        assert session.post(backend.url, json={}).json() == {"response": "second"}

    span = span_of(pipeline)
    assert len(backend.received) == 2
    assert span.response["transport_retries"] == [503]
