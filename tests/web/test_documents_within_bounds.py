"""Prompts have a length, and documents are made in processes of their own: what one takes, nobody else misses."""

import os
import sys

import pytest
from builders import a_record, an_item
from class_stage import class_in
from web_stage import HeldTranslator, client_of, devserver_in, execute

from devserver.errors import RequestError, SettingsError
from devserver.requests import LONGEST_PROMPT, Request
from devserver.settings import Settings
from devserver.testing import scripted_engines
from devserver.web import WebSettings
from devserver.web.files.workshop import Bounds, DocumentTooMuch, Workshop, WorkshopFull
from devserver.web.runs.remembered import Remembered
from devserver.wiring import open_devserver
from otel_tracking import ItemType

SHORT = {"seconds": 0.001}
"""Less than it takes to start a process."""


def a_run(length=10):
    prompt = an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Blume " * length)
    return a_record(items=[prompt], safety_level="kids")


@pytest.fixture
def workshop(tmp_path):
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


# Prompts


@pytest.mark.parametrize("length", [LONGEST_PROMPT + 1, 1_000_000])
def test_a_longer_prompt_is_refused_before_anything_runs(client, length):
    answer = execute(client, input_text="x" * length)
    assert (answer.status_code, answer.get_json()["error"]) == (
        400,
        f"the prompt has {length:,} characters; at most 20,000 would work here",
    )
    page = client.post("/runs", data={"config": "stillepost", "prompt": "x" * length})
    assert page.status_code == 400
    assert "Up to 20,000 characters work." in page.get_data(as_text=True)
    assert client.get("/api/runs").get_json()["total"] == 0


def test_a_prompt_of_ten_pages_is_run(client):
    assert execute(client, input_text="x" * LONGEST_PROMPT).status_code == 200


def test_parameters_are_no_way_around_it(client):
    answer = execute(client, "image_comparison", parameters={"dessau.width": "x" * 30_000})
    assert answer.status_code == 400
    assert "the parameters have" in answer.get_json()["error"]


def test_another_length_can_be_set(tmp_path):
    settings = Settings.from_environment(
        data_dir=tmp_path, journal=False, environment={"DEVSERVER_LONGEST_PROMPT": "5"}
    )
    with open_devserver(settings, engines=scripted_engines()) as devserver:
        assert devserver.pipeline.run(Request(prompt="12345")).status == "completed"
        with pytest.raises(RequestError, match="has 6 characters; at most 5 would work"):
            devserver.pipeline.run(Request(prompt="123456"))


@pytest.mark.parametrize("text", ["0", "-1", "many", "1e9", "9" * 10])
def test_a_length_that_is_none_is_refused_at_the_start(text):
    with pytest.raises(SettingsError, match="a number of characters is expected, such as 20000"):
        Settings.from_environment(environment={"DEVSERVER_LONGEST_PROMPT": text})


# Documents


@pytest.mark.parametrize("name", ["json", "html", "pdf", "docx", "csv"])
def test_a_document_is_the_same_as_one_made_here(workshop, name):
    from exporters import FORMATS

    assert workshop.make(a_run(), name, {}, "a") == FORMATS[name].render(a_run())


def test_a_document_that_takes_too_long_is_given_up_and_the_next_one_is_made(tmp_path):
    slow, workshop = Workshop(tmp_path, Bounds(**SHORT)), Workshop(tmp_path)
    with pytest.raises(DocumentTooMuch, match=r"less time.*otel-tracking export has no bounds") as refusal:
        slow.make(a_run(), "json", {}, "a")
    assert refusal.value.of_time
    assert workshop.make(a_run(), "json", {}, "a")
    workshop.close()


def test_a_document_that_takes_too_much_memory_is_given_up(tmp_path):
    workshop = Workshop(tmp_path, Bounds(most_bytes=700 * 2**20))
    with pytest.raises(DocumentTooMuch):
        workshop.make(a_run(20_000_000), "json", {}, "a")
    assert workshop.make(a_run(), "json", {}, "a")
    workshop.close()


