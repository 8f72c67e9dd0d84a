"""Stored runs are sent to a research programme when somebody says so: those that may leave, and no others."""

import datetime as dt
from dataclasses import replace

import pytest
from cli_stage import call, call_json
from gateway import a_gateway
from outbox_stage import arrived
from study_stage import keys_in

from collectors import start_recording
from collectors.outbox import outbox as outbox_module
from exporters import ParquetSink, list_executions, read_records
from exporters.privacy.consent import Consents
from exporters.privacy.consent_lists import Consent, ConsentState
from exporters.privacy.studies import new_study, open_study
from otel_tracking import ItemType

GONE = "http://127.0.0.1:9"
TEXT = "a long text " * 500
ROOM = 3 * len(TEXT) // 2
"""Bytes of an outbox in which one of the runs has room, and two have not."""


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Four runs: of two people of a study, of one of another that nobody knows here, and of nobody."""
    keys_in(tmp_path, monkeypatch)
    monkeypatch.delenv("DEVSERVER_RESEARCH_ENDPOINT", raising=False)
    data = tmp_path / "data"
    study = new_study(data, "garden")
    say(data, study, "anna", "given")
    with start_recording([ParquetSink(data)], journal=False) as recording:
        for fields in (
            {"user_id": "anna", "study_id": "garden"},
            {"user_id": "berta", "study_id": "garden"},
            {"user_id": "carla", "study_id": "elsewhere"},
            {},
        ):
            run = recording.tracker().execution("dada", **fields)
            with run, run.output(1) as output, output.stage(4) as stage:
                picture = b"picture of " + str(fields.get("user_id")).encode()
                stage.item(ItemType.OUTPUT_IMAGE, media=picture, content=TEXT)
        assert recording.flush(timeout=60)
    return data


@pytest.fixture
def gateway(monkeypatch):
    with a_gateway() as gateway:
        monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", gateway.endpoint)
        yield gateway


def say(data, study, person, state):
    now = dt.datetime.now(dt.UTC).isoformat()
    Consents(data, study).note([(person, Consent(state=ConsentState(state), by="guardian", date=now))])


def people(gateway):
    return sorted(str(record.user_id) for record in arrived(gateway.bodies).values())


def test_all_that_may_leave_are_sent(data, gateway):
    sent = call("send", "--all", data=data)
    assert (sent.exit_code, sent.stderr) == (0, "")
    assert sent.stdout == "3 runs sent, 1 not: without consent (otel-tracking consent)\n"
    assert people(gateway) == ["None", "anna", "carla"]


def test_who_says_yes_later_is_sent_then_and_what_arrives_is_the_record(data, gateway):
    assert call_json(
        "consent", "set", *("--study", "garden", "--person", "berta", "--state", "given", "--by", "x"), data=data
    )
    answer, code = call_json("send", "--study", "garden", data=data)
    assert (answer["kept"], answer["withheld"], answer["waiting"], code) == (2, 0, 0, 0)
    assert people(gateway) == ["anna", "berta"]
    rows = {row.trace_id: row.execution_id for row in list_executions(data, study_id="garden")}
    assert rows == {trace: record.execution_id for trace, record in arrived(gateway.bodies).items()}


def test_a_run_is_named_by_its_id_and_asked_about_all_the_same(data, gateway):
    ids = {row.user_id: row.execution_id for row in list_executions(data)}
    answer, code = call_json("send", ids["berta"], data=data)
    assert (answer["kept"], answer["withheld"], code) == (0, 1, 0)
    assert gateway.bodies == []


def test_a_study_whose_key_is_gone_is_said(data, gateway, tmp_path):
    next(path for path in (tmp_path / "keys").rglob("garden*") if path.is_file()).unlink()
    sent = call("send", "--study", "garden", data=data)
    assert (sent.exit_code, sent.stdout) == (0, "0 runs sent, 2 not: without consent (otel-tracking consent)\n")
    assert "key" in sent.stderr and "garden" in sent.stderr
    assert "anna" not in sent.stderr


def test_media_go_along_where_there_is_a_store(data, gateway, tmp_path, monkeypatch):
    monkeypatch.setenv("DEVSERVER_MEDIA_STORE", str(tmp_path / "store"))
    assert call("send", "--all", data=data).exit_code == 0
    found = {path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()}
    assert found == {b"picture of anna", b"picture of carla", b"picture of None"}


def test_a_programme_that_is_away_gets_them_from_the_next_process(data, monkeypatch):
    monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", GONE)
    tried = call("send", "--all", data=data)
    assert tried.exit_code == 1
    assert tried.stdout.startswith("3 runs kept to be sent, 1 not")
    assert "1 request and 0 files of media wait" in tried.stdout
    assert "does not take records now (ConnectionError)" in tried.stderr
    with a_gateway() as gateway:
        monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", gateway.endpoint)
        assert call("outbox", "--retry", data=data).exit_code == 0
    assert people(gateway) == ["None", "anna", "carla"]


def test_what_waits_of_who_withdrew_is_no_part_of_the_count(data, gateway, monkeypatch):
    monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", GONE)
    assert call_json("send", "--study", "garden", data=data)[0]["kept"] == 1
    say(data, open_study(data, "garden"), "anna", "withdrawn")
    monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", gateway.endpoint)
    answer, code = call_json("send", "--all", data=data)
    assert (answer["kept"], answer["withheld"], answer["waiting"], code) == (2, 2, 0, 0)
    assert people(gateway) == ["None", "carla"]


@pytest.mark.parametrize("together", [1, 20])
def test_an_outbox_that_is_full_is_waited_for(data, gateway, monkeypatch, together):
    """Also one in which those that are put there at once have no room together."""
    monkeypatch.setattr("devserver.sending.TOGETHER", together)
    monkeypatch.setattr("otel_tracking.environment._read_bytes", lambda text: ROOM)
    answer, code = call_json("send", "--all", data=data)
    assert (answer["kept"], answer["waiting"], code) == (3, 0, 0)
    assert len(people(gateway)) == 3


def test_a_full_outbox_whose_programme_is_away_is_said_and_nothing_is_lost(data, monkeypatch):
    monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", GONE)
    monkeypatch.setattr("devserver.sending.TOGETHER", 1)
    monkeypatch.setattr("otel_tracking.environment._read_bytes", lambda text: ROOM)
    answer, code = call_json("send", "--all", data=data)
    assert (code, answer["trouble"]) == (1, "ConnectionError")
    assert (answer["kept"], answer["waiting"]) == (1, 1)


def test_what_cannot_be_is_said(data, monkeypatch):
    nowhere = call("send", "--all", data=data)
    assert (nowhere.exit_code, "DEVSERVER_RESEARCH_ENDPOINT=" in nowhere.stderr) == (2, True)
    monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", GONE)
    none = call("send", data=data)
    assert (none.exit_code, "say --all" in none.stderr) == (2, True)
    nobody = call("send", "--study", "nothing", data=data)
    assert (nobody.exit_code, "matches (study_id nothing)" in nobody.stderr) == (1, True)


def test_a_run_that_has_more_than_the_whole_outbox_has_room_for_is_said(data, gateway, monkeypatch):
    """Sent in parts it would begin again for ever."""
    monkeypatch.setattr(outbox_module, "LARGEST_REQUEST", 4_000)
    monkeypatch.setattr(outbox_module, "SHARED_REQUEST", 4_000)
    monkeypatch.setattr("otel_tracking.environment._read_bytes", lambda text: len(TEXT) + 200)
    sent = call("send", "--all", data=data)
    assert sent.exit_code == 1
    assert "unexpected" not in sent.stderr


def test_what_the_programme_refuses_is_said(data, monkeypatch):
    with a_gateway((400, {}, b"")) as gateway:
        monkeypatch.setenv("DEVSERVER_RESEARCH_ENDPOINT", gateway.endpoint)
        sent = call("send", "--study", "garden", data=data)
    assert (sent.exit_code, sent.stdout.startswith("1 run kept to be sent, 1 not")) == (1, True)
    assert "the programme does not take 1 request; they are kept: otel-tracking outbox" in sent.stderr
    assert "does not take records now" not in sent.stderr


def test_runs_without_a_trace_are_passed_over(data, gateway):
    """As an earlier tracker left them; all others go."""
    record = next(read_records(data))
    ParquetSink(data).write(replace(record, execution_id="exec_imported", trace_id=None, spans=(), study_id=None))
    sent = call("send", "--all", data=data)
    assert (sent.exit_code, sent.stderr) == (0, "")
    assert "3 runs sent, " in sent.stdout and "1 not: imported, without a trace" in sent.stdout


def test_a_damaged_run_is_said_and_the_others_are_sent(data, gateway):
    items = next((data / "items").rglob("*.parquet"))
    items.write_bytes(items.read_bytes()[:100])
    sent = call("send", "--all", data=data)
    assert sent.exit_code == 1
    assert items.name in sent.stderr


def test_nothing_that_was_sent_at_once_is_more_than_a_request(data, gateway, monkeypatch):
    """A run of more bytes than a request holds travels in several, and is whole when it has arrived."""
    monkeypatch.setattr(outbox_module, "LARGEST_REQUEST", 500)
    monkeypatch.setattr(outbox_module, "SHARED_REQUEST", 500)
    assert call("send", "--all", data=data).exit_code == 0
    assert len(gateway.bodies) > 3
    assert people(gateway) == ["None", "anna", "carla"]
