"""A room in the queue: it is paused and goes on, its queue is cleared, and a restart does not lose whose a run is."""

import sqlite3
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest
from web_stage import HeldTranslator, begin, client_of, devserver_in, execute, server_of

from devserver.requests import Request
from devserver.web import WebSettings
from devserver.web.asking.execute_routes import SPARE_SEATS
from devserver.web.asking.full import RunnerFull, WhyNot
from devserver.web.asking.kept_request import text_of
from devserver.web.asking.run_queue import OWN_RUNS, PAUSED, Standing
from devserver.web.asking.runner import Runner
from devserver.web.asking.tickets import Tickets
from exporters import read_records

PATIENCE = 30


@pytest.fixture
def held():
    return HeldTranslator()


@pytest.fixture
def devserver(tmp_path, held):
    with devserver_in(tmp_path / "data", translator=held) as devserver:
        yield devserver


@pytest.fixture
def paused():
    """The rooms that are paused."""
    return set()


@pytest.fixture
def runner(devserver, held, paused):
    runner = Runner(devserver.pipeline, slots=1, is_paused=paused.__contains__)
    yield runner
    held.open()
    assert runner.close(PATIENCE)


def submit(runner, owner="", room="7b"):
    return runner.submit(Request(prompt="Eine Blume"), owner, room)


def test_what_is_under_way_when_a_room_is_paused_ends_and_what_waits_stays(runner, held, paused):
    first, second = submit(runner, "lena"), submit(runner, "tom")
    held.wait_until_asked()
    paused.add("7b")
    runner.look()
    held.open()
    assert first.done.wait(PATIENCE)
    assert runner.standing(second) == Standing(1, PAUSED)
    assert submit(runner, "mia", "8c").done.wait(PATIENCE), "another room goes on"
    assert second.status == "waiting"
    paused.clear()
    runner.look()
    assert second.done.wait(PATIENCE)
    assert second.status == "completed"


def test_who_watches_is_told_of_the_break_and_of_its_end(runner, held, paused):
    _, second = submit(runner, "lena"), submit(runner, "tom")
    held.wait_until_asked()
    standing = runner.wait_for_move(second, None, PATIENCE)
    assert standing == Standing(1)
    moved = []
    watcher = threading.Thread(target=lambda: moved.append(runner.wait_for_move(second, standing, PATIENCE)))
    watcher.start()
    paused.add("7b")
    runner.look()
    watcher.join(PATIENCE)
    assert moved == [Standing(1, PAUSED)]


def test_a_cleared_room_leaves_records_and_what_runs_goes_on(runner, held, devserver, tmp_path):
    under_way, waits, other = submit(runner, "lena"), submit(runner, "tom"), submit(runner, "mia", "8c")
    held.wait_until_asked()
    assert runner.clear("7b") == [waits]
    assert (under_way.status, waits.status, other.status) == ("running", "cancelled", "waiting")
    held.open()
    assert under_way.done.wait(PATIENCE)
    assert other.done.wait(PATIENCE)
    devserver.recording.flush(PATIENCE)
    [record] = read_records(tmp_path / "data", execution_id=waits.execution_id)
    assert record.status == "cancelled"


def test_a_room_that_is_paused_can_be_cleared(runner, paused):
    paused.add("7b")
    jobs = [submit(runner, owner) for owner in ("lena", "tom", "mia")]
    assert runner.clear("7b") == jobs
    assert {job.status for job in jobs} == {"cancelled"}


def test_the_refusal_says_which_bound_it_is_and_when_to_come_back(runner, held):
    jobs = [submit(runner, "lena") for _ in range(3)]
    with pytest.raises(RunnerFull, match="as many of your runs") as refusal:
        submit(runner, "lena")
    assert (refusal.value.why, refusal.value.why.status, refusal.value.retry_after) == (WhyNot.OWN, 429, 30)
    held.open()
    assert all(job.done.wait(PATIENCE) for job in jobs)
    assert submit(runner, "lena").done.wait(PATIENCE)


