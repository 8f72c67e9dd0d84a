"""Whose a run is: a pupil ends and repeats their own, a teacher any."""

import contextlib
import stat

import pytest
from class_stage import TOKENS, class_in
from web_stage import HeldTranslator, begin, client_of, devserver_in, messages_of

from devserver.web import WebSettings
from devserver.web.visitors.pupils import COOKIE
from exporters import read_records

SECRET = "X-Ticket-Secret"


@pytest.fixture
def held():
    return HeldTranslator()


@pytest.fixture
def room(tmp_path, held):
    with class_in(tmp_path, WebSettings(**TOKENS, slots=2, runs_per_pupil=2), translator=held) as room:
        yield room
        held.open()


def stop(someone, run, **headers):
    return someone.post(f"{run['record_url']}/cancel", headers=headers).status_code


def test_a_pupil_ends_their_own_run_and_no_other(room, held):
    mine, other = room.pupil(), room.pupil()
    run = mine.begin()
    held.wait_until_asked()
    assert stop(other, run) == 403
    assert other.post(f"{run['run_url']}/cancel").status_code == 403
    assert mine.get(run["record_url"]).get_json()["status"] == "running"
    assert stop(mine, run) == 202


def test_a_waiting_run_of_another_cannot_be_ended_and_is_not_there(tmp_path, held):
    with class_in(tmp_path, WebSettings(**TOKENS, slots=1), translator=held) as room:
        mine, other = room.pupil(), room.pupil()
        _, waiting = mine.begin(), mine.begin()
        assert stop(other, waiting) == 404
        assert stop(mine, waiting) == 202
        held.open()


def test_a_teacher_ends_any(room, held):
    run = room.pupil().begin()
    held.wait_until_asked()
    assert stop(room.teacher, run) == 202


def test_a_program_without_cookies_ends_its_run_with_the_secret_that_came_with_it(room, held):
    program = room.pupil(keeps_cookies=False)
    run, another = program.begin(), program.begin()
    for _ in range(2):
        held.wait_until_asked()
    assert stop(program, run) == 403
    for secret in (another["ticket_secret"], run["ticket"], run["ticket_secret"][:-1], ""):
        assert stop(program, run, **{SECRET: secret}) == 403
    assert stop(program, run, **{SECRET: run["ticket_secret"]}) == 202


def test_a_pupil_repeats_their_own_run_and_no_other(room, held):
    held.open()
    mine, other = room.pupil(), room.pupil()
    run = mine.execute().get_json()
    assert other.post(f"{run['run_url']}/again").status_code == 403
    again = mine.post(f"{run['run_url']}/again")
    assert (again.status_code, again.headers["Location"][:6]) == (303, "/runs/")
    assert room.teacher.post(f"{run['run_url']}/again").status_code == 303


def test_buttons_that_would_be_refused_are_not_shown(room, held):
    mine, other = room.pupil(), room.pupil()
    run = mine.begin()
    held.wait_until_asked()
    for ending in ("/cancel", "/again"):
        shown = [f'{run["run_url"]}{ending}"' in one.get(run["run_url"]).text for one in (mine, other, room.teacher)]
        assert shown == [True, False, True]
        held.open()
        messages_of(mine.get(f"{run['record_url']}/live"))  # until it is over


def test_the_cookie_is_for_the_server_alone_and_signed(room):
    pupil = room.pupil()
    [cookie] = [value for name, value in pupil.get("/").headers.items() if name == "Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Set-Cookie" not in pupil.get("/").headers, "a browser keeps its id"
    assert "Set-Cookie" not in room.teacher.get("/").headers


def test_a_cookie_that_somebody_made_up_is_none(room, held):
    mine, thief = room.pupil(), room.pupil(keeps_cookies=False)
    genuine = mine.get("/").headers["Set-Cookie"].partition(";")[0]
    run = mine.begin()
    held.wait_until_asked()
    forged = [genuine[:-2], genuine.partition(".")[0], f"{COOKIE}=", genuine.replace("=", "=a")]
    for cookie in forged:
        assert stop(thief, run, Cookie=cookie) == 403
    assert stop(thief, run, Cookie=genuine) == 202


def test_nothing_of_a_pupils_id_is_in_the_record_or_in_any_answer(tmp_path, held):
    held.open()
    with class_in(tmp_path, translator=held) as room:
        pupil = room.pupil()
        identity = pupil.get("/").headers["Set-Cookie"].partition("=")[2].partition(".")[0]
        run = pupil.execute().get_json()
        assert len(identity) == 32
        assert identity not in pupil.get(run["record_url"]).text + pupil.get(run["run_url"]).text + str(run)
        assert identity not in room.teacher.get(run["record_url"]).text
    [record] = read_records(tmp_path)
    assert identity not in repr(record)


def test_what_the_server_keeps_of_pupils_is_private(room, tmp_path, held):
    held.open()
    room.pupil().execute()
    folder = tmp_path / ".serving"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(modes_in(folder)) == {0o600}


def modes_in(folder):
    """Of the files there; what SQLite writes ahead comes and goes."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield stat.S_IMODE(path.stat().st_mode)


def test_ids_and_secrets_outlive_the_server(tmp_path, held):
    held.open()
    with class_in(tmp_path, translator=held) as room:
        pupil = room.pupil()
        cookie = pupil.get("/").headers["Set-Cookie"].partition(";")[0]
        run = pupil.execute().get_json()
    with class_in(tmp_path, translator=held) as room:
        program = room.pupil(keeps_cookies=False)
        assert program.post(f"{run['run_url']}/again").status_code == 403
        assert program.post(f"{run['run_url']}/again", headers={"Cookie": cookie}).status_code == 303
        assert program.post(f"{run['run_url']}/again", headers={SECRET: run["ticket_secret"]}).status_code == 303


def test_where_no_token_is_asked_for_there_are_no_pupils(tmp_path, held):
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        run = begin(client)
        assert "ticket_secret" not in run
        assert "Set-Cookie" not in client.get("/").headers
        held.open()
