"""What a 202 promised is kept: a server that is killed runs it when it is back, or says what became of it."""

import contextlib
import sqlite3

import pytest
from class_stage import CLASS_TOKEN, a_server, bearer
from hypothesis import given
from hypothesis import strategies as st
from looking_again import a_moment
from web_stage import HeldTranslator, Messages, client_of, devserver_in

from devserver.engines import InputImage
from devserver.errors import RequestError
from devserver.requests import Request
from devserver.web.asking.kept_request import request_from, text_of
from devserver.web.asking.runner import Runner
from devserver.web.asking.tickets import Tickets
from exporters import read_records

PATIENCE = 60


def begin(client, prompt, **fields):
    body = {"schema": "stillepost", "input_text": prompt, **fields}
    answer = client.post("/api/schema/pipeline/execute?wait=0", json=body)
    assert answer.status_code == 202
    return answer.json()


def until_it_is_over(client, run):
    """All that a page that waits is told of a run, by its ticket."""
    with client.stream("GET", f"/api/runs/{run['ticket']}/live") as response:
        assert response.status_code == 200
        return [kind for _, kind, _ in Messages(response.iter_lines())]


def test_runs_that_waited_are_run_after_a_kill_under_the_same_ticket(tmp_path):
    with a_server(tmp_path, "held") as client:
        first = begin(client, "under way")
        waiting = [begin(client, f"prompt {number} é", user_id=f"u{number}") for number in range(3)]
        assert [run["run_status"] for run in waiting] == ["waiting"] * 3
        assert first["run_status"] == "running"
    with a_server(tmp_path, "open") as client:
        for run in waiting:
            assert until_it_is_over(client, run)[-1] == "finished"
            record = client.get(f"/api/runs/{run['ticket']}").json()
            assert record["status"] == "completed"
        page = client.get(f"/runs/{waiting[0]['ticket']}", follow_redirects=True)
        assert (page.status_code, "/runs/exec_" in str(page.url)) == (200, True)
        lost = client.get(f"/api/runs/{first['ticket']}")
        assert (lost.status_code, lost.json()["run_status"]) == (410, "interrupted")
        assert "the server was ended while the run was under way" in lost.json()["error"]
        assert client.get("/api/health").json()["waiting"] == 0
    users = [record.user_id for record in read_records(tmp_path) if record.user_id]
    assert users == ["u2", "u1", "u0"], "each once, in the order they were asked for"


def test_who_asked_may_still_end_it_after_a_kill(tmp_path):
    headers = bearer(CLASS_TOKEN)
    with a_server(tmp_path, "held") as client:
        client.headers.update(headers)
        begin(client, "under way")
        run = begin(client, "waits")
    with a_server(tmp_path, "held") as client:
        client.headers.update(headers)
        begin(client, "keeps the only slot, or waits behind the other")
        path = f"/api/runs/{run['ticket']}/cancel"
        assert client.post(path).status_code in (403, 404)
        assert client.post(path, headers={"X-Ticket-Secret": run["ticket_secret"]}).status_code == 202


def under_way(client, run):
    """The addresses of a run once it has begun, however busy the machine is."""
    secret = {"X-Ticket-Secret": run["ticket_secret"]}
    while (told := client.get(f"/api/runs/{run['ticket']}", headers=secret).json())["status"] != "running":
        a_moment()
    return told


def test_who_asked_is_told_by_its_id_too_that_a_run_was_lost_and_nobody_else_is(tmp_path):
    with a_server(tmp_path, "held") as client:
        client.headers.update(bearer(CLASS_TOKEN))
        run = under_way(client, begin(client, "under way"))
        cookies = dict(client.cookies)
    with a_server(tmp_path, "open") as client:
        client.headers.update(bearer(CLASS_TOKEN))
        assert client.get(run["record_url"]).status_code == 404
        client.cookies.clear()
        client.cookies.update(cookies)
        lost = client.get(run["record_url"])
        page = client.get(run["run_url"], headers={"Accept-Language": "de"})
    assert (lost.status_code, lost.json()["run_status"]) == (410, "interrupted")
    assert (page.status_code, "nichts von ihr ist gespeichert" in page.text) == (410, True)


class Witness(Tickets):
    """Tickets that note what could be told of a run before its id is in the file, and what is in the file after."""

    def __init__(self, folder):
        super().__init__(folder)
        self.folder, self.runner = folder, None
        self.told, self.in_the_file, self.was_over = [], [], []

    def name(self, ticket, execution_id):
        self.told.append(self.runner.find(ticket).execution_id)
        super().name(ticket, execution_id)
        with contextlib.closing(sqlite3.connect(self.folder / "tickets.sqlite")) as file:
            self.in_the_file += file.execute("SELECT ticket, execution_id FROM tickets").fetchall()

    def end(self, ticket, state, reason=""):
        self.was_over.append(self.runner.find(ticket).done.is_set())
        super().end(ticket, state, reason)


def test_nobody_is_told_the_id_of_a_run_before_it_is_known_for_good_whose_it_is(tmp_path):
    tickets = Witness(tmp_path / "serving")
    with devserver_in(tmp_path / "data") as devserver:
        tickets.runner = Runner(devserver.pipeline, tickets=tickets)
        job = tickets.runner.submit(Request(prompt="x"))
        assert job.done.wait(PATIENCE)
        assert tickets.runner.close(PATIENCE)
    assert tickets.told == [None]
    assert tickets.in_the_file == [(job.ticket, job.execution_id)]