def test_a_room_and_an_owner_outlive_the_server(devserver, held, tmp_path):
    folder, paused = tmp_path / "serving", {"7b"}
    tickets = Tickets(folder)
    tickets.keep("ticket_a", "lena", 1.0, Request(prompt="x"), "7b")
    tickets.keep("ticket_b", "lena", 2.0, Request(prompt="x"), "8c")
    tickets.close()
    held.open()
    runner = Runner(devserver.pipeline, slots=1, tickets=Tickets(folder), is_paused=paused.__contains__)
    first, second = runner.resume()
    assert [(job.owner, job.room) for job in (first, second)] == [("lena", "7b"), ("lena", "8c")]
    assert second.done.wait(PATIENCE)
    assert first.status == "waiting"
    assert runner.kept("ticket_a").room == "7b"
    assert runner.close(PATIENCE)


OLDER = """CREATE TABLE tickets (
    ticket TEXT PRIMARY KEY, holder TEXT NOT NULL, owner TEXT NOT NULL, asked_at REAL NOT NULL, state TEXT NOT NULL,
    execution_id TEXT, reason TEXT, request TEXT
)"""


def test_tickets_from_before_there_were_rooms_are_read(tmp_path):
    with sqlite3.connect(tmp_path / "tickets.sqlite") as database:
        database.execute(OLDER)
        kept = ("ticket_a", "another", "lena", 1.0, "waiting", None, None, text_of(Request(prompt="x")))
        database.execute("INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", kept)
    database.close()
    for _ in range(2):
        tickets = Tickets(tmp_path)
        [left] = tickets.take_over()
        assert (left.ticket, left.owner, left.room, left.request.prompt) == ("ticket_a", "lena", "", "x")
        tickets.close()
    tickets = Tickets(tmp_path)
    assert tickets.keep("ticket_b", "tom", 2.0, Request(prompt="y"), "7b")
    assert tickets.find("ticket_b").room == "7b"
    tickets.close()


def test_a_page_that_waits_says_what_it_waits_for(tmp_path, held):
    settings = WebSettings(token="teacher-0123456789abcdef", class_token="class-0123456789abcdef", slots=2)
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver, settings) as client:
        headers = {"Authorization": "Bearer class-0123456789abcdef", "Accept-Language": "de"}
        client.get("/", headers=headers)
        for _ in range(2):
            answer = client.post("/runs", data={"config": "stillepost", "prompt": "x"}, headers=headers)
        page = client.get(answer.headers["Location"], headers=headers).get_data(as_text=True)
        assert "Erst ist deine andere Reise dran." in page
        held.open()


def test_a_server_that_ends_says_that_it_has_no_more_pages(devserver, held):
    with client_of(devserver) as client:
        held.open()
        begin(client)
        assert client.application.extensions["runner"].close(PATIENCE)
        answer = client.get("/healthz")
        full = client.post("/runs", data={"config": "stillepost", "prompt": "x"}, headers={"Accept-Language": "de"})
    assert (answer.status_code, answer.get_data(as_text=True)) == (503, "ending\n")
    assert full.status_code == 503
    assert "Der Server wird gerade neu gestartet. Versuch es in 60 Sekunden noch einmal." in full.get_data(as_text=True)


def test_programs_that_wait_for_a_room_that_is_paused_leave_threads_for_pages(devserver, held, paused):
    held.open()
    paused.add("")
    runner = Runner(devserver.pipeline, slots=1, is_paused=paused.__contains__)
    settings, most = WebSettings(slots=1, most_waiting=0), 1 + SPARE_SEATS
    with server_of(devserver, settings, runner=runner) as served, ThreadPoolExecutor(most + 1) as programs:
        answers = [programs.submit(execute, served) for _ in range(most + 1)]
        [first] = wait(answers, PATIENCE, FIRST_COMPLETED).done
        assert first.result().status_code == 202
        assert served.get("/").status_code == 200
        paused.clear()
        runner.look()
        assert sorted(answer.result(PATIENCE).status_code for answer in answers) == [200] * most + [202]


def test_own_runs_hold_a_pupil_back_and_nobody_else(devserver, held):
    runner = Runner(devserver.pipeline, slots=2)
    first, second = submit(runner, "lena"), submit(runner, "lena")
    held.wait_until_asked()
    assert first.started.wait(PATIENCE)
    assert runner.standing(second) == Standing(1, OWN_RUNS)
    third = submit(runner, "tom")
    assert third.started.wait(PATIENCE)
    held.open()
    assert runner.close(PATIENCE)
