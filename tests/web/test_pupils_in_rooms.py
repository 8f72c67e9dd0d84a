"""A class in a room: pupils come in by a code and see what is theirs; the teacher shares, hides, pauses and closes."""

import json
import stat
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from room_stage import ROLE_TOKENS, School, badge_of, school_in
from web_stage import PATIENCE, HeldTranslator, Messages, client_of, devserver_in, engines

from devserver.settings import Settings
from devserver.web import WebSettings
from devserver.wiring import open_devserver
from exporters import read_records
from exporters.privacy.studies import new_study


@pytest.fixture
def held():
    return HeldTranslator()


@pytest.fixture
def school(tmp_path, held):
    with school_in(tmp_path, translator=held) as school:
        yield school
        held.open()


@pytest.fixture
def room(school):
    return school.open()


# Coming in


def test_a_code_and_a_nickname_let_a_pupil_in_with_a_cookie_of_their_own(school, room):
    mia, tom = school.pupil(room, "Mia"), school.pupil(room)
    assert "Mia" in mia.get("/").text
    assert badge_of(mia).value != badge_of(tom).value
    assert badge_of(mia).http_only
    assert badge_of(mia).same_site == "Lax"
    [first, second] = school.book.find(room.room_id).pupils
    assert first.nickname == "Mia"
    assert second.nickname, "who says no name gets an animal"
    assert second.nickname in tom.get("/").text
    assert second.nickname not in mia.get("/").text


def test_who_comes_again_from_the_same_browser_is_who_they_were(school, room):
    mia = school.pupil(room, "Mia")
    run = mia.run()
    mia.join(room)
    mia.join(room, "Maja")
    assert [one.nickname for one in school.book.find(room.room_id).pupils] == ["Maja"]
    assert mia.sees(run)


def test_a_wrong_code_is_counted_as_a_wrong_token_is(tmp_path):
    with school_in(tmp_path, WebSettings(**ROLE_TOKENS, most_wrong_tokens=3)) as school:
        room, thief = school.open(), school.somebody()
        pupil = school.pupil(room)
        answers = [thief.post("/join", data={"code": "222222"}).status_code for _ in range(4)]
        assert answers == [403, 403, 403, 429]
        late = thief.post("/join", data={"code": room.code})
        assert (late.status_code, late.headers["Retry-After"]) == (429, "60")
        assert thief.post("/login", data={"token": ROLE_TOKENS["token"]}).status_code == 429, "all guesses are one"
        assert pupil.get("/").status_code == 200, "who is in notices nothing"


def test_nobody_comes_in_without_a_code_of_an_open_room(school, room):
    school.says(room, "close")
    for code in (room.code, "", "x" * 2000, "K7M4XD\x00", "\ud800"):
        assert school.somebody().post("/join", data={"code": code.encode("utf-8", "replace")}).status_code == 403


def test_a_server_that_checks_nothing_lets_no_class_in(tmp_path):
    with school_in(tmp_path) as school:
        room = school.open()
        cookie = badge_of(school.pupil(room)).value
    off = WebSettings(token=ROLE_TOKENS["token"], safety_level="off")
    with devserver_in(tmp_path) as devserver, client_of(devserver, off) as client:
        again = School(client.application, teacher="")
        assert again.teacher.post("/rooms").status_code == 400
        assert again.somebody().post("/join", data={"code": room.code}).status_code == 409
        pupil = again.somebody()
        pupil.client.set_cookie("devserver_room", cookie)
        assert pupil.get("/").status_code == 401


def test_a_page_of_another_site_lets_nobody_in_and_changes_no_room(school, room):
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert school.somebody().post("/join", data={"code": room.code}, headers=elsewhere).status_code == 403
    assert school.teacher.post(f"/rooms/{room.room_id}", data={"do": "close"}, headers=elsewhere).status_code == 403
    assert school.book.find(room.room_id) == room


def test_who_leaves_is_out_and_who_is_sent_away_too(school, room):
    mia, tom = school.pupil(room, "Mia"), school.pupil(room, "Tom")
    copy = badge_of(mia).value
    mia.post("/leave")
    assert mia.get("/").status_code == 401
    mia.client.set_cookie("devserver_room", copy)
    assert mia.get("/").status_code == 200, "leaving is for this browser; sending away is for good"
    for one in school.book.find(room.room_id).pupils:
        school.teacher.post(f"/rooms/{room.room_id}/pupils/{one.pupil_id}")
    assert [one.get("/").status_code for one in (mia, tom)] == [401, 401]


