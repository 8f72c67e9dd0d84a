"""What somebody asked for goes with their runs, to the last byte, also beside a server that has it waiting."""

import sqlite3

import pytest
from places_stage import OTHER, PLANTED, erase, files_with, is_planted, killed_at_every_step, nothing

from devserver.engines import InputImage
from devserver.requests import Request
from devserver.web.asking.erasing import ErasableTickets
from devserver.web.asking.tickets import Tickets
from otel_tracking.erasure import Beyond, RunId


def a_request(user, **fields):
    photograph = InputImage("me.png", f"pixels of {user}".encode() * 2_000, "image/png")
    return Request(prompt=f"{user} writes", user_id=user, images=(photograph,), **fields)


@pytest.fixture
def data_dir(tmp_path):
    """Tickets of a server that was ended: two that wait, one that is over."""
    tickets = Tickets(tmp_path / "data" / ".serving")
    tickets.keep("ticket_planted", "owner", 4e9, a_request(PLANTED))
    tickets.keep("ticket_other", "owner", 4e9, a_request(OTHER))
    tickets.keep("ticket_over", "owner", 4e9, Request(prompt="x"))
    tickets.name("ticket_over", "exec_planted")
    tickets.end("ticket_over", "completed")
    tickets.close()
    return tmp_path / "data"


def rows(data_dir):
    with sqlite3.connect(data_dir / ".serving" / "tickets.sqlite") as database:
        return database.execute("SELECT * FROM tickets ORDER BY ticket").fetchall()


def test_a_run_that_waits_is_found_by_who_asked_for_it(data_dir):
    """It has no execution id yet: its ticket stands for it."""
    assert ErasableTickets(data_dir).find(is_planted) == [RunId("ticket_planted")]
    assert ErasableTickets(data_dir).find(lambda record: record.items[0].content == f"{OTHER} writes") == [
        RunId("ticket_other")
    ]


def test_no_byte_stays_and_the_others_are_what_they_were(data_dir):
    """A photograph too, and the row of a run that is over; twice is once."""
    before = [row for row in rows(data_dir) if row[0] == "ticket_other"]
    place = ErasableTickets(data_dir)
    runs = frozenset({*place.find(is_planted), RunId("exec_planted", "0" * 31 + "1")})
    assert place.left(runs)
    [removed] = place.erase(runs, nothing)
    assert removed.bytes > 20_000, "the file is smaller than it was"
    assert files_with(data_dir, PLANTED) == files_with(data_dir, "exec_planted") == place.left(runs) == []
    assert place.erase(runs, nothing) == []
    assert rows(data_dir) == before


def test_killed_at_every_step_and_again(data_dir, tmp_path):
    def check(copy):
        assert files_with(copy, PLANTED) == []
        assert [row[0] for row in rows(copy)] == ["ticket_other", "ticket_over"]

    assert killed_at_every_step(data_dir, tmp_path / "copy", ErasableTickets, check) == 2


def test_beside_a_server_that_has_them_open(data_dir):
    """A run whose ticket is gone may not begin; those that could not be kept still may."""
    tickets = Tickets(data_dir / ".serving")
    assert [one.ticket for one in tickets.take_over()] == ["ticket_planted", "ticket_other"]
    erase(ErasableTickets(data_dir))
    assert files_with(data_dir, PLANTED) == []
    assert [tickets.begin(name) for name in ("ticket_planted", "ticket_other")] == [False, True]
    assert tickets.find("ticket_planted") is None
    tickets.close()


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / ".serving").mkdir()
    (tmp_path / ".serving" / "tickets.sqlite").write_bytes(b"no database" * 100)
    place = ErasableTickets(tmp_path)
    assert place.find(is_planted) == []
    [beyond] = place.erase(frozenset({RunId("exec_x")}), nothing)
    assert isinstance(beyond, Beyond)
    assert "cannot be changed (DatabaseError)" in beyond.what
    assert place.left(frozenset({RunId("exec_x")}))


def test_where_nobody_ever_asked_there_is_nothing(tmp_path):
    place = ErasableTickets(tmp_path)
    assert (place.find(is_planted), place.erase(frozenset(), nothing), place.left(frozenset())) == ([], [], [])
    assert not (tmp_path / ".serving").exists()
