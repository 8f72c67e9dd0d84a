"""Whoever spoke to the server of era A gets the same answers, field by field, with new fields beside the old ones."""

import json
import threading

import pytest
from web_stage import HeldTranslator, client_of, devserver_in, execute

from devserver.testing import ScriptedMaker, ScriptedSafety, ScriptedTranslator

PATH = "/api/schema/pipeline/execute"
ASKED = {
    "schema": "stillepost",
    "input_text": "Eine Blume auf der Wiese",
    "execution_mode": "eco",
    "safety_level": "kids",
    "user_input": "Eine Blume auf der Wiese",
    "timestamp": "2025-11-03T22:41:53",
}
NEW = {"execution_id", "trace_id", "ticket", "run_url", "record_url", "live_url", "run_status"}


def test_stille_post_arrives_with_every_field_of_era_a(client):
    answer = client.post(PATH, json=ASKED)
    body = answer.get_json()
    assert answer.status_code == 200
    assert set(body) - NEW == {
        *("status", "schema", "config_name", "input_text", "final_output"),
        *("steps_completed", "execution_time", "metadata"),
    }
    assert (body["status"], body["schema"], body["config_name"]) == ("success", "stillepost", "stillepost")
    assert (body["input_text"], body["steps_completed"]) == (ASKED["input_text"], 8)
    assert body["final_output"] == "Eine Blume auf der Wiese [en] [es] [fr] [ca] [pt] [es] [en] [de]"
    assert body["metadata"] == {
        "pipeline_name": "text_transformation_recursive",
        "total_steps": 8,
        "iterations": 8,
        "language_sequence": ["en", "es", "fr", "ca", "pt", "es", "en", "de"],
        "input_length": 24,
        "output_length": len(body["final_output"]),
    }
    assert body["execution_time"] > 0


def test_one_output_is_media_output(client):
    body = execute(client, "bauhaus", "A flower").get_json()
    output = body["media_output"]
    assert "media_outputs" not in body
    assert output.keys() >= {"config", "status", "output", "media_type", "execution_time", "metadata"}
    assert (output["config"], output["status"], output["media_type"]) == ("bauhaus", "success", "image")
    assert output["metadata"]["width"] == 1024
    assert output["metadata"]["seed"] == output["seed"] == 123456789
    assert client.get(output["output"]).content_type == "image/png"


def test_several_outputs_are_media_outputs_with_their_count(client):
    body = execute(client, "three_outputs").get_json()
    assert "media_output" not in body
    assert body["media_output_count"] == 3
    assert [output["config"] for output in body["media_outputs"]] == ["weimar", "dessau", "weimar"]
    assert {output["status"] for output in body["media_outputs"]} == {"success"}


def test_a_blocked_output_says_why_and_the_other_is_there(tmp_path):
    safety = ScriptedSafety(outputs=[True, False])
    with devserver_in(tmp_path, check_safety=safety) as devserver, client_of(devserver) as client:
        answer = execute(client, "image_comparison", "Ein gruseliger Vampir")
        first, second = answer.get_json()["media_outputs"]
    assert answer.status_code == 200
    assert answer.get_json()["status"] == "success"
    assert first["status"] == "success"
    assert (second["status"], second["safety_level"], second["output"]) == ("blocked", "kids", None)
    assert "safety check" in second["reason"]


def test_a_failed_output_says_what_failed(tmp_path):
    maker = ScriptedMaker(fails_at=[2, 3])
    with devserver_in(tmp_path, procedural_image=maker) as devserver, client_of(devserver) as client:
        answer = execute(client, "image_comparison")
        first, second = answer.get_json()["media_outputs"]
    assert answer.status_code == 200
    assert (first["status"], second["status"]) == ("success", "error")
    assert "out of memory" in second["error"]


def test_a_prompt_that_stage_one_blocks_is_a_403(client):
    answer = execute(client, input_text="Zeichne eine ISIS Flagge")
    body = answer.get_json()
    assert answer.status_code == 403
    assert (body["status"], body["schema"], body["config_name"]) == ("error", "stillepost", "stillepost")
    assert body["metadata"] == {"stage": "pre_interception", "safety_codes": ["§86a"]}
    assert "safety check" in body["error"]


def test_a_failure_at_hop_five_is_a_500_with_the_steps(tmp_path):
    with (
        devserver_in(tmp_path, translator=ScriptedTranslator(fails_at=5)) as devserver,
        client_of(devserver) as client,
    ):
        answer = execute(client)
    body = answer.get_json()
    assert answer.status_code == 500
    assert (body["status"], body["schema"]) == ("error", "stillepost")
    assert body["error"] == "Loop iteration 5 failed: Backend error: Ollama Error: 500"
    assert (body["steps_completed"], body["total_steps"]) == (4, 5)
    assert body["execution_id"].startswith("exec_")