def test_the_board_has_the_code_for_the_wall(school, room):
    page = school.teacher.get(f"/rooms/{room.room_id}").text
    drawn = school.teacher.get(f"/rooms/{room.room_id}/code.svg")
    assert f"{room.code[:3]} {room.code[3:]}" in page
    assert (drawn.status_code, drawn.mimetype) == (200, "image/svg+xml")
    assert room.code in school.somebody().get(f"/join?code={room.code}").text
    school.says(room, "close")
    assert room.code[:3] not in school.teacher.get(f"/rooms/{room.room_id}").text
    assert school.teacher.get(f"/rooms/{room.room_id}/code.svg").status_code == 404


# Whose a run is


def everybody(school, room):
    return {
        "the other pupil": school.pupil(room),
        "a pupil of another room": school.pupil(school.open("8a")),
        "a pupil without a room": school.somebody("class"),
        "the teacher": school.teacher,
        "a researcher": school.somebody("researcher"),
        "an admin": school.somebody(""),
    }


def who_sees(run, people):
    return [name for name, visitor in people.items() if visitor.sees(run)]


HOLDING = ["the teacher", "a researcher", "an admin"]


def test_a_run_is_seen_by_whom_it_is_for(school, room):
    mia = school.pupil(room, "Mia")
    run, people = mia.run(), everybody(school, room)
    assert mia.sees(run)
    assert who_sees(run, people) == HOLDING
    school.says(room, "share", run)
    assert who_sees(run, people) == ["the other pupil", *HOLDING]
    school.says(room, "unshare", run)
    assert who_sees(run, people) == HOLDING
    school.says(room, "share", run)
    school.says(room, "hide", run)
    assert who_sees(run, people) == ["a researcher", "an admin"]
    assert not mia.sees(run)
    school.says(room, "share", run, status=400)
    school.says(room, "show", run)
    assert mia.sees(run)
    assert who_sees(run, people) == HOLDING


def test_counts_and_searches_tell_nothing_of_others(school, room):
    mia, tom = school.pupil(room), school.pupil(room)
    mia.run("Ein Drache")
    assert tom.get("/api/runs?q=Drache").get_json()["total"] == 0
    assert tom.get("/api/runs/stats").get_json()["total_records"] == 0
    assert mia.get("/api/runs?q=Drache").get_json()["total"] == 1
    assert tom.get(f"/api/runs?session_id={room.room_id}").status_code == 403
    school.pupil(school.open("8a")).run()
    assert school.teacher.get(f"/api/runs?session_id={room.room_id}").get_json()["total"] == 1
    assert school.teacher.get("/api/runs?user_id=x").status_code == 403


def test_what_is_made_outside_of_rooms_is_not_for_those_in_one(school, room):
    outside = school.somebody("class").run()
    assert not school.pupil(room).sees(outside)
    assert school.somebody("class").sees(outside)


def test_a_pupil_ends_their_own_run_and_the_teacher_any_of_the_room(school, room, held):
    mia, tom = school.pupil(room), school.pupil(room)
    run = mia.begin()
    held.wait_until_asked()
    assert tom.post(f"{run['record_url']}/cancel").status_code == 404
    school.says(room, "share", run["execution_id"])
    assert tom.post(f"{run['record_url']}/cancel").status_code == 403
    assert school.somebody("researcher").post(f"{run['record_url']}/cancel").status_code == 403
    school.says(room, "cancel", run["execution_id"])
    held.open()
    assert school.app.extensions["runner"].find(run["execution_id"]).done.wait(PATIENCE)
    assert mia.get(run["record_url"]).get_json()["status"] == "cancelled"


def test_nobody_says_that_they_are_of_a_room_who_is_not_in_it(school, room):
    body = {"schema": "dada", "input_text": "x", "session_id": room.room_id}
    for role in ("class", "researcher"):
        assert school.somebody(role).post("/api/schema/pipeline/execute", json=body).status_code == 403
    run = school.pupil(room).run(session_id="another", user_id="somebody else")
    record = school.somebody("").get(f"/api/runs/{run}").get_json()
    assert record["session_id"] == room.room_id
    assert record["user_id"].startswith("pupil_")


