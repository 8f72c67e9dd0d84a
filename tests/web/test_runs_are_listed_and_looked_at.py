"""`/api/runs`: what runs there are, what is in them, and taking them home."""

import base64
import datetime as dt
import hashlib
import json
from itertools import chain

import pytest
from web_stage import HeldTranslator, begin, client_of, devserver_in, engines, execute

from devserver.settings import Settings
from devserver.testing import PNG, ScriptedMaker
from devserver.wiring import open_devserver
from exporters import FORMATS
from otel_tracking.record import ExecutionRecord

PICTURE = {"name": "a.png", "data": base64.b64encode(PNG).decode()}
MUSIC = b"RIFF....WAVE" + bytes(range(256)) * 8


@pytest.fixture
def runs(client):
    """The ids of five runs: three of Stille Post, one with pictures, one that was blocked; latest first."""
    asked = [("stillepost", "one", "u1"), ("stillepost", "two", "u2"), ("image_comparison", "three", "u1")]
    asked += [("stillepost", "ISIS", "u3"), ("stillepost", "five", "u1")]
    ids = [execute(client, name, text, user_id=user).get_json()["execution_id"] for name, text, user in asked]
    return ids[::-1]


def listed(client, query=""):
    return client.get(f"/api/runs{query}").get_json()


def ids_of(answer):
    return [row["execution_id"] for row in answer["executions"]]


def test_the_list_has_the_fields_of_era_a(client, runs):
    answer = listed(client)
    assert set(answer) == {"executions", "total", "limit", "offset", "returned", "filters"}
    assert (answer["total"], answer["limit"], answer["offset"], answer["returned"]) == (5, 20, 0, 5)
    assert sorted(ids_of(answer)) == sorted(runs)
    row = answer["executions"][0]
    assert row.keys() >= {
        *("execution_id", "trace_id", "config_name", "timestamp", "status", "user_id", "session_id"),
        *("execution_mode", "safety_level", "used_seed", "total_execution_time", "outputs_generated", "item_count"),
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?config=stillepost", 4),
        ("?config=image_comparison", 1),
        ("?user_id=u1", 3),
        ("?user_id=u1&config=stillepost", 2),
        ("?status=blocked", 1),
        ("?status=completed&user_id=u3", 0),
        ("?session_id=none", 0),
        ("?q=COMPARISON", 1),
        ("?since=2020-01-01", 5),
        ("?since=2999-01-01", 0),
        ("?date=2020-01-01", 0),
        ("?date=0001-01-01", 0),
        ("?date=9999-12-31", 0),
        ("?since=0001-01-01", 5),
        ("?since=9999-12-31", 0),
    ],
)
def test_filters_are_those_of_era_a_and_more(client, runs, query, count):
    answer = listed(client, query)
    assert (answer["total"], answer["returned"]) == (count, count)


def test_a_run_is_found_by_a_part_of_its_id(client, runs):
    assert ids_of(listed(client, f"?q={runs[2][-8:]}")) == [runs[2]]


