"""What researchers said of a run is on the pages for them, and nowhere for pupils."""

import pytest
from class_stage import CLASS_TOKEN, TOKEN, TOKENS, bearer
from web_stage import client_of, devserver_in

from devserver.web import WebSettings
from exporters.remarks.remarks import RemarkChange, RunMark, speaking
from exporters.remarks.store import RemarkStore
from exporters.remarks.variables import Variable
from otel_tracking.erasure import RunId

NOTE = "Anna <b>was</b> sad"
TEACHER, PUPIL = TOKEN, CLASS_TOKEN


@pytest.fixture
def stage(tmp_path):
    """A client of a server with tokens, and a run of which everything was said."""
    settings = WebSettings(**TOKENS)
    with devserver_in(tmp_path / "data") as devserver, client_of(devserver, settings) as client:
        ran = client.post(
            "/api/schema/pipeline/execute", json={"schema": "dada", "input_text": "Eine Blume"}, headers=bearer(TEACHER)
        )
        run = ran.get_json()["execution_id"]
        remark(tmp_path / "data", client, run)
        yield client, run


def remark(data, client, run):
    trace = client.get(f"/api/runs/{run}", headers=bearer(TEACHER)).get_json()["trace_id"]
    said = RemarkChange(marks={RunMark.TEST: True}, note=NOTE, values={"mood": "glad"})
    store = RemarkStore(data)
    store.change(lambda book: book.with_variable(Variable(name="mood", type="text", label="How they felt")))
    store.change(lambda book: book.with_changes({RunId(run, trace): said}, speaking("Mira")))


def text_of(client, path, token):
    answer = client.get(path, headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return answer.text


def test_researchers_see_marks_note_and_variables(stage):
    client, run = stage
    listed = text_of(client, "/runs?audience=researcher", TEACHER)
    assert '<span class="run-mark">test</span>' in listed
    page = text_of(client, f"/runs/{run}?audience=researcher", TEACHER)
    for text in ("Remarks of researchers", "Marked as", "Anna &lt;b&gt;was&lt;/b&gt; sad", "How they felt", "glad"):
        assert text in page
    [row] = client.get("/api/runs", headers=bearer(TEACHER)).get_json()["executions"]
    assert row["marks"] == ["test"]
    assert "Anna &lt;b&gt;was&lt;/b&gt; sad" in text_of(client, f"/api/runs/{run}/export/html", TEACHER)


@pytest.mark.parametrize(
    "path",
    ["/runs", "/runs?audience=researcher", "/runs/{}", "/runs/{}?audience=researcher", "/api/runs", "/api/runs/{}"],
)
def test_pupils_see_nothing_of_it(stage, path):
    client, run = stage
    told = text_of(client, path.format(run), PUPIL)
    assert not [text for text in ("Anna", "run-mark", '"marks"', "How they felt", "Remarks") if text in told]


def test_a_teacher_who_looks_as_pupils_do_sees_what_they_see(stage):
    client, run = stage
    assert "Anna" not in text_of(client, f"/runs/{run}?audience=student", TEACHER)
    assert "run-mark" not in text_of(client, "/runs?audience=student", TEACHER)
    assert "Anna" not in text_of(client, f"/api/runs/{run}/export/html?audience=student", TEACHER)
    assert "Anna" not in text_of(client, f"/api/runs/{run}/export/html", PUPIL)


def test_the_record_itself_says_nothing_of_it(stage):
    client, run = stage
    assert "Anna" not in text_of(client, f"/api/runs/{run}", TEACHER)
    assert "Anna" not in text_of(client, f"/api/runs/{run}/export/json", TEACHER)


def test_a_marked_run_can_be_taken_home_by_its_name(stage):
    client, run = stage
    assert client.get(f"/api/runs/{run}/export/csv", headers=bearer(TEACHER)).status_code == 200


def test_with_a_damaged_file_pages_go_on_and_say_so_to_researchers(stage, tmp_path):
    client, run = stage
    RemarkStore(tmp_path / "data").path.write_bytes(b"{}\n")
    assert "remarks.jsonl" in text_of(client, "/runs?audience=researcher", TEACHER)
    assert "Eine Blume" in text_of(client, f"/runs/{run}?audience=researcher", TEACHER)
    assert "remarks.jsonl" not in text_of(client, "/runs", PUPIL)
    assert client.get(f"/api/runs/{run}/export/html", headers=bearer(PUPIL)).status_code == 200
    assert client.get(f"/api/runs/{run}/export/html", headers=bearer(TEACHER)).status_code == 500