def test_a_run_of_one_room_is_not_changed_from_another(school, room):
    run = school.pupil(room).run()
    school.says(school.open("8a"), "hide", run, status=404)
    assert school.book.hidden == frozenset()


# The record, and names of children


def test_the_room_its_study_and_the_pupil_are_in_the_record_and_the_nickname_is_nowhere(tmp_path, caplog):
    with school_in(tmp_path) as school:
        room = school.open("Klasse der Zwerge", study="dreams")
        mia = school.pupil(room, "Zwergnase")
        run = mia.run()
        school.says(room, "hide", run)
        researcher = school.somebody("researcher")
        seen = "".join(researcher.get(f"/api/runs/{run}{more}").text for more in ("", "/export/xml", "/export/html"))
        seen += school.pupil(room).get("/runs").text + researcher.get("/runs?audience=researcher").text
        [pupil, _] = school.book.find(room.room_id).pupils
    [record] = read_records(tmp_path)
    assert (record.session_id, record.study_id, record.user_id) == (room.room_id, "dreams", pupil.pupil_id)
    assert "Zwergnase" not in seen + str(record) + caplog.text
    assert "Klasse der Zwerge" not in str(record) + caplog.text
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and b"Zwergnase" in path.read_bytes()]
    assert [path.name for path in kept] == ["rooms.json"]
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600


def test_a_teacher_has_the_names_forgotten_and_everybody_stays_who_they_are(school, room):
    mia = school.pupil(room, "Mia")
    run = mia.run()
    school.says(room, "forget")
    assert "Mia" not in school.teacher.get(f"/rooms/{room.room_id}").text + mia.get("/").text
    assert mia.sees(run)


def test_with_everything_of_a_person_their_nickname_is_erased(school, room, tmp_path):
    run = school.pupil(room, "Mia").run()
    assert school.somebody("").post(f"/runs/{run}/erase", data={"scope": "person"}).status_code == 303
    assert b"Mia" not in (tmp_path / "access" / "rooms.json").read_bytes()


def test_the_audit_log_says_what_a_teacher_did_and_names_nobody(school, room, tmp_path):
    run = school.pupil(room, "Mia").run()
    school.says(room, "hide", run)
    school.says(room, "close")
    lines = [json.loads(line) for line in (tmp_path / "access" / "audit.jsonl").read_text().splitlines()]
    done = [(line["did"], line.get("execution_id")) for line in lines if line["act"] == "room"]
    assert done == [("open", None), ("hide", run), ("close", None)]
    assert "Mia" not in str(lines)


# The room and its queue


def test_a_pause_holds_the_queue_and_what_is_under_way_ends(school, room, held):
    mia, tom = school.pupil(room), school.pupil(room)
    first = mia.begin()
    held.wait_until_asked()
    school.says(room, "pause")
    second = tom.begin()
    held.open()
    runner = school.app.extensions["runner"]
    assert runner.find(first["execution_id"]).done.wait(PATIENCE)
    assert runner.find(second["ticket"]).status == "waiting"
    outside = school.somebody("class")
    assert outside.run(), "others go on"
    school.says(room, "resume")
    assert runner.find(second["ticket"]).done.wait(PATIENCE)
    assert runner.find(second["ticket"]).status == "completed"


def test_a_cleared_queue_is_cancelled_and_a_closed_room_takes_nothing_more(school, room, held):
    mia = school.pupil(room)
    school.says(room, "pause")
    waits = mia.begin()
    school.says(room, "clear")
    runner = school.app.extensions["runner"]
    assert runner.find(waits["ticket"]).status == "cancelled"
    also = mia.begin()
    school.says(room, "close")
    assert runner.find(also["ticket"]).status == "cancelled"
    refused = mia.post("/api/schema/pipeline/execute", json={"schema": "dada", "input_text": "x"})
    assert (refused.status_code, "closed" in refused.get_json()["error"]) == (403, True)
    assert "geschlossen" in mia.get("/", headers={"Accept-Language": "de"}).text
    for did in ("pause", "resume"):
        school.says(room, did, status=400)