@pytest.mark.parametrize(("config", "state"), [("stillepost", "completed"), ("no such thing", "error")])
def test_nobody_is_told_that_a_run_is_over_before_its_ticket_says_so(tmp_path, config, state):
    tickets = Witness(tmp_path / "serving")
    with devserver_in(tmp_path / "data") as devserver:
        tickets.runner = Runner(devserver.pipeline, tickets=tickets)
        job = tickets.runner.submit(Request(prompt="x", config_name=config))
        assert job.done.wait(PATIENCE)
        assert (job.status, tickets.runner.kept(job.ticket).state) == (state, state)
        assert tickets.runner.close(PATIENCE)
    assert tickets.was_over == [False]


def test_a_server_that_dies_of_a_run_does_not_die_of_it_again(tmp_path):
    tickets = Tickets(tmp_path)
    tickets.keep("ticket_a", "", 1.0, Request(prompt="x"))
    tickets.begin("ticket_a")
    tickets.close()
    others = Tickets(tmp_path)
    assert others.take_over() == []
    kept = others.find("ticket_a")
    assert (kept.state, kept.reason) == ("interrupted", "the server was ended while the run was under way")
    others.close()


def test_what_a_child_wrote_is_gone_from_the_file_when_its_run_begins(tmp_path):
    tickets = Tickets(tmp_path)
    tickets.keep("ticket_a", "owner", 1e12, Request(prompt="Anna Blume"))
    assert b"Anna Blume" in (tmp_path / "tickets.sqlite").read_bytes()
    tickets.begin("ticket_a")
    tickets.close()
    assert not any(b"Anna" in path.read_bytes() for path in tmp_path.iterdir())


def test_the_waiting_runs_of_a_server_that_lives_are_not_taken_from_it(tmp_path):
    tickets, others = Tickets(tmp_path), Tickets(tmp_path)
    tickets.keep("ticket_a", "", 1.0, Request(prompt="x"))
    assert others.take_over() == []
    tickets.close()
    assert [left.ticket for left in others.take_over()] == ["ticket_a"]
    others.close()


def test_a_request_that_cannot_be_read_any_more_is_not_forgotten(tmp_path):
    tickets = Tickets(tmp_path)
    tickets.keep("ticket_a", "", 1.0, Request(prompt="x"))
    tickets.close()
    with sqlite3.connect(tmp_path / "tickets.sqlite") as database:
        database.execute("UPDATE tickets SET request = '{'")
    database.close()
    others = Tickets(tmp_path)
    assert others.take_over() == []
    assert others.find("ticket_a").state == "interrupted"
    others.close()


@pytest.mark.parametrize("damage", [b"no database", b""])
def test_a_server_that_can_keep_nothing_still_runs_what_it_is_asked_for(tmp_path, damage, caplog):
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "tickets.sqlite").write_bytes(damage)
    with devserver_in(tmp_path / "data") as devserver:
        runner = Runner(devserver.pipeline, tickets=Tickets(tmp_path / "serving"))
        job = runner.submit(Request(prompt="Anna"))
        assert job.done.wait(PATIENCE)
        assert runner.close(PATIENCE)
    assert job.status == "completed"
    assert ("tickets cannot be kept" in caplog.text) is bool(damage)
    assert "Anna" not in caplog.text


def test_a_run_whose_configuration_is_gone_says_so(tmp_path):
    tickets = Tickets(tmp_path / "data" / ".serving")
    tickets.keep("ticket_0123", "", 1e12, Request(prompt="x", config_name="gone"))
    tickets.close()
    with devserver_in(tmp_path / "data") as devserver, client_of(devserver) as client:
        runner = client.application.extensions["runner"]
        job = runner.find("ticket_0123")
        assert job.done.wait(PATIENCE)
        assert runner.kept("ticket_0123").state == "error"
        assert "could not be started" in client.get("/api/runs/ticket_0123").get_json()["error"]


def test_a_server_that_is_stopped_in_order_leaves_nothing_to_run(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver:
        runner = Runner(devserver.pipeline, slots=1, tickets=Tickets(tmp_path / "serving"))
        jobs = [runner.submit(Request(prompt="x")) for _ in range(3)]
        held.wait_until_asked()
        held.open()
        assert runner.close(PATIENCE)
        assert {job.status for job in jobs} <= {"cancelled", "completed"}
        assert Tickets(tmp_path / "serving").take_over() == []


texts = st.text(st.characters(exclude_categories=()), max_size=20)


@given(
    prompt=texts,
    languages=st.none() | st.just("random") | st.lists(texts, max_size=3).map(tuple),
    parameters=st.dictionaries(texts, st.integers() | st.floats(allow_nan=False) | texts | st.lists(st.booleans())),
    images=st.lists(st.builds(InputImage, texts, st.binary(max_size=20), st.just("image/png")), max_size=2).map(tuple),
    seed=st.none() | st.integers(0, 2**64),
)
def test_every_request_comes_back_as_it_was(prompt, languages, parameters, images, seed):
    request = Request(prompt=prompt, languages=languages, parameters=parameters, images=images, seed=seed, user_id="u")
    assert request_from(text_of(request)) == request


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"images": 3, "languages": null}', '{"prompt": "x"}'])
def test_a_text_that_keeps_no_request_is_refused(text):
    with pytest.raises(RequestError):
        request_from(text)