def test_pages_of_the_list_have_every_run_once(client, runs):
    pages = [ids_of(listed(client, f"?limit=2&offset={offset}")) for offset in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert sorted(chain.from_iterable(pages)) == sorted(runs)


@pytest.mark.parametrize(("given", "taken"), [("0", 1), ("-5", 1), ("1", 1), ("100", 100), ("9999", 100), ("", 20)])
def test_a_limit_is_brought_between_1_and_100(client, given, taken):
    assert listed(client, f"?limit={given}")["limit"] == taken


@pytest.mark.parametrize("query", ["?limit=many", "?offset=x", "?date=yesterday", "?since=soon", "?date=2026-13-01"])
def test_a_query_that_means_nothing_is_a_400_that_says_so(client, query):
    answer = client.get(f"/api/runs{query}")
    assert answer.status_code == 400
    assert "would work" in answer.get_json()["error"]


def test_runs_under_way_and_waiting_are_in_the_list_and_first(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        begun = [begin(client) for _ in range(3)]
        rows = listed(client)["executions"]
        assert [row["status"] for row in rows] == ["waiting", "running", "running"]
        assert {row["run_url"] for row in rows} == {run["run_url"] for run in begun}
        assert [row["status"] for row in listed(client, "?status=running")["executions"]] == ["running"] * 2
        held.open()


def test_stats_count_what_is_stored(client, runs):
    stats = client.get("/api/runs/stats").get_json()
    assert set(stats) == {"total_records", "total_size_bytes", "total_size_mb", "storage_dir"}
    assert stats["total_records"] == 5
    assert stats["total_size_bytes"] > 10_000
    assert stats["total_size_mb"] == round(stats["total_size_bytes"] / 2**20, 2)


def test_a_record_is_the_stored_record(client, runs):
    body = client.get(f"/api/runs/{runs[0]}").data
    record = ExecutionRecord.from_dict(json.loads(body))
    assert record.execution_id == runs[0]
    assert [item.content for item in record.items if item.item_type == "user_input_text"] == ["five"]


def test_a_run_is_found_by_its_ticket_its_trace_and_its_last_digits(client):
    run = execute(client).get_json()
    for name in (run["ticket"], run["trace_id"], run["execution_id"][-8:], run["execution_id"]):
        assert client.get(f"/api/runs/{name}").get_json()["trace_id"] == run["trace_id"], name


@pytest.mark.parametrize("name", ["exec_20260101_000000_00000000", "x", "..", "%00", "%2e%2e%2fsecret", "zzzzzzzzzz"])
@pytest.mark.parametrize("end", ["", "/live", "/media/x", "/export/json", "/thumbnails/x"])
def test_a_run_that_is_not_there_is_a_404_in_json(client, name, end):
    answer = client.get(f"/api/runs/{name}{end}")
    assert answer.status_code == 404
    assert answer.get_json()["status"] == "error"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_taken_home(client, runs, name):
    answer = client.get(f"/api/runs/{runs[0]}/export/{name}")
    assert answer.status_code == 200
    assert answer.content_type.partition(";")[0] == FORMATS[name].media_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{runs[0]}{FORMATS[name].suffix}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.data) > 100


def test_exports_take_a_language_and_an_audience(client, runs):
    pages = {
        (language, audience): client.get(
            f"/api/runs/{runs[1]}/export/html?language={language}&audience={audience}"
        ).get_data(as_text=True)
        for language in ("en", "de")
        for audience in ("student", "researcher")
    }
    assert 'lang="de"' in pages["de", "student"]
    assert 'lang="en"' in pages["en", "student"]
    assert "ISIS" in pages["en", "researcher"]
    assert "ISIS" not in pages["en", "student"]


@pytest.mark.parametrize("query", ["html?language=fr", "html?colour=red", "json?audience=student"])
def test_an_option_that_a_format_does_not_have_is_a_400(client, runs, query):
    assert client.get(f"/api/runs/{runs[0]}/export/{query}").status_code == 400


def test_an_unknown_format_is_a_404_that_names_those_there_are(client, runs):
    answer = client.get(f"/api/runs/{runs[0]}/export/odt")
    assert answer.status_code == 404
    assert "pdf" in answer.get_json()["error"]


def test_a_run_under_way_cannot_be_exported_yet(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        run = begin(client)
        assert client.get(f"{run['record_url']}/export/pdf").status_code == 409
        held.open()


def test_media_are_served_by_sha256_and_by_file_name(client):
    run = execute(client, "bauhaus", "A flower").get_json()
    [item] = [item for item in client.get(run["record_url"]).get_json()["items"] if item["item_type"] == "output_image"]
    for name in (item["media"]["sha256"], item["file_path"].rpartition("/")[2]):
        answer = client.get(f"/api/runs/{run['execution_id']}/media/{name}")
        assert (answer.data, answer.content_type) == (PNG, "image/png")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_media_are_served_in_parts_and_only_when_they_have_changed(tmp_path):
    maker = ScriptedMaker(MUSIC, media_format="audio/wav")
    with devserver_in(tmp_path, procedural_music=maker) as devserver, client_of(devserver) as client:
        run = execute(client, "image_and_music").get_json()
        address = run["media_outputs"][1]["output"]
        whole = client.get(address)
        part = client.get(address, headers={"Range": "bytes=10-19"})
        again = client.get(address, headers={"If-None-Match": whole.headers["ETag"]})
    assert (whole.data, whole.content_type) == (MUSIC, "audio/wav")
    assert (part.status_code, part.data) == (206, MUSIC[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(MUSIC)}"
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("media_format", ["text/html", "image/svg+xml", "application/javascript", "x/y; a=b"])
def test_what_could_run_in_a_browser_is_only_saved(tmp_path, media_format):
    with devserver_in(tmp_path) as devserver, client_of(devserver) as client:
        with (
            devserver.tracker.execution("elsewhere") as run,
            run.output(1, config_used="page") as output,
            output.stage(4) as stage,
        ):
            stage.item("output_image", media=b"<script>alert(1)</script>", media_format=media_format)
        devserver.recording.flush(30)
        sha256 = client.get(f"/api/runs/{run.execution_id}").get_json()["items"][-2]["media"]["sha256"]
        answer = client.get(f"/api/runs/{run.execution_id}/media/{sha256}")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_thumbnail_is_a_small_picture(client):
    output = execute(client, "bauhaus").get_json()["media_output"]["output"]
    answer = client.get(output.replace("/media/", "/thumbnails/"))
    assert answer.content_type == "image/jpeg"
    assert answer.data.startswith(b"\xff\xd8\xff")


PICTURE_AND_TRANSLATION = """
name = "held"
description = "A picture that comes with a prompt that is translated"

[[outputs]]
name = "variation"
engine = "image_variation"
images_at_least = 1
images_at_most = 1
"""


def test_media_of_a_run_under_way_are_there_before_any_file_is(tmp_path):
    held, own = HeldTranslator(), tmp_path / "own"
    own.mkdir()
    (own / "held.toml").write_text(PICTURE_AND_TRANSLATION)
    settings = Settings(data_dir=tmp_path / "data", journal=False, configs_dir=own)
    with open_devserver(settings, engines=engines(translator=held)) as devserver, client_of(devserver) as client:
        run = execute(client, "held", query="?wait=0", images=[PICTURE]).get_json()
        held.wait_until_asked()
        assert client.get(run["record_url"]).status_code == 200
        sha256 = hashlib.sha256(PNG).hexdigest()
        assert client.get(f"{run['record_url']}/media/{sha256}").data == PNG
        held.open()


def test_a_cancelled_run_is_recorded_as_cancelled_with_what_it_had(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        run = begin(client)
        held.wait_until_asked()
        assert client.post(f"{run['record_url']}/cancel").status_code == 202
        held.open()
        job = client.application.extensions["runner"].find(run["execution_id"])
        job.done.wait(30)
        record = client.get(run["record_url"]).get_json()
        again = client.post(f"{run['record_url']}/cancel")
    assert record["status"] == "cancelled"
    assert sum(item["item_type"] == "interception_iteration" for item in record["items"]) == 1
    assert again.status_code == 409


def test_a_time_in_the_list_is_utc(client, runs):
    moment = dt.datetime.fromisoformat(listed(client)["executions"][0]["timestamp"])
    assert moment.utcoffset() == dt.timedelta(0)
