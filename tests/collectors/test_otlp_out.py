"""Traces are sent to viewers on the side: whatever their server does, records and pipeline do not notice."""

from importlib.metadata import version

import pytest
from children import run_python
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_stage import attributes_of, trace_server
from wire import read_protobuf

from collectors import start_recording
from collectors.spans.of_otlp import batches_of_protobuf
from collectors.testing import RememberingSink
from collectors.viewers.queue import BATCH_SPANS, MOST_SPANS, SpanQueue
from collectors.viewers.settings import NotSent, OtlpSettings, read_otlp_settings
from otel_tracking import ItemType
from otel_tracking.errors import RecordingError


def log_a_run(recording, hops=1):
    with recording.tracker().execution("stillepost", session_id="s1") as run:
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content="Eine Blume")
        with run.stage(2) as stage:
            for number in range(1, hops + 1):
                with stage.iteration(number) as iteration:
                    iteration.item(ItemType.INTERCEPTION_ITERATION, content="A flower", input_text="Eine Blume")
    return run


def test_every_span_of_a_run_is_sent_with_its_items(sink):
    """Protobuf over HTTP, zipped, to `/v1/traces`, and health counts what was taken."""
    with trace_server() as server:
        with start_recording([sink], journal=False, otlp_endpoint=server.endpoint) as recording:
            log_a_run(recording)
        health = recording.health()["otlp"]

    names = [span["name"] for span in server.spans()]
    assert sorted(names) == ["execution", "iteration", "stage.interception", "stage.translation_safety"]
    assert server.headers[0]["path"] == "/v1/traces"
    assert server.headers[0]["Content-Encoding"] == "gzip"
    assert {name: health[name] for name in ("sent", "failed", "dropped", "waiting")} == {
        "sent": 4,
        "failed": 0,
        "dropped": 0,
        "waiting": 0,
    }


def test_spans_say_whose_they_are_and_which_version_made_them(sink, monkeypatch):
    """Resource: OpenTelemetry's variables, and before them what was handed in; the scope has our version."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.version=0.9,deployment.environment.name=school")
    with trace_server() as server:
        with start_recording(
            [sink], journal=False, otlp_endpoint=server.endpoint, resource_attributes={"service.version": "2.1"}
        ) as recording:
            log_a_run(recording)
            assert recording.provider.force_flush()
        [batch] = batches_of_protobuf(server.bodies[0])

    assert batch.resource["service.version"] == "2.1"
    assert batch.resource["deployment.environment.name"] == "school"
    assert batch.resource["telemetry.sdk.version"] == version("opentelemetry-sdk")
    scopes = ExportTraceServiceRequest.FromString(server.bodies[0]).resource_spans[0].scope_spans
    assert [(one.scope.name, one.scope.version) for one in scopes] == [("otel_tracking", version("otel-tracking"))]


def test_flushing_says_whether_the_server_took_everything(sink):
    """True once it is there, without waiting for a batch to gather; False where the server refuses."""
    with (
        trace_server([200, 401]) as server,
        start_recording([sink], journal=False, otlp_endpoint=server.endpoint) as recording,
    ):
        log_a_run(recording)
        assert recording.provider.force_flush(60_000)
        assert len(server.spans()) == 4
        log_a_run(recording)
        assert not recording.provider.force_flush(60_000)


def test_a_long_run_is_sent_in_small_batches(sink):
    """At most 32 spans a request: no server's limit is met."""
    with (
        trace_server() as server,
        start_recording([sink], journal=False, otlp_endpoint=server.endpoint) as recording,
    ):
        log_a_run(recording, hops=100)
        recording.close()

    counts = [len(read_protobuf(body)) for body in server.bodies]
    assert sum(counts) == 103
    assert max(counts) == BATCH_SPANS


def test_batches_are_small_in_bytes_too():
    """Forty spans of 100 KB do not leave together."""
    queue = SpanQueue(gathering_seconds=0)
    for _ in range(40):
        queue.put(a_span(100_000))
    queue.close()

    sizes = []
    while batch := queue.take():
        sizes.append(len(batch))
    assert sum(sizes) == 40
    assert max(sizes) <= 20


def test_what_waits_is_limited_and_the_rest_is_counted():
    """Beyond the limit the newest is dropped."""
    queue = SpanQueue()
    span = a_span(0)
    for _ in range(MOST_SPANS + 5):
        queue.put(span)

    assert (len(queue), queue.dropped) == (MOST_SPANS, 5)


def a_span(size):
    from opentelemetry.sdk.trace import ReadableSpan

    return ReadableSpan("span", attributes={"text": "x" * size})


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_a_server_that_refuses_costs_the_viewer_its_spans_and_nobody_else_anything(sink, status):
    """They are counted as failed; the record is whole."""
    with trace_server([status] * 50) as server:
        with start_recording([sink], journal=False, otlp_endpoint=server.endpoint) as recording:
            log_a_run(recording)
        health = recording.health()["otlp"]

    assert (health["sent"], health["failed"]) == (0, 4)
    assert health["last_error"] == "the server did not take them"
    [record] = sink.records
    assert (len(record.spans), record.dropped) == (4, 0)


def test_a_server_that_is_busy_once_is_asked_again(sink):
    """503 is no end."""
    with (
        trace_server([503]) as server,
        start_recording([sink], journal=False, otlp_endpoint=server.endpoint) as recording,
    ):
        log_a_run(recording)
        assert server.taken.wait(60)
    assert len(server.spans()) == 4


def closes_in_time(recording):
    """Whether it is closed with everything durable where there is little time; its sinks end before, however long."""
    return recording._road.close(60) and recording.close(timeout=0.2)


