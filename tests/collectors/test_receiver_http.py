"""Requests are answered as OTLP/HTTP wants it, and with 200 only when their spans are safe."""

import gzip
import json
import zlib

import pytest
from google.rpc.status_pb2 import Status as RpcStatus
from looking_again import a_moment
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from otlp_stage import trace_server
from receiver_stage import body_of, collecting, post, receiving, spans_of_runs, text_of
from sources import KeepSpans
from wire import otlp_json

from collectors import start_recording
from collectors.listening import Head
from collectors.receiving import TraceReceiver
from collectors.receiving.http import LARGEST_BODY, Refused, unpack
from collectors.testing import RememberingSink, WaitingSink
from otel_tracking import ItemType

TOKEN = "sender-0123456789abcdef"


def zipped(data):
    """Packed with no time of packing: a test's name holds its bytes, and is the same in every process."""
    return gzip.compress(data, mtime=0)


@pytest.fixture
def address(sink, tmp_path):
    with collecting([sink], tmp_path / "spool") as collector, receiving(collector) as address:
        yield address


def test_protobuf_and_json_are_taken_and_answered_in_kind(sink, tmp_path):
    """Zipped or not; the records are those of the sender."""
    [first, second], records = spans_of_runs(2)
    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        packed = post(address, zipped(body_of(first)), Content_Encoding="gzip")
        plain = post(address, json.dumps(otlp_json(second)).encode(), "application/json; charset=utf-8")

    assert (packed.status_code, packed.content) == (200, ExportTraceServiceResponse().SerializeToString())
    assert (plain.status_code, plain.json()) == (200, {})
    assert plain.headers["Content-Type"] == "application/json"
    assert {trace_id: text_of(record) for trace_id, record in sink.latest().items()} == {
        trace_id: text_of(record) for trace_id, record in records.items()
    }


@pytest.mark.parametrize(
    ("body", "content_type", "headers", "status", "code"),
    [
        (b"\xff\xff\xff", "application/x-protobuf", {}, 400, 3),
        (b"{", "application/json", {}, 400, 3),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":5}]}]}', "application/json", {}, 400, 3),
        (b"not gzip", "application/x-protobuf", {"Content_Encoding": "gzip"}, 400, 3),
        (zipped(b"x" * 999)[:-9], "application/json", {"Content_Encoding": "gzip"}, 400, 3),
        (b"", "application/x-protobuf", {"Content_Encoding": "br"}, 415, 3),
        (b"", "text/plain", {}, 415, 3),
    ],
)
def test_what_cannot_be_taken_is_refused_in_its_own_encoding(address, body, content_type, headers, status, code):
    """With a `google.rpc.Status` that says what would have worked, and none of what came."""
    answer = post(address, body, content_type, **headers)

    assert answer.status_code == status
    if content_type == "application/json":
        assert answer.json()["code"] == code
        assert answer.json()["message"]
    else:
        told = RpcStatus.FromString(answer.content)
        assert (told.code, bool(told.message)) == (code, True)


def test_other_paths_and_methods_are_not_there(address):
    """404, and 405 with the method that is."""
    import requests

    assert requests.post(f"{address}/v1/metrics", timeout=30).status_code == 404
    answer = requests.get(f"{address}/v1/traces", timeout=30)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_what_is_too_large_is_refused_before_it_is_read(address):
    """By its length alone."""
    import http.client

    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    connection.putrequest("POST", "/v1/traces")
    connection.putheader("Content-Type", "application/x-protobuf")
    connection.putheader("Content-Length", str(LARGEST_BODY + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_small_request_that_unpacks_to_a_large_one_is_refused():
    """Unpacking stops at the limit."""
    bomb = zlib.compress(b"\0" * 1_000_000)
    with pytest.raises(Refused) as refused:
        unpack(bomb, "deflate", largest=1_000)
    assert refused.value.status == 413
    assert unpack(bomb, "deflate", largest=1_000_000).body == b"\0" * 1_000_000


def test_spans_that_are_not_ours_are_not_taken_and_counted(sink, tmp_path):
    """The rest of their request is: partial success."""
    kept = KeepSpans()
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(kept)
    with provider.get_tracer("flask").start_as_current_span("GET /"):
        pass
    [run], _ = spans_of_runs(1)
    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        answer = post(address, body_of([*kept.spans, *run]))
        told = post(address, json.dumps(otlp_json(kept.spans)).encode(), "application/json").json()

    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 1)
    assert told == {"partialSuccess": {"rejectedSpans": "1", "errorMessage": "1 belong to no execution"}}
    assert len(sink.records) == 1


def test_what_was_reduced_for_viewers_makes_no_record(sink, tmp_path):
    """It would be less than the truth; the answer says what to change."""
    with trace_server() as viewer:
        with (
            start_recording([RememberingSink()], journal=False, otlp_endpoint=viewer.endpoint) as recording,
            recording.tracker().execution("dada") as run,
        ):
            run.item(ItemType.USER_INPUT_TEXT, content="Eine Blume")
        [body] = viewer.bodies
    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        partial = ExportTraceServiceResponse.FromString(post(address, body).content).partial_success

    assert "otlp_content=full" in partial.error_message
    assert not sink.records


def test_a_token_opens_to_those_who_have_it(sink, tmp_path):
    """Nobody else, and nothing is said of why."""
    [run], _ = spans_of_runs(1)
    with collecting([sink], tmp_path) as collector, receiving(collector, token=TOKEN) as address:
        assert post(address, body_of(run)).status_code == 401
        assert post(address, body_of(run), Authorization="Bearer wrong").status_code == 401
        assert post(address, body_of(run), Authorization=f"Bearer {TOKEN}").status_code == 200


HOSTS = {"evil.example": 421, "127.0.0.1.nip.io:4319": 421, "localhost": 200, "127.0.0.1:1": 200, "[::1]:4319": 200}


@pytest.mark.parametrize(("host", "status"), HOSTS.items())
def test_a_request_for_another_name_is_not_taken(address, host, status):
    """A page whose name was made to lead to this machine (DNS rebinding) asks for its own name."""
    assert post(address, b"", Host=host).status_code == status


def test_other_names_can_be_given(sink, tmp_path):
    """Those of a proxy, for example."""
    with collecting([sink], tmp_path) as collector:
        receiver = TraceReceiver(collector, token=TOKEN, host="0.0.0.0", hostnames=("traces.example",))
        known = [
            receiver.gate(Head("POST", "/v1/traces", {"AUTHORIZATION": f"Bearer {TOKEN}", "HOST": host}))
            for host in ("traces.example:443", "192.0.2.7", "evil.example")
        ]
    assert [bool(leave.largest_body) for leave in known] == [True, True, False]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}])