def test_what_a_large_document_took_is_given_back(tmp_path):
    """Its process ends with it; one of an ordinary document makes the next one too."""
    for kept_bytes, is_kept in ((1, False), (2**40, True)):
        workshop = Workshop(tmp_path, Bounds(kept_bytes=kept_bytes))
        workshop.make(a_run(), "json", {}, "a")
        assert bool(workshop._idle) is is_kept
        workshop.close()


def test_a_process_that_was_ended_meanwhile_is_replaced(workshop):
    workshop.make(a_run(), "json", {}, "a")
    [worker] = workshop._idle
    os.kill(worker._process.pid, 9)
    worker._process.wait()
    assert workshop.make(a_run(), "json", {}, "a")


def test_nobody_has_all_places(tmp_path):
    workshop = Workshop(tmp_path, Bounds(at_once=3, most_waiting=0, most_of_one=2))
    with workshop.place("a"), workshop.place("a"):
        with pytest.raises(WorkshopFull) as refusal, workshop.place("a"):
            pass
        assert refusal.value.is_theirs
        with workshop.place("b"), pytest.raises(WorkshopFull) as refusal, workshop.place("c"):
            pass
        assert not refusal.value.is_theirs
    with workshop.place("c"):
        pass


def test_the_bounds_are_said_over_http(tmp_path):
    with devserver_in(tmp_path) as devserver:
        workshop = Workshop(devserver.settings.data_dir, Bounds(**SHORT, at_once=2, most_waiting=0))
        with client_of(devserver, workshop=workshop) as client:
            run = execute(client).get_json()["record_url"]
            late = client.get(f"{run}/export/pdf")
            assert (late.status_code, "JSON takes the least" in late.get_json()["error"]) == (504, True)
            with workshop.place("admin"), workshop.place("admin"):
                busy = client.get(f"{run}/export/pdf")
            assert (busy.status_code, busy.headers["Retry-After"]) == (429, "5")
            with workshop.place("a"), workshop.place("b"):
                assert client.get(f"{run}/export/pdf").status_code == 503
            assert client.get(f"{run}/export/pdf?colour=red").status_code == 400


def test_pupils_have_their_places_each(tmp_path):
    with class_in(tmp_path) as room:
        pupil, other = room.pupil(), room.pupil()
        run = pupil.execute().get_json()["record_url"]
        for someone in (pupil, other, room.teacher):
            assert someone.get(f"{run}/export/html").status_code == 200


def test_the_server_makes_no_document_itself(tmp_path):
    """What drawing pages takes is not even loaded."""
    import subprocess

    script = f"""
import sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from devserver.settings import Settings
from devserver.testing import scripted_engines
from devserver.web import create_app
from devserver.wiring import open_devserver
with open_devserver(Settings(data_dir=Path({str(tmp_path)!r}), journal=False), engines=scripted_engines()) as devserver:
    client = create_app(devserver).test_client()
    run = client.post("/api/schema/pipeline/execute", json={{"schema": "stillepost", "input_text": "Blume"}}).get_json()
    assert client.get(run["record_url"] + "/export/pdf").data.startswith(b"%PDF")
    assert "reportlab" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_large_records_are_not_held_in_memory():
    """The last few small ones are."""
    records = {"small": a_run(1), "other": a_run(2), "large": a_run(1000)}
    read = []
    remembered = Remembered(lambda name: read.append(name) or records[name], most_records=2, most_characters=1000)
    for name in ("small", "small", "other", "small", "large", "large", "small"):
        assert remembered.get(name) is records[name]
    assert read == ["small", "other", "large", "large"]


# A full queue


def test_a_full_queue_keeps_the_sentence_and_says_when_to_come_back(tmp_path):
    held = HeldTranslator()
    with (
        devserver_in(tmp_path, translator=held) as devserver,
        client_of(devserver, WebSettings(slots=1, most_waiting=0)) as client,
    ):
        form = {"config": "stillepost", "prompt": "Ein blauer Wal <b>"}
        assert client.post("/runs", data=form).status_code == 303
        answer = client.post("/runs", data=form, headers={"Accept-Language": "de"})
        page = answer.get_data(as_text=True)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "Ein blauer Wal &lt;b&gt;" in page
        assert "Versuch es in 30 Sekunden noch einmal. Dein Satz steht noch da." in page
        held.open()