def test_a_dead_server_neither_fails_nor_holds_up_the_end(sink):
    """Nobody listens: the record is there, and closing keeps to its time."""
    recording = start_recording([sink], journal=False, otlp_endpoint="http://127.0.0.1:9")
    log_a_run(recording)
    assert recording.flush(timeout=60)
    assert closes_in_time(recording)
    assert len(sink.records) == 1


def test_a_server_that_never_answers_does_not_hold_up_records(sink):
    """The request hangs, the record is durable meanwhile."""
    with trace_server() as server:
        server.gate.clear()
        recording = start_recording([sink], journal=False, otlp_endpoint=server.endpoint)
        log_a_run(recording)
        assert server.asked.wait(60)
        assert recording.flush(timeout=60)
        assert closes_in_time(recording)
        assert recording.health()["otlp"]["sent"] == 0


def test_the_log_is_not_filled_with_every_attempt(sink, caplog):
    """Neither the exporter's complaints nor a server's answer get there."""
    with (
        trace_server([500] * 9) as server,
        start_recording([sink], journal=False, otlp_endpoint=server.endpoint) as recording,
    ):
        log_a_run(recording)
    assert not caplog.records


def test_full_content_holds_all_that_the_record_holds(sink):
    """Sent as spans end, with every payload, and marked as what it is."""
    with trace_server() as server:
        with (
            start_recording([sink], journal=False, otlp_endpoint=server.endpoint, otlp_content="full") as recording,
            recording.tracker().execution("dada", user_id="kim") as run,
        ):
            run.item(ItemType.STAGE1_BLOCKED, content="a name", metadata={"graph": "x" * 50_000})
        [request] = server.requests()

    resource = attributes_of(request.resource_spans[0].resource)
    assert resource["devserver.otlp_content"] == "full"
    [span] = server.spans()
    assert span["attributes"]["devserver.user_id"] == "kim"
    assert len(span["events"]["stage1_blocked"]["devserver.payload"]) > 50_000


def test_standard_variables_say_where_traces_go(sink):
    """Endpoint, headers, timeout and compression, without a word in the program."""
    with trace_server() as server:
        told = run_python(
            PROGRAM,
            OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint,
            OTEL_EXPORTER_OTLP_HEADERS="x-team=paint",
            OTEL_EXPORTER_OTLP_COMPRESSION="none",
            OTEL_EXPORTER_OTLP_TIMEOUT="5",
        )

    assert told.split() == ["1", "1"]
    [headers] = server.headers
    assert (headers["path"], headers["x-team"]) == ("/v1/traces", "paint")
    assert "Content-Encoding" not in headers


PROGRAM = """
from collectors import start_recording
from collectors.testing import RememberingSink

sink = RememberingSink()
with start_recording([sink], journal=False) as recording:
    with recording.tracker().execution("dada"):
        pass
print(len(sink.records), recording.health()["otlp"]["sent"])
"""

BASE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"}


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        (BASE, "http://collector:4318/v1/traces"),
        ({**BASE, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://other/in"}, "https://other/in"),
    ],
)
def test_an_endpoint_for_traces_goes_before_the_common_one(environment, endpoint):
    """And is taken as it is; the common one gets the path of traces."""
    assert read_otlp_settings(environment=environment) == OtlpSettings(endpoint=endpoint)


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({**BASE, "OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED is true"),
        ({**BASE, "OTEL_TRACES_EXPORTER": "none"}, "OTEL_TRACES_EXPORTER is none"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense", "OTEL_TRACES_EXPORTER": "none"}, "OTEL_TRACES_EXPORTER is none"),
        ({}, "no endpoint was given"),
    ],
)
def test_what_the_environment_switches_off_is_no_mistake(environment, reason):
    """Health says why, and no error."""
    assert read_otlp_settings(environment=environment) == NotSent(reason)
    assert NotSent(reason).health()["last_error"] is None


NO_ADDRESS = "OTEL_EXPORTER_OTLP_ENDPOINT is no http address; one such as http://localhost:4318 would work"


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (
            {**BASE, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL is grpc; http/protobuf would work",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense"}, NO_ADDRESS),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[::1"}, NO_ADDRESS),
    ],
)
def test_what_the_environment_says_wrongly_sends_nothing_and_raises_nothing(environment, reason):
    """Health says what would work."""
    settings = read_otlp_settings(environment=environment)
    assert settings == NotSent(reason, is_mistake=True)
    assert settings.health()["last_error"] == reason


def test_an_endpoint_that_was_handed_in_wrongly_is_refused_in_one_sentence():
    """Before anything runs."""
    with pytest.raises(RecordingError, match="such as http://localhost:4318"):
        start_recording([RememberingSink()], journal=False, otlp_endpoint="localhost:4318")
    with pytest.raises(RecordingError, match="viewer or full"):
        start_recording([RememberingSink()], journal=False, otlp_content="everything")


@pytest.mark.parametrize(
    ("sampler", "argument", "ratio"),
    [
        ("always_off", "", 0.0),
        ("parentbased_traceidratio", "0.25", 0.25),
        ("traceidratio", "nonsense", 1.0),
        ("nonsense", "", 1.0),
    ],
)
def test_samplers_are_honoured_for_viewers_alone(sampler, argument, ratio):
    """Research output takes everything."""
    environment = {**BASE, "OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument}
    assert read_otlp_settings(environment=environment).ratio == ratio
    assert read_otlp_settings(content="full", environment=environment).ratio == 1.0


def test_an_address_is_never_shown_with_its_password():
    """Neither in health nor in a repr."""
    settings = read_otlp_settings("http://me:secret@localhost:4318/v1/traces?key=secret")
    assert "secret" not in repr(settings)
    assert settings.address == "http://localhost:4318/v1/traces"