def test_what_was_made_in_a_closed_room_stays_as_it_was(school, room):
    mia, tom = school.pupil(room), school.pupil(room)
    shown, hidden = mia.run(), mia.run()
    school.says(room, "share", shown)
    school.says(room, "hide", hidden)
    school.says(room, "close")
    assert [tom.sees(run) for run in (shown, hidden)] == [True, False]
    assert [school.teacher.sees(run) for run in (shown, hidden)] == [True, False]


def test_a_room_outlives_the_server(tmp_path):
    with school_in(tmp_path) as school:
        room = school.open()
        mia = school.pupil(room, "Mia")
        run, hidden = mia.run(), mia.run()
        school.says(room, "hide", hidden)
        cookie = badge_of(mia).value
    with devserver_in(tmp_path) as devserver, client_of(devserver, WebSettings(**ROLE_TOKENS)) as client:
        again = School(client.application)
        mia = again.somebody()
        mia.client.set_cookie("devserver_room", cookie)
        assert "Mia" in mia.get("/").text
        assert [mia.sees(one) for one in (run, hidden)] == [True, False]
        assert not again.somebody("class").sees(run)
        again.pupil(again.book.find(room.room_id))


def test_runs_of_a_study_with_pseudonyms_are_of_their_room_all_the_same(tmp_path, monkeypatch):
    """The record has another name for the room and for the pupil; the board knows both."""
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    study = new_study(tmp_path / "data", "garden")
    of_study = Settings(data_dir=tmp_path / "data", journal=False, study="garden")
    with (
        open_devserver(of_study, engines=engines()) as devserver,
        client_of(devserver, WebSettings(**ROLE_TOKENS)) as client,
    ):
        school = School(client.application)
        room = school.open()
        mia = school.pupil(room, "Mia")
        run = mia.run()
        [pupil] = school.book.find(room.room_id).pupils
        record = school.somebody("").get(f"/api/runs/{run}").get_json()
        assert record["session_id"] == study.pseudonyms.of("session_id", room.room_id)
        assert record["user_id"] == study.pseudonyms.of("user_id", pupil.pupil_id)
        assert who_sees(run, everybody(school, room)) == HOLDING
        assert mia.sees(run)
        page = school.teacher.get(f"/rooms/{room.room_id}").text
        assert ("Mia" in page, run in page) == (True, True)
        elsewhere = school.pupil(school.open("8a", study="winter"))
        refused = elsewhere.post("/api/schema/pipeline/execute", json={"schema": "dada", "input_text": "x"})
        assert (refused.status_code, "pseudonyms of garden" in refused.get_json()["error"]) == (400, True)


# The board, live


def live(visitor, address):
    """The messages of a stream, as they come."""
    answer = visitor.get(address)
    assert answer.status_code == 200, answer.text
    lines = (line for part in answer.response for line in part.decode().split("\n"))
    return Messages(lines)


def test_the_board_grows_with_the_runs_of_its_room_and_no_others(school, room, held):
    mia = school.pupil(room, "Mia")
    school.pupil(school.open("8a")).begin("Ein Drache")
    run = mia.begin()
    messages = live(school.teacher, f"/api/rooms/{room.room_id}/live")
    held.wait_until_asked()
    held.wait_until_asked()
    held.open()
    seen = []
    for _, kind, told in messages:
        if kind == "card":
            seen.append(told)
            if told["is_over"]:
                break
    assert {card["key"] for card in seen} == {run["ticket"]}, "a card stays itself from the queue to the store"
    assert {card["nickname"] for card in seen} == {"Mia"}
    assert len(seen[-1]["steps"]) == 8
    assert seen[-1]["status"] == "completed"
    assert "Drache" not in str(seen)