def test_an_unknown_configuration_is_a_404_that_names_the_nearest(client):
    answer = execute(client, "stilepost")
    assert answer.status_code == 404
    assert answer.get_json()["config_name"] == "stilepost"
    assert "closest are stillepost" in answer.get_json()["error"]


@pytest.mark.parametrize("name", ["../../etc/passwd.toml", "/etc/hosts.json", "devserver/configs/stillepost.toml"])
def test_a_configuration_is_never_a_file(client, name):
    answer = execute(client, name)
    assert answer.status_code == 404
    assert "cannot be read" not in answer.get_json()["error"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"input_text": ""}, "input_text is empty"),
        ({"input_text": "  \n "}, "input_text is empty"),
        ({"input_text": None}, "input_text is missing"),
        ({"input_text": 7}, "input_text is a JSON int"),
        ({"safety_level": "none"}, "safety_level is 'none'"),
        ({"execution_mode": "slow"}, "execution_mode is 'slow'"),
        ({"seed": "many"}, "seed is 'many'"),
        ({"seed": True}, "seed is True"),
        ({"languages": {"a": 1}}, "languages is no list"),
        ({"languages": []}, "languages is an empty list"),
        ({"parameters": [1]}, "parameters is a JSON list"),
        ({"parameters": {"width": 64}}, "take no parameters here, and 'width' was given"),
        ({"images": [{"data": "####"}]}, "not base64"),
        ({"images": [{"data": "aGVsbG8="}]}, "is no picture"),
        ({"schema": None}, "schema is missing"),
        ({"user_id": "x" * 500}, "user_id has 500 characters"),
    ],
)
def test_what_cannot_be_run_is_a_400_that_says_what_would_work(client, fields, sentence):
    answer = client.post(PATH, json={**ASKED, **fields})
    assert answer.status_code == 400
    assert answer.get_json()["status"] == "error"
    assert sentence in answer.get_json()["error"]
    assert answer.get_json()["config_name"] is not None
    assert client.get("/api/runs").get_json()["total"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"seed": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_a_400(client, body):
    answer = client.post(PATH, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "JSON" in answer.get_json()["error"]


def test_more_than_a_body_may_hold_is_a_413(client):
    answer = client.post(PATH, data=b"x" * (140 * 2**20), content_type="application/json")
    assert answer.status_code == 413
    assert "MiB" in answer.get_json()["error"]


def test_whoever_does_not_wait_is_told_where_the_run_will_be(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        for answer in (execute(client, query="?wait=0"), client.post(PATH, json={**ASKED, "async": True})):
            body = answer.get_json()
            assert answer.status_code == 202
            assert (body["status"], body["run_status"]) == ("accepted", "running")
            assert answer.headers["Location"] == body["run_url"] == f"/runs/{body['execution_id']}"
            assert client.get(body["record_url"]).get_json()["status"] == "running"
        held.open()


def test_new_fields_reach_the_record(client):
    languages = ["en", "de"]
    body = execute(client, seed=42, languages=languages, user_id="u1", session_id="s1", repeats="exec_x").get_json()
    record = client.get(body["record_url"]).get_json()
    kept = {name: record[name] for name in ("used_seed", "user_id", "session_id", "repeats", "trace_id")}
    assert kept == {
        "used_seed": 42,
        "user_id": "u1",
        "session_id": "s1",
        "repeats": "exec_x",
        "trace_id": body["trace_id"],
    }
    assert body["metadata"]["language_sequence"] == languages


def test_text_that_is_no_unicode_comes_back_as_valid_json(client):
    answer = client.post(PATH, data=b'{"schema": "stillepost", "input_text": "half \\ud800 a sign"}')
    assert answer.get_json()["input_text"] == "half \ufffd a sign"
    json.loads(answer.data.decode("utf-8"), parse_constant=pytest.fail)
    record = client.get(answer.get_json()["record_url"])
    json.loads(record.data.decode("utf-8"), parse_constant=pytest.fail)


def test_a_run_somebody_breaks_off_is_a_409_for_who_waits(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(execute(client.application.test_client())))
        waiting.start()
        held.wait_until_asked()
        [run] = client.get("/api/runs").get_json()["executions"]
        stopped = client.post(f"/api/runs/{run['execution_id']}/cancel")
        held.open()
        waiting.join()
    assert stopped.status_code == 202
    assert answers[0].status_code == 409
    assert answers[0].get_json()["run_status"] == "cancelled"
    assert answers[0].get_json()["steps_completed"] == 1