def test_no_page_of_a_browser_can_send_traces(address, headers):
    """Not even one that the browser would let send without asking first."""
    assert post(address, b"", **headers).status_code == 403


def test_it_says_how_it_does(sink, tmp_path):
    """`/healthz` to everybody, `/metrics` to those who have the token."""
    import requests

    [run], _ = spans_of_runs(1)
    with collecting([sink], tmp_path) as collector, receiving(collector, token=TOKEN) as address:
        assert post(address, body_of(run), Authorization=f"Bearer {TOKEN}").status_code == 200
        well = requests.get(f"{address}/healthz", timeout=30)
        assert (well.status_code, well.text) == (200, "ok\n")
        assert requests.get(f"{address}/metrics", timeout=30).status_code == 401
        assert requests.post(f"{address}/healthz", timeout=30).status_code == 405
        told = requests.get(f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    assert "otel_tracking_collect_requests_total 1.0" in told.text
    assert "otel_tracking_collect_sink_pending" in told.text


def test_while_sinks_are_behind_senders_are_told_to_come_again(tmp_path):
    """503 with `Retry-After`; nothing is lost, and what was taken before is written."""
    sink = WaitingSink()
    runs, records = spans_of_runs(2)
    with collecting([sink], tmp_path, most_waiting=1) as collector, receiving(collector) as address:
        assert post(address, body_of(runs[0])).status_code == 200
        assert sink.entered.wait(60)
        answer = post(address, body_of(runs[1]))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert RpcStatus.FromString(answer.content).code == 14
        sink.release()
        while post(address, body_of(runs[1])).status_code == 503:
            a_moment()
    assert sink.latest().keys() == records.keys()


def test_where_nothing_can_be_kept_nothing_is_taken(sink, tmp_path):
    """A full disk is no reason to answer 200."""
    [run], _ = spans_of_runs(1)
    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        collector._spool._most_bytes = 10
        answer = post(address, body_of(run))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert not sink.records


MEMBERS = zipped(b"one ") + zipped(b"two ") + zipped(b"three")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (MEMBERS, "gzip"),
        (MEMBERS + b"\0" * 700, "x-gzip"),
        (zipped(b"") + MEMBERS + zipped(b""), "GZIP"),
        (zlib.compress(b"one two three"), "deflate"),
        (zlib.compress(b"one two three", wbits=-15), "deflate"),
    ],
)
def test_every_member_of_a_packed_body_is_unpacked(body, encoding):
    """Proxies join what was packed apart; zeros at the end are padding; `x-gzip` is an old name of gzip."""
    assert unpack(body, encoding).body == b"one two three"


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (MEMBERS + b"more", "gzip", 400),
        (MEMBERS[:-1], "gzip", 400),
        (b"", "gzip", 400),
        (b"\0" * 50, "gzip", 400),
        (zlib.compress(b"one") + b"two", "deflate", 400),
        (zipped(b"") * 2_000, "gzip", 400),
        (zipped(b"0" * 600) * 3, "gzip", 413),
        (zipped(b"one"), "deflate", 400),
    ],
)
def test_what_follows_a_packed_body_or_is_missing_from_it_is_not_passed_over(body, encoding, status):
    """An answer of 200 means all of it; the limit holds for all members together, and there are not endlessly many."""
    with pytest.raises(Refused) as refused:
        unpack(body, encoding, largest=1_000)
    assert refused.value.status == status


def test_spans_of_every_member_become_records(sink, tmp_path):
    """Two members of one request: the second half of its spans is there too."""
    [run], records = spans_of_runs(1)
    body = body_of(run)
    packed = zipped(body[: len(body) // 2]) + zipped(body[len(body) // 2 :])
    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        assert post(address, packed, Content_Encoding="x-gzip").status_code == 200
    assert {trace_id: text_of(record) for trace_id, record in sink.latest().items()} == {
        trace_id: text_of(record) for trace_id, record in records.items()
    }
