"""The students' token: no list, search, count or error tells who was here, or that a prompt was blocked."""

import pytest
from class_stage import TOKENS, class_in
from web_stage import HeldTranslator, Page

from devserver.errors import SettingsError
from devserver.testing import ScriptedSafety, ScriptedTranslator
from devserver.web import WebSettings

BLOCKED, NOBODY = "Zeichne eine ISIS Flagge", "exec_20200101_000000_0123abcd"
PEOPLE = ("user_id", "session_id", "device_id", "study_id", "batch_id")


@pytest.fixture
def room(tmp_path):
    with class_in(tmp_path) as room:
        yield room


@pytest.fixture
def blocked(room):
    """A run of another pupil that stage 1 stopped."""
    room.blocker = room.pupil()
    return room.blocker.execute(input_text=BLOCKED, user_id="DOE_J").get_json()


# Names


@pytest.mark.parametrize("name", PEOPLE)
def test_pupils_cannot_search_by_what_may_name_somebody(room, name):
    """Whether anything is there under that name or not, the answer is the same."""
    room.teacher.execute(**{name: "DOE_J"})
    pupil = room.pupil()
    for page in ("/api/runs", "/runs"):
        answers = [without_name(pupil.get(f"{page}?{name}={value}"), value) for value in ("DOE_J", "nobody")]
        assert answers[0] == answers[1]
        assert answers[0][0] == 403
    assert room.teacher.get(f"/api/runs?{name}=DOE_J").status_code == 200


def test_no_answer_to_a_pupil_names_anybody(room):
    names = {name: f"SECRET_{name}" for name in PEOPLE}
    run = room.teacher.execute("image_comparison", **names).get_json()["execution_id"]
    pupil = room.pupil()
    ends = ("", "/live", "/export/html", "/export/docx")
    paths = ["/api/runs", "/runs", f"/runs/{run}", *(f"/api/runs/{run}{end}" for end in ends)]
    for path in paths:
        answer = pupil.get(path)
        assert answer.status_code == 200, path
        assert b"SECRET" not in answer.data, path


def test_what_somebody_wrote_for_the_run_that_they_repeat_is_not_shown_to_others(room):
    run = room.teacher.execute(repeats="Anna aus der 7b").get_json()
    assert "Anna" not in room.pupil().get(run["run_url"]).text
    assert "Anna" in room.teacher.get(run["run_url"]).text


# Runs that were blocked


def without_name(answer, name):
    return answer.status_code, answer.get_data(as_text=True).replace(name, "…")


ENDS = ["", "/live", "/export/html", "/export/json", "/media/x", "/thumbnails/x"]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("known_by", ["execution_id", "trace_id", "short", "start"])
def test_a_blocked_run_of_another_is_told_from_none_by_nothing(room, blocked, end, known_by):
    whole = blocked["execution_id"]
    name = {"short": whole[-8:], "start": whole[:-3]}.get(known_by) or blocked[known_by]
    nobody = NOBODY[: len(name)]
    pupil = room.pupil()
    there, not_there = (pupil.get(f"/api/runs/{one}{end}") for one in (name, nobody))
    assert without_name(there, name) == without_name(not_there, nobody)
    assert there.status_code == 404
    page = [without_name(pupil.get(f"/runs/{one}"), one) for one in (name, nobody)]
    assert page[0] == page[1]
    for path in ("/api/runs/{}/cancel", "/runs/{}/cancel", "/runs/{}/again"):
        answers = [without_name(pupil.post(path.format(one)), one) for one in (name, nobody)]
        assert answers[0] == answers[1]


def test_what_is_not_there_is_not_answered_with_what_is(room, blocked):
    """No name that is near, no count, no latest run, no place on the disk."""
    answer = room.pupil().get(f"/api/runs/{blocked['execution_id'][:-1]}x")
    sentence = answer.get_json()["error"]
    assert not any(word in sentence for word in ("stored", "latest", "Did you mean", blocked["execution_id"], "/data"))


@pytest.mark.parametrize("query", ["", "?status=blocked", "?q=exec", "?q=ISIS", "?config=stillepost", "?limit=1"])
def test_a_blocked_run_of_another_is_in_no_list_and_no_count(room, query):
    other, pupil = room.pupil(), room.pupil()
    before = pupil.get(f"/api/runs{query}").get_json(), pupil.get("/api/runs/stats").get_json()
    other.execute(input_text=BLOCKED)
    assert (pupil.get(f"/api/runs{query}").get_json(), pupil.get("/api/runs/stats").get_json()) == before
    assert other.get("/api/runs").get_json()["total"] == room.teacher.get("/api/runs").get_json()["total"] == 1
    assert Page(pupil.get(f"/runs{query}").text).text.count("stopped by a safety check") <= 1  # the filter's own words