def test_what_a_check_stopped_is_on_no_card_and_said_in_words(school, room):
    mia = school.pupil(room, "Mia")
    answer = mia.post("/api/schema/pipeline/execute", json={"schema": "dada", "input_text": "Eine ISIS Flagge"})
    run = answer.get_json()["execution_id"]
    page = school.teacher.get(f"/rooms/{room.room_id}", headers={"Accept-Language": "de"}).text
    assert "ISIS" not in page
    assert "Der Satz wurde vor seiner Reise angehalten: Namen oder Zeichen verbotener Organisationen" in page
    view = school.teacher.get(f"/runs/{run}?audience=teacher", headers={"Accept-Language": "de"}).text
    assert "Eine ISIS Flagge" in view
    assert "Gefunden: „ISIS“" in view
    assert "ISIS" not in mia.get(f"/runs/{run}?audience=teacher").text, "a pupil cannot ask for that view"


def test_the_live_stream_of_a_run_ends_for_all_others_when_it_is_hidden(school, room, held):
    mia, tom = school.pupil(room), school.pupil(room)
    run = mia.begin()
    held.wait_until_asked()
    school.says(room, "share", run["execution_id"])
    streams = [live(one, f"{run['record_url']}/live") for one in (mia, tom, school.teacher)]
    for stream in streams:
        next(stream)
    everything = live(school.somebody("researcher"), f"{run['record_url']}/live")
    school.says(room, "hide", run["execution_id"])
    for stream in streams:
        assert [kind for _, kind, _ in stream][-1] == "gone"
    held.open()
    assert [kind for _, kind, _ in everything][-1] == "finished"


def test_a_shared_run_is_taken_back_from_those_who_follow_it(school, room, held):
    mia, tom = school.pupil(room), school.pupil(room)
    run = mia.begin()
    held.wait_until_asked()
    school.says(room, "share", run["execution_id"])
    own, others = (live(one, f"{run['record_url']}/live") for one in (mia, tom))
    next(others)
    school.says(room, "unshare", run["execution_id"])
    assert [kind for _, kind, _ in others][-1] == "gone"
    held.open()
    assert [kind for _, kind, _ in own][-1] == "finished"


def test_without_tokens_a_browser_that_joins_is_a_pupil_and_the_others_hold_everything(tmp_path):
    """So that one machine is enough to try a room out."""
    with devserver_in(tmp_path) as devserver, client_of(devserver, WebSettings()) as client:
        app = client.application
        address = client.post("/rooms").headers["Location"]
        room = app.extensions["rooms"].find(address.rpartition("/")[2])
        pupil = app.test_client()
        pupil.post("/join", data={"code": room.code})
        assert [one.get("/rooms").status_code for one in (client, pupil)] == [200, 403]


# Whatever a teacher says


@pytest.fixture(scope="module")
def full_school(tmp_path_factory):
    """Two rooms and the world outside, each with somebody who has a run that was let through and one that was not."""
    with school_in(tmp_path_factory.mktemp("data")) as school:
        rooms = [school.open("7b"), school.open("8a")]
        people = {
            **{f"a pupil of {room.title}": school.pupil(room) for room in rooms},
            **{role or "admin": school.somebody(role) for role in ("class", "teacher", "researcher", "")},
        }
        texts = ("Eine Blume", "Eine ISIS Flagge")
        runs = {name: [visitor.run(text) for text in texts] for name, visitor in people.items()}
        yield school, rooms, people, runs


@given(st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lists_and_single_runs_agree_whatever_is_shared_and_hidden(full_school, data):
    """And nobody in a room sees more than their own and what is shared there."""
    school, rooms, people, runs = full_school
    everything = {run for theirs in runs.values() for run in theirs}
    for room in rooms:
        theirs = sorted(runs[f"a pupil of {room.title}"])
        hidden = data.draw(st.frozensets(st.sampled_from(theirs)))
        shared = data.draw(st.frozensets(st.sampled_from(theirs))) - hidden
        school.book.change(room.room_id, lambda now, s=shared, h=hidden: replace(now, shared=s, hidden=h))
    gone = school.book.hidden
    for name, visitor in people.items():
        seen = {run for run in everything if visitor.get(f"/api/runs/{run}").status_code == 200}
        assert visitor.listed("?limit=100") == seen, name
        if name in ("researcher", "admin"):
            assert seen == everything
        else:
            assert seen >= set(runs[name]) - gone
            assert not seen & gone
        if name.startswith("a pupil of"):
            [room] = [school.book.find(one.room_id) for one in rooms if name.endswith(one.title)]
            assert seen == (set(runs[name]) | room.shared) - gone
