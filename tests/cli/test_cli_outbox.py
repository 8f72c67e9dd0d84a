"""What waits for a research programme is shown, and sent when somebody says so."""

import os

import pytest
from cli_stage import call, call_json
from gateway import a_gateway
from outbox_stage import arrived, some_records

from collectors.building.spans_of_record import spans_of_record
from collectors.outbox.boxes import open_box
from collectors.outbox.line import ANYBODY
from collectors.outbox.refused import keep_refused
from collectors.receiving.entries import PROTOBUF
from collectors.spans.to_otlp import request_of
from devserver.errors import SettingsError
from devserver.settings import Settings
from devserver.testing import ScriptedMaker, scripted_engines

GONE = "http://127.0.0.1:9"


@pytest.fixture
def waiting(tmp_path):
    """A data directory with two requests that a dead process left, and one that was refused."""
    records = some_records(3)
    bodies = [request_of(spans_of_record(record), {}) for record in records]
    box = open_box(tmp_path / "outbox")
    for body in bodies[:2]:
        box.append(PROTOBUF, body, [ANYBODY])
    box.close()
    keep_refused(tmp_path / "outbox", bodies[2], 2**20)
    return tmp_path, records


def test_nothing_waits(tmp_path):
    assert call_json("outbox", data=tmp_path) == ({"boxes": [], "left": 0}, 0)
    assert call("outbox", data=tmp_path).stdout == "Nothing waits.\n"


def test_what_waits_is_shown_and_the_exit_code_says_that_something_does(waiting):
    data, _ = waiting
    shown = call("outbox", data=data)
    assert shown.exit_code == 1
    first, refused, last = shown.stdout.splitlines()
    assert "0: 2 requests" in first and "of a process that is gone" in first
    assert "refused: 1 request," in refused and "no server takes them" in refused
    assert last == "3 requests on disk"
    answer, code = call_json("outbox", data=data)
    assert (answer["left"], code) == (3, 1)
    assert [(box["box"], box["requests"], box["is_refused"]) for box in answer["boxes"]] == [
        ("0", 2, False),
        ("refused", 1, True),
    ]


def test_a_process_at_work_is_named(tmp_path):
    box = open_box(tmp_path / "outbox")
    assert f"process {os.getpid()} sends them" in call("outbox", data=tmp_path).stdout
    box.close()


def test_it_is_sent_now(waiting, monkeypatch):
    data, records = waiting
    with a_gateway() as gateway:
        monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", f"http://127.0.0.1:{gateway.port}")
        monkeypatch.setenv("DEVSERVER_RESEARCH_TOKEN", "a-token-of-sixteen")
        sent = call("outbox", "--retry", data=data)
    assert (sent.exit_code, sent.stdout) == (0, "3 requests sent, 0 refused\nNothing waits.\n")
    assert set(arrived(gateway.bodies)) == {record.trace_id for record in records}
    assert {asked["Authorization"] for asked in gateway.asked} == {"Bearer a-token-of-sixteen"}


def test_what_is_refused_again_stays(waiting, monkeypatch):
    data, _ = waiting
    with a_gateway((400, {}, b""), (200, {}, b""), (400, {}, b"")) as gateway:
        monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", gateway.endpoint)
        answer, code = call_json("outbox", "--retry", data=data)
    assert (answer["sent"], answer["refused"], answer["stopped"], answer["left"], code) == (1, 2, None, 2, 1)


def test_a_gateway_that_is_away_is_said_and_nothing_is_lost(waiting, monkeypatch):
    data, _ = waiting
    monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", GONE)
    tried = call("outbox", "--retry", data=data)
    assert tried.exit_code == 1
    assert "does not take records now (ConnectionError)" in tried.stderr
    assert "3 requests on disk" in tried.stdout


def test_without_an_endpoint_it_says_which_variable(waiting):
    data, _ = waiting
    tried = call("outbox", "--retry", data=data)
    assert tried.exit_code == 2
    assert "DEVSERVER_RESEARCH_ENDPOINT=" in tried.stderr


def test_a_run_is_sent(tmp_path, monkeypatch):
    with a_gateway() as gateway:
        monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", f"http://127.0.0.1:{gateway.port}")
        engines = scripted_engines(procedural_image=ScriptedMaker())
        done = call("run", "stillepost", "Eine Blume", engines=engines, data=tmp_path)
    assert done.exit_code == 0, done.stderr
    [record] = arrived(gateway.bodies).values()
    assert record.execution_id in call("list", "--json", data=tmp_path).stdout


def test_an_endpoint_that_is_not_safe_is_refused_before_a_run_begins(tmp_path, monkeypatch):
    monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", "http://gateway.example:4318")
    done = call("run", "stillepost", "Eine Blume", data=tmp_path)
    assert done.exit_code != 0
    assert "https:// would work" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEVSERVER_OUTBOX_BYTES", "4GB"),
        ("DEVSERVER_OUTBOX_BYTES", "12"),
        ("DEVSERVER_OUTBOX_BYTES", "-1"),
        ("DEVSERVER_OUTBOX_WHEN_FULL", "panic"),
    ],
)
def test_a_setting_that_cannot_be_says_what_would_work(name, value):
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(environment={name: value})


def test_the_settings_are_read_and_no_token_is_shown():
    settings = Settings.from_environment(
        environment={
            "DEVSERVER_RESEARCH_ENDPOINT": " https://gateway.example ",
            "DEVSERVER_RESEARCH_TOKEN": "secret-secret-secret",
            "DEVSERVER_OUTBOX_BYTES": "1048576",
            "DEVSERVER_OUTBOX_WHEN_FULL": "drop_oldest",
        }
    )
    assert (settings.research_endpoint, settings.outbox_bytes) == ("https://gateway.example", 2**20)
    assert settings.outbox_when_full == "drop_oldest"
    assert "secret" not in repr(settings)