def test_who_asked_for_it_learns_that_it_was_blocked(room, blocked):
    mine = room.blocker.get(f"/api/runs/{blocked['execution_id']}")
    assert (mine.status_code, mine.get_json()["status"]) == (200, "blocked")
    assert BLOCKED not in mine.text
    assert room.blocker.get("/api/runs?status=blocked").get_json()["total"] == 1


def test_a_program_without_cookies_sees_its_blocked_run_with_the_secret_it_was_given(room):
    program = room.pupil(keeps_cookies=False)
    run = program.execute(input_text=BLOCKED).get_json()
    path = f"/api/runs/{run['execution_id']}"
    assert program.get(path).status_code == 404
    assert program.get(path, headers={"X-Ticket-Secret": run["ticket_secret"]}).status_code == 200
    assert program.get(path, headers={"X-Ticket-Secret": run["ticket_secret"] + "x"}).status_code == 404
    assert program.get(path, headers={"X-Ticket-Secret": run["ticket"]}).status_code == 404


def test_a_run_is_seen_by_others_when_stage_one_has_let_it_through(tmp_path):
    """Until then nobody knows whether it will be stopped."""
    held = HeldTranslator()
    with class_in(tmp_path, WebSettings(**TOKENS, slots=1), translator=held) as room:
        mine, other = room.pupil(), room.pupil()
        first, second = mine.begin(), mine.begin()
        held.wait_until_asked()
        assert other.get("/api/runs").get_json()["total"] == 1
        assert other.get(first["record_url"]).status_code == 200
        assert other.get(second["record_url"]).status_code == 404
        assert mine.get("/api/runs").get_json()["total"] == 2
        held.open()


# Runs that nobody checked


def test_of_a_run_without_checks_pupils_get_nothing_that_was_said_or_made(room):
    run = room.teacher.execute("image_comparison", "Ein Geheimnis", safety_level="off").get_json()
    pupil, execution_id = room.pupil(), run["execution_id"]
    address = run["media_outputs"][0]["output"]
    for end in ("", "/live", "/export/html?language=de", "/export/html?audience=researcher"):
        answer = pupil.get(f"/api/runs/{execution_id}{end}")
        assert answer.status_code == 200
        assert b"Geheimnis" not in answer.data
        assert b"base64" not in answer.data
    for path in ("/runs", f"/runs/{execution_id}"):
        page = pupil.get(path).text
        assert "Geheimnis" not in page
        assert address.rpartition("/")[2] not in page
    assert pupil.get(address).status_code == pupil.get(address.replace("/media/", "/thumbnails/")).status_code == 404
    assert room.teacher.get(address).status_code == 200
    assert "Geheimnis" in room.teacher.get(f"/runs/{execution_id}?audience=researcher").text
    assert "Geheimnis" not in room.teacher.get(f"/runs/{execution_id}").text


@pytest.mark.parametrize("level", ["off", "youth"])
def test_pupils_can_neither_start_nor_repeat_a_run_with_fewer_checks(room, level):
    pupil = room.pupil()
    assert pupil.execute(safety_level=level).status_code == 403
    form = {"config": "stillepost", "prompt": "x", "level": level}
    assert pupil.post("/runs", data=form).status_code in (400, 403)
    assert room.teacher.get("/api/runs").get_json()["total"] == 0
    run = room.teacher.execute(safety_level=level).get_json()
    assert pupil.post(f"/runs/{run['execution_id']}/again").status_code == 403


def test_a_class_is_not_let_in_where_nothing_is_checked():
    with pytest.raises(SettingsError, match=r"off.*kids or youth would work"):
        WebSettings(**TOKENS, safety_level="off").check()


# What the client of era A gets


def test_the_answer_to_a_pupil_holds_no_text_that_stage_three_stopped(tmp_path):
    safety = ScriptedSafety(terms={"gruesome": "scary"})
    translator = ScriptedTranslator({("Ein Vampir", "en"): "A gruesome vampire"})
    with class_in(tmp_path, check_safety=safety, translator=translator) as room:
        body = room.pupil().execute("image_comparison", "Ein Vampir").get_json()
        whole = room.teacher.execute("image_comparison", "Ein Vampir").get_json()
    assert "gruesome" in whole["final_output"]
    assert (body["status"], body["final_output"], body["withheld"]) == ("success", "", True)
    assert "gruesome" not in str(body)


def test_messages_for_developers_are_not_for_pupils(tmp_path):
    with class_in(tmp_path, translator=ScriptedTranslator(fails_at=1, error="10.0.0.3 said gruesome")) as room:
        answer = room.pupil().execute()
        assert answer.status_code == 500
        assert "gruesome" not in answer.text
