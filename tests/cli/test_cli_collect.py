"""`otel-tracking collect`: another process's runs become records, and Ctrl-C loses nothing."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_stage import call, three_hops
from looking_again import a_moment
from ports import a_kept_port

from collectors import start_recording
from collectors.testing import RememberingSink
from exporters import read_records
from otel_tracking import canonical

sys.path.append(str(Path(__file__).parents[1] / "collectors"))

from otlp_stage import trace_server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def collect(tmp_path):
    """A function that starts the command and gives its process and address; what still runs afterwards is ended."""
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "devserver.cli",
                "collect",
                "--port",
                "0",
                "--data",
                str(tmp_path / "data"),
                *arguments,
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT), "DEVSERVER_COLLECT_TOKEN": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        line = process.stderr.readline().decode()
        return process, re.search(r"http://\S+?:\d+", line)[0]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def port():
    """A port that a command can come back to."""
    with a_kept_port() as port:
        yield str(port)


def send(address, *pipelines):
    """Run pipelines that send everything to `address`; gives their own records."""
    sink = RememberingSink()
    with start_recording([sink], journal=False, otlp_endpoint=address, otlp_content="full") as recording:
        for pipeline in pipelines:
            with recording.tracker().execution("stillepost", user_id="u1") as run:
                pipeline(run)
        assert recording.flush(timeout=30)
    assert recording.health()["otlp"]["failed"] == recording.health()["otlp"]["dropped"] == 0
    return sink.latest()


def text_of(record):
    return canonical.dumps({**record.to_dict(), "finish_reason": None})


def stop(process):
    process.send_signal(signal.SIGINT)
    told, complained = process.communicate(timeout=60)
    assert b"Traceback" not in complained
    return told.decode(), process.returncode


def test_runs_of_another_process_are_stored_as_that_process_has_them(collect, tmp_path):
    """Read from the dataset afterwards, they have the same canonical text; the command says how many there were."""
    process, address = collect("--json")
    sent = send(address, three_hops, three_hops)
    told, code = stop(process)

    assert code == 0
    health = json.loads(told)
    assert (health["records"], health["open_runs"], health["waiting"], health["rejected_spans"]) == (2, 0, 0, 0)
    stored = {record.trace_id: record for record in read_records(tmp_path / "data")}
    assert {trace_id: text_of(record) for trace_id, record in stored.items()} == {
        trace_id: text_of(record) for trace_id, record in sent.items()
    }


def test_a_run_that_is_not_whole_at_the_end_is_finished_at_the_next_start(collect, tmp_path, port):
    """Its spans wait on disk; nothing is written before it is whole."""
    process, address = collect("--port", port)
    recording = start_recording([RememberingSink()], journal=False, otlp_endpoint=address, otlp_content="full")
    run = recording.tracker().execution("stillepost")
    with run.stage(2) as stage:
        stage.item("interception_final", content="first half")
    recording.provider.force_flush(60_000)
    while not list((tmp_path / "data" / "collect").glob("*.otlp")):
        a_moment()
    told, code = stop(process)
    assert (code, told) == (0, "1 request: 0 records stored, 1 run kept for the next start\n")
    assert not list(read_records(tmp_path / "data"))

    process, _ = collect("--port", port)
    run.end()
    recording.close()
    told, code = stop(process)
    [record] = read_records(tmp_path / "data")
    assert (code, record.trace_id, record.dropped, len(record.spans)) == (0, run.trace_id, 0, 2)
    assert not list((tmp_path / "data" / "collect").glob("*.otlp"))


def test_other_machines_are_let_in_with_a_token_only(tmp_path, monkeypatch):
    """The refusal says which variable to set."""
    monkeypatch.delenv("DEVSERVER_COLLECT_TOKEN", raising=False)
    result = call("collect", "--host", "0.0.0.0", data=tmp_path)
    assert result.exit_code == 2
    assert "DEVSERVER_COLLECT_TOKEN" in result.stderr


@pytest.mark.parametrize("token", ["x", "fifteen-letters", "äöü-äöü-äöü-äöü-äöü", "two words 0123456789"])
def test_a_token_that_could_be_guessed_is_refused_with_how_to_make_one(tmp_path, monkeypatch, token):
    """Before anything is listened to; the token itself is not repeated."""
    monkeypatch.setenv("DEVSERVER_COLLECT_TOKEN", token)
    result = call("collect", "--host", "0.0.0.0", data=tmp_path)
    assert result.exit_code == 2
    assert "DEVSERVER_COLLECT_TOKEN is too short or too odd" in result.stderr
    assert "secrets.token_urlsafe(24)" in result.stderr
    assert len(token) < 3 or token not in result.stderr


def test_two_commands_do_not_collect_into_one_data_directory(collect, tmp_path):
    """The second says so in one sentence."""
    collect()
    result = call("collect", "--port", "0", data=tmp_path / "data")
    assert result.exit_code == 1
    assert "another process collects into" in result.stderr


def test_an_address_that_is_taken_is_refused_in_one_sentence(collect, tmp_path):
    """With what would work."""
    _, address = collect()
    result = call("collect", "--port", address.rpartition(":")[2], data=tmp_path / "other")
    assert result.exit_code == 1
    assert "another port would work" in result.stderr


def forged(record):
    """A new root of a run that is known by its trace id."""
    counts = [{"key": f"devserver.{name}", "value": {"intValue": "1"}} for name in ("span_count", "item_count")]
    said = {"sequence_number": 1, "timestamp_ns": 1, "item_type": "pipeline_start", "media_type": "metadata"}
    payload = {"key": "devserver.payload", "value": {"stringValue": json.dumps(said)}}
    start = str(int(record.timestamp.timestamp()) * 10**9)
    times = {"startTimeUnixNano": start, "endTimeUnixNano": start}
    ids = {"traceId": record.trace_id, "spanId": "00000000000000f1"}
    span = {**ids, **times, "name": "execution", "attributes": counts, "events": [{"attributes": [payload]}]}
    scope = {"scope": {"name": "otel_tracking"}, "spans": [span]}
    return {"resourceSpans": [{"scopeSpans": [scope]}]}


def test_what_is_set_aside_is_listed_and_taken_once_more(collect, tmp_path):
    """While the collector is at work, and afterwards; for what still cannot be taken the code is 1."""
    import requests

    process, address = collect()
    [record] = send(address, three_hops).values()
    data = tmp_path / "data"
    while not list(read_records(data)):
        a_moment()
    answer = requests.post(f"{address}/v1/traces", json=forged(record), timeout=30)
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"

    [listed] = json.loads(call("collect", "--quarantine", "--json", data=data).stdout)
    assert (listed["trace_id"], listed["sender"], listed["spans"]) == (record.trace_id, "127.0.0.1", 1)
    assert "second root" in listed["reason"]
    told, _ = stop(process)
    assert "1 set aside" in told

    assert listed["id"] in call("collect", "--quarantine", data=data).stdout
    again = call("collect", "--retry", listed["id"], data=data)
    assert (again.exit_code, again.stdout) == (1, "1 trace taken once more, 1 set aside again\n")
    assert call("collect", "--retry", "nothing", data=data).exit_code == 2
    assert [text_of(one) for one in read_records(data)] == [text_of(record)]


def test_a_run_that_was_set_aside_is_stored_once_its_fault_is_mended(tmp_path):
    """From the requests that were kept of it, byte for byte."""
    from collectors.receiving.quarantine import Quarantine, RequestBody

    with trace_server() as server:
        [record] = send(server.endpoint, three_hops).values()
    (tmp_path / "data" / "collect").mkdir(parents=True)
    quarantine = Quarantine(tmp_path / "data" / "collect" / "quarantine")
    requests = [RequestBody(b"P", body) for body in server.bodies]
    quarantine.put(int(record.trace_id, 16), "a fault that is mended", "anna", requests, spans=5, is_whole=True)

    result = call("collect", "--retry", "all", data=tmp_path / "data")
    assert (result.exit_code, result.stdout) == (0, "1 trace taken once more, 0 set aside again\n")
    assert [text_of(one) for one in read_records(tmp_path / "data")] == [text_of(record)]
    assert call("collect", "--quarantine", data=tmp_path / "data").stdout == "Nothing is set aside.\n"
