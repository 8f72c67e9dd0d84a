"""A server at work gives out nothing of a run that another process erased, whatever it had in memory."""

import pytest
from children import run_python
from class_stage import a_server
from test_waiting_runs_outlive_the_server import begin, until_it_is_over
from web_stage import HeldTranslator, devserver_in, server_of

from devserver.web import WebSettings

PLANTED = "Annabell-Zwirnbart"

ERASE = """
import sys
from pathlib import Path
from devserver.erasing import places_of
from devserver.settings import Settings
from exporters.erasure import erase
data_dir, planted = Path(sys.argv[1]), sys.argv[2]
places = places_of(Settings(data_dir=data_dir, journal=False))
assert erase(data_dir, lambda record: record.user_id == planted, places=places, reason="person").complete
"""


def everything_about(client, names, medium):
    """All answers that a server gives about a run, under each of its names."""
    paths = ["/", "/runs", "/api/runs", "/api/stats", f"/api/runs?q={names[0]}", "/api/runs?user_id=" + PLANTED]
    for name in names:
        run = f"/api/runs/{name}"
        paths += [run, f"/runs/{name}", f"{run}/media/{medium}", f"{run}/thumbnails/{medium}", f"{run}/live"]
        paths += [f"{run}/export/{form}" for form in ("json", "html", "xml")]
    for path in paths:
        answer = client.get(path, follow_redirects=True)
        yield path, answer


@pytest.fixture
def server(tmp_path):
    with a_server(tmp_path, "open") as client:
        yield client, tmp_path


def test_what_was_looked_at_a_moment_ago_is_gone(server):
    """Records, boxes, pictures and the live feed of a run that has just ended: asked for, erased, asked for again."""
    client, data_dir = server
    run = begin(client, f"{PLANTED} paints a flower", schema="bauhaus", user_id=PLANTED)
    assert until_it_is_over(client, run)[-1] == "finished"
    record = client.get(f"/api/runs/{run['ticket']}").json()
    media = [item["media"]["sha256"] for item in record["items"] if item["media"]]
    names, medium = [record["execution_id"], run["ticket"], record["trace_id"]], (media or ["none"])[0]

    before = dict(everything_about(client, names, medium))
    assert PLANTED in before[f"/api/runs/{names[0]}"].text
    assert PLANTED in before[f"/api/runs/{names[1]}/live"].text
    run_python(ERASE, data_dir, PLANTED)

    for path, answer in everything_about(client, names, medium):
        if path != f"/api/runs?user_id={PLANTED}":  # which says what was asked for
            assert PLANTED not in answer.text, path
        if names[0] in path or names[1] in path or names[2] in path:
            assert answer.status_code == (200 if "q=" in path else 404), path
    assert client.get(f"/api/runs?user_id={PLANTED}").json()["total"] == 0


def test_a_browser_asks_whether_its_copy_still_counts(server):
    """Nothing of a run may be taken from a browser's store without a question."""
    client, _ = server
    run = begin(client, f"{PLANTED} paints a flower", schema="bauhaus", user_id=PLANTED)
    until_it_is_over(client, run)
    record = client.get(f"/api/runs/{run['ticket']}").json()
    medium = next((item["media"]["sha256"] for item in record["items"] if item["media"]), "none")
    for path, answer in everything_about(client, [record["execution_id"]], medium):
        kept = {word.strip() for word in answer.headers["Cache-Control"].split(",")}
        assert kept & {"no-store", "no-cache"}, path
        assert "public" not in kept, path


def test_a_run_that_waits_is_not_begun_once_its_ticket_is_gone(tmp_path):
    """It has no record yet, so nobody could erase that; the others keep their places."""
    held, settings = HeldTranslator(), WebSettings(slots=1)
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver, settings) as client:
        begin(client, "under way")
        planted = begin(client, f"{PLANTED} waits", user_id=PLANTED)
        other = begin(client, "somebody else waits")
        held.wait_until_asked()
        run_python(ERASE, tmp_path, PLANTED)
        held.open()
        assert until_it_is_over(client, other)[-1] == "finished"
        answer = client.get(f"/api/runs/{planted['ticket']}")
        assert (answer.status_code, PLANTED in answer.text) == (404, False)
        assert [row["user_id"] for row in client.get("/api/runs").json()["executions"]] == [None, None]
        assert files_with(tmp_path, PLANTED) == []


def files_with(directory, text):
    files = [path for path in directory.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]
