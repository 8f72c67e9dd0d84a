"""A teacher erases a run, or everything of a person, from its page: asked first, carried out to the end, told."""

import json
import re
import sys
from pathlib import Path

import pytest
from class_stage import CLASS_TOKEN, TOKEN, a_server, bearer
from looking_again import a_moment
from web_stage import HeldTranslator, Page, begin, devserver_in, execute, server_of

from collectors import start_recording
from devserver.web import WebSettings
from exporters import ParquetSink, read_records
from exporters.erasure import erase
from exporters.privacy.consent import Consents, consent_gate
from exporters.privacy.exports_ledger import ExportsLedger
from exporters.privacy.studies import new_study, open_study
from exporters.storage.writing.locks import compaction_lock

sys.path.append(str(Path(__file__).parents[1] / "privacy"))

from study_stage import files_with, keys_in

ANNA, STUDY = "Annabell-Zwirnbart", "garden-2026"


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def served(data):
    """A teacher's client of a real server."""
    with devserver_in(data) as devserver, server_of(devserver) as client:
        yield client


def a_run(client, text="a flower", schema="bauhaus", **fields):
    answer = execute(client, schema, text, **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["execution_id"]


def press(client, run, scope):
    """What the button of the page that asks leads to; the page that tells is asked until it is over."""
    answer = client.post(f"/runs/{run}/erase", data={"scope": scope})
    assert answer.status_code == 303, answer.text
    return over(client, answer.headers["Location"])


def over(client, address):
    """The page of an erasure when nothing more comes; until then it says that it will load itself again."""
    while 'http-equiv="refresh"' in (page := client.get(address)).text:
        assert page.status_code == 200
        a_moment()
    return page


def runs_in(client):
    return [row["execution_id"] for row in client.get("/api/runs").json()["executions"]]


def choices_on(page):
    return [one["value"] for one in Page(page).all("input") if one.get("name") == "scope"]


# The page that asks


def test_the_page_of_a_run_leads_to_one_that_says_what_would_go(served):
    """How many runs, steps and files: of this run, and of the person."""
    first, _ = a_run(served, user_id=ANNA), a_run(served, user_id=ANNA)
    links = [one.get("href") for one in Page(served.get(f"/runs/{first}").text).all("a")]
    assert f"/runs/{first}/erase" in links

    page = served.get(f"/runs/{first}/erase").text
    assert choices_on(page) == ["run", "person"]
    assert re.findall(r"Runs: (\d+) Recorded steps: (\d+) Files: (\d+)", Page(page).text)[0][0] == "1"
    assert [runs for runs, *_ in re.findall(r"Runs: (\d+) ", Page(page).text)] == ["1", "2"]
    assert ANNA in page


def test_a_run_of_nobody_offers_no_person(served):
    run = a_run(served)
    assert choices_on(served.get(f"/runs/{run}/erase").text) == ["run"]
    assert served.post(f"/runs/{run}/erase", data={"scope": "person"}).status_code == 400
    assert runs_in(served) == [run]


def test_asking_erases_nothing(served, data):
    run = a_run(served, user_id=ANNA)
    assert runs_in(served) == [run]
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*.parquet")}
    assert served.get(f"/runs/{run}/erase").status_code == 200
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*.parquet")} == before
    assert not (data / "erasures").exists()


@pytest.mark.parametrize(("language", "title"), [("en", "Erase this run?"), ("de", "Diesen Lauf löschen?")])
def test_it_asks_in_the_language_of_whoever_asks(served, language, title):
    run = a_run(served)
    assert title in served.get(f"/runs/{run}/erase", headers={"Accept-Language": language}).text


# Erased


def test_this_run_goes_and_the_persons_others_stay(served, data):
    run, other = a_run(served, f"{ANNA} paints"), a_run(served, "a hat")
    page = press(served, run, "run")
    assert "Erased" in Page(page.text).text
    assert runs_in(served) == [other]
    assert served.get(f"/runs/{run}/erase").status_code == 404
    assert files_with(ANNA, data) == []


def test_everything_of_a_person_goes_with_one_button(served, data):
    """Their pictures, too; somebody else's stay."""
    runs = [a_run(served, f"{ANNA} paints", user_id=ANNA) for _ in range(3)]
    other = a_run(served, "a hat", user_id="kim")
    press(served, runs[1], "person")
    assert runs_in(served) == [other]
    assert files_with(ANNA, data) == []
    assert all(path.name == other or run not in str(path) for path in data.rglob("*") for run in runs)


def test_every_route_has_forgotten_the_run_when_the_answer_comes(served):
    """Also before everything of it is gone: from the decision on it is not shown."""
    run = a_run(served, user_id=ANNA)
    record = served.get(f"/api/runs/{run}").json()
    medium = next(item["media"]["sha256"] for item in record["items"] if item["media"])
    address = served.post(f"/runs/{run}/erase", data={"scope": "run"}).headers["Location"]
    for name in (run, record["trace_id"]):
        for path in ("", f"/media/{medium}", f"/thumbnails/{medium}", "/export/json", "/live"):
            assert served.get(f"/api/runs/{name}{path}").status_code == 404, path
        assert served.get(f"/runs/{name}").status_code == 404
        assert served.get(f"/runs/{name}/erase").status_code == 404
        assert served.post(f"/runs/{name}/again").status_code == 404
        assert served.post(f"/runs/{name}/cancel").status_code == 404
    assert runs_in(served) == []
    over(served, address)


def test_the_page_that_tells_says_what_is_beyond_reach(served):
    """With what to do there, in the words of the page; a download is named."""
    run = a_run(served)
    served.get(f"/api/runs/{run}/export/json")
    text = Page(press(served, run, "run").text).text
    for sentence in ("What this server cannot reach", "Backup copies", "A file that was downloaded on", "Tell whoever"):
        assert sentence in text


def test_the_audit_log_says_that_it_was_done_and_not_to_which_run(served, data):
    run = a_run(served)
    served.get(f"/api/runs/{run}/export/json")
    press(served, run, "run")
    lines = [json.loads(line) for line in (data / "access" / "audit.jsonl").read_text().splitlines()]
    [line] = [line for line in lines if line["act"] == "erase"]
    assert line["reason"] == "execution"
    assert (data / "erasures" / f"{line['erasure']}.json").exists()
    assert files_with(run, data / "access") == []


def test_what_happens_after_an_erasure_is_noted_without_the_run(served, data):
    """A request that began before and notes its line afterwards brings the id nowhere."""
    run = a_run(served)
    press(served, run, "run")
    from devserver.audit import Act, Actor, Audit

    Audit(data).note(Act.EXPORT, Actor("researcher"), execution_id=run, format="json")
    assert '"act": "export"' in (data / "access" / "audit.jsonl").read_text().splitlines()[-1]
    assert files_with(run, data / "access") == []


def test_a_run_that_has_just_ended_is_not_missed(served, data):
    """It may still be on its way into the store."""
    for number in range(20):
        runs = [a_run(served, "a flower", "dada", user_id=f"{ANNA}-{number}") for _ in range(3)]
        press(served, runs[-1], "person")
        assert runs_in(served) == []
    assert files_with(ANNA, data) == []


# Not yet


def test_a_run_under_way_and_one_that_waits_are_not_erased_and_can_be_stopped(data):
    held = HeldTranslator()
    with devserver_in(data, translator=held) as devserver, server_of(devserver, WebSettings(slots=1)) as client:
        runs = [begin(client, user_id=ANNA), begin(client, user_id=ANNA)]
        held.wait_until_asked()
        for run in runs:
            for answer in (
                client.get(f"/runs/{run['ticket']}/erase"),
                client.post(f"/runs/{run['ticket']}/erase", data={"scope": "run"}),
            ):
                assert answer.status_code == 409
                [form] = Page(answer.text).all("form")
                assert form["action"].endswith("/cancel")
            answer = client.post(f"/api/runs/{run['ticket']}/erase", json={"scope": "run"})
            assert (answer.status_code, answer.json()["status"]) == (409, "error")
        held.open()


def test_a_person_with_a_run_under_way_is_told_of_it(data):
    """What that run still brings would come after the erasure."""
    held = HeldTranslator()
    with devserver_in(data, translator=held) as devserver, server_of(devserver) as client:
        done = begin(client, schema="bauhaus", user_id=ANNA)["ticket"]
        held.wait_until_asked()
        held.release()
        assert client.runner.find(done).done.wait(30)
        going = begin(client, user_id=ANNA)
        held.wait_until_asked()
        answer = client.post(f"/runs/{done}/erase", data={"scope": "person"})
        assert answer.status_code == 409
        assert client.runner.find(going["ticket"]).name in answer.text
        held.open()
        assert client.runner.find(going["ticket"]).done.wait(30)
        press(client, done, "person")
        assert runs_in(client) == []


# Carried out to the end


def test_a_second_erasure_waits_for_the_first(served, data):
    """One after another, each on the page of its own."""
    runs = [a_run(served, f"flower {number}") for number in range(3)]
    addresses = [served.post(f"/runs/{run}/erase", data={"scope": "run"}).headers["Location"] for run in runs]
    assert len(set(addresses)) == 3
    assert all("Erased" in over(served, address).text for address in addresses)
    assert runs_in(served) == []


def test_while_something_else_is_at_work_nothing_is_decided_and_the_page_says_so(served, data):
    run = a_run(served)
    assert runs_in(served) == [run]
    with compaction_lock(data):
        address = served.post(f"/runs/{run}/erase", data={"scope": "run"}).headers["Location"]
        assert "Waiting its turn" in served.get(address).text
        assert runs_in(served) == [run]
    assert "Erased" in over(served, address).text
    assert runs_in(served) == []


def test_whoever_asks_after_a_restart_is_told_from_the_report(data):
    with a_server(data, "open") as client:
        run = a_run(client)
        address = press_here(client, run)
    with a_server(data, "open") as client:
        page = client.get(address)
        assert page.status_code == 200
        assert "Erased" in Page(page.text).text
        told = client.get(f"/api{address}").json()
        assert (told["state"], told["report"]["runs"], told["report"]["complete"]) == ("done", 1, True)


def press_here(client, run):
    address = client.post(f"/runs/{run}/erase", data={"scope": "run"}).headers["Location"]
    over(client, address)
    return address


class Dead(Exception):
    """The process ends here."""


def test_an_erasure_that_a_death_cut_off_is_told_by_the_next_server(data):
    """It was decided: the server that is started next has finished it, and its page says so."""
    with devserver_in(data) as devserver, server_of(devserver) as client:
        run = a_run(client)

    def die(step):
        if step == "report":
            raise Dead

    with pytest.raises(Dead):
        erase(data, lambda _: True, reason="execution", erasure="0e3a05610e3a0561", step=die)
    with a_server(data, "open") as client:
        assert client.get("/api/erasures/0e3a05610e3a0561").json()["state"] == "done"
        assert client.get(f"/runs/{run}").status_code == 404


def test_one_that_cannot_be_carried_out_says_what_hindered_it(served, data):
    """The decision has nowhere to lie: nothing is erased, and once that is mended it works."""
    run = a_run(served)
    assert runs_in(served) == [run]
    (data / "erasures").write_text("in the way", "utf-8")
    page = press(served, run, "run")
    assert "Not erased" in Page(page.text).text
    assert "erasures" in Page(page.text).text
    assert runs_in(served) == [run]
    (data / "erasures").unlink()
    assert "Erased" in press(served, run, "run").text
    assert runs_in(served) == []


def test_an_erasure_that_nobody_knows_is_not_there(served):
    for name in ("0e3a05610e3a0561", "tombstones", "..%2Fprivacy", "x" * 300):
        assert served.get(f"/erasures/{name}").status_code == 404
        assert served.get(f"/api/erasures/{name}").status_code == 404


# For programs


def test_a_program_is_told_where_to_ask(served):
    run, other = a_run(served, user_id=ANNA), a_run(served, user_id="kim")
    answer = served.post(f"/api/runs/{run}/erase", json={"scope": "person"})
    assert answer.status_code == 202
    assert answer.headers["Location"] == answer.json()["erasure_url"]
    over(served, f"/erasures/{answer.json()['erasure']}")
    told = served.get(answer.json()["erasure_url"]).json()
    assert (told["state"], told["report"]["runs"], told["report"]["left"]) == ("done", 1, [])
    assert {one["place"] for one in told["report"]["beyond"]} >= {"backups", "viewers", "brokers", "copies"}
    assert runs_in(served) == [other]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "scope is None; run or person would work"),
        ({"scope": "all"}, "scope is 'all'"),
        ({"scope": ["run"]}, "run or person would work"),
        ({"scope": "run", "withdraw": 1}, "withdraw is 1; true or false would work"),
        ({"scope": "run", "withdraw": True}, "scope person would work"),
        ({"scope": "person", "withdraw": True}, "of no study"),
        (["run"], 'not an object; {"scope": "run"} would work'),
    ],
)
def test_what_cannot_be_wished_is_said_and_erases_nothing(served, body, sentence):
    run = a_run(served, user_id=ANNA)
    answer = served.post(f"/api/runs/{run}/erase", json=body)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert runs_in(served) == [run]


def test_pupils_and_pages_of_other_sites_erase_nothing(data):
    """Whether the run is there is not told either."""
    settings = WebSettings(token=TOKEN, class_token=CLASS_TOKEN)
    with devserver_in(data) as devserver, server_of(devserver, settings) as client:
        client.headers = bearer(TOKEN)
        run = a_run(client)
        pupil, form = bearer(CLASS_TOKEN), {"data": {"scope": "run"}}
        asked = [
            client.get(f"/runs/{name}/erase", headers=pupil).status_code
            for name in (run, "exec_20260101_000000_nobody")
        ]
        assert asked == [403, 403]
        assert client.post(f"/runs/{run}/erase", headers=pupil, **form).status_code == 403
        assert client.post(f"/api/runs/{run}/erase", headers=pupil, json={"scope": "run"}).status_code == 403
        assert "/erase" not in client.get(f"/runs/{run}", headers=pupil).text
        for header in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
            assert client.post(f"/runs/{run}/erase", headers=header, **form).status_code == 403
        assert runs_in(client) == [run]


# Somebody withdraws, and what may leave


@pytest.fixture
def study(data, tmp_path, monkeypatch):
    """A study whose runs leave with consent, and whose roster has Anna's name."""
    keys_in(tmp_path, monkeypatch)
    data.mkdir()
    roster = tmp_path / "class.txt"
    roster.write_text(f"{ANNA}\n", "utf-8")
    return new_study(data, STUDY, pseudonyms_at="export", roster=roster)


def says(data, state, person=ANNA):
    from exporters.privacy.consent_lists import checked_consent

    Consents(data, open_study(data, STUDY)).note([(person, checked_consent(state, "guardian", "2026-01-01"))])


def test_who_withdraws_is_noted_and_erased(study, served, data):
    says(data, "given")
    runs = [a_run(served, user_id=ANNA, study_id=STUDY) for _ in range(2)]
    assert choices_on(served.get(f"/runs/{runs[0]}/erase").text) == ["run", "person", "withdraw"]
    press(served, runs[0], "withdraw")
    assert runs_in(served) == []
    [_given, withdrawn] = Consents(data, study).history(ANNA)
    assert (withdrawn.state, withdrawn.by) == ("withdrawn", "teacher")
    assert Consents(data, study).counts() == {"withdrawn": 1}
    later = a_run(served, user_id=ANNA, study_id=STUDY)
    assert runs_in(served) == [later]
    assert not consent_gate(data).lets_out(next(read_records(data, execution_id=later)))


def test_a_pseudonym_and_the_name_behind_it_are_one_person(study, served, data):
    """Runs from before the study had pseudonyms at the source, and those from after."""
    named = a_run(served, user_id=ANNA, study_id=STUDY)
    with start_recording([ParquetSink(data)], journal=False, pseudonyms=study.pseudonyms) as recording:
        with recording.tracker().execution("dada", user_id=ANNA, study_id=STUDY) as run:
            veiled = run.execution_id
        assert recording.flush(timeout=30)
    other = a_run(served, user_id="kim", study_id=STUDY)
    assert set(runs_in(served)) == {named, veiled, other}
    press(served, veiled, "person")
    assert runs_in(served) == [other]


def test_without_the_key_nobody_can_withdraw_here(study, served):
    run = a_run(served, user_id=ANNA, study_id=STUDY)
    study.key_path.unlink()
    page = served.get(f"/runs/{run}/erase")
    assert "the key of the study cannot be opened" in page.text
    [one] = [one for one in Page(page.text).all("input") if one.get("value") == "withdraw"]
    assert "disabled" in one
    assert served.post(f"/runs/{run}/erase", data={"scope": "withdraw"}).status_code == 400
    assert runs_in(served) == [run]


def links_of(page):
    return [one["href"] for one in Page(page).all("a") if "/export/" in one.get("href", "")]


def test_downloads_are_offered_under_each_profile(study, served, data):
    says(data, "given")
    run = a_run(served, f"{ANNA} paints", user_id=ANNA, study_id=STUDY)
    assert all("profile=" not in link for link in links_of(served.get(f"/runs/{run}").text))
    for profile in ("pseudonymous", "public"):
        page = served.get(f"/runs/{run}?audience=researcher&profile={profile}").text
        links = links_of(page)
        assert links
        assert all(f"profile={profile}" in link for link in links)
        [link] = [link for link in links if "/json?" in link]
        document = served.get(link)
        assert document.status_code == 200
        assert ANNA not in document.text
        assert run not in document.text or profile == "pseudonymous"
        # The students' view has the same choice.
        [link] = [link for link in links_of(served.get(f"/runs/{run}?profile={profile}").text) if "/html" in link]
        document = served.get(link)
        assert (document.status_code, ANNA in document.text) == (200, False)
    assert "user-" in served.get(f"/api/runs/{run}/export/json?profile=pseudonymous").text
    assert ANNA in served.get(f"/api/runs/{run}/export/json?profile=full").text


def test_each_download_has_a_line_in_the_ledger(study, served, data):
    says(data, "given")
    run = a_run(served, user_id=ANNA, study_id=STUDY)
    for query in ("", "?profile=full", "?profile=pseudonymous", "?profile=public", "?profile=nothing"):
        served.get(f"/api/runs/{run}/export/json{query}")
    kept = [(one.kind, one.profile) for one in ExportsLedger(data).exports()]
    assert kept == [("download", profile) for profile in ("full", "full", "pseudonymous", "public")]


def test_a_profile_that_nobody_knows_is_refused(served):
    run = a_run(served)
    answer = served.get(f"/api/runs/{run}/export/json?profile=secret")
    assert (answer.status_code, "pseudonymous" in answer.json()["error"]) == (400, True)
    assert served.get(f"/runs/{run}?profile=secret").status_code == 200


@pytest.mark.parametrize(
    ("state", "sentence"), [(None, "Nobody has said yes"), ("withdrawn", "has withdrawn their consent")]
)
def test_a_run_that_may_not_leave_says_so_in_place_of_buttons(study, served, data, state, sentence):
    if state:
        says(data, state)
    run = a_run(served, user_id=ANNA, study_id=STUDY)
    page = served.get(f"/runs/{run}?audience=researcher").text
    assert "This run may not leave" in Page(page).text
    assert sentence in Page(page).text
    assert links_of(page) == []
    for query in ("", "?profile=public"):
        answer = served.get(f"/api/runs/{run}/export/json{query}")
        assert (answer.status_code, "may not leave" in answer.json()["error"]) == (409, True)
    assert ExportsLedger(data).exports() == []


def test_a_profile_that_cannot_be_had_says_why(study, served, data):
    says(data, "given")
    nowhere = a_run(served, user_id=ANNA)
    elsewhere = a_run(served, user_id=ANNA, study_id="another")
    assert "needs a study: this run is of none" in served.get(f"/runs/{nowhere}").text
    assert "which this server does not know" in served.get(f"/runs/{elsewhere}").text
    for run in (nowhere, elsewhere):
        assert served.get(f"/api/runs/{run}/export/json?profile=public").status_code == 409
        # Asked for all the same, the page offers what can be had.
        assert all("profile=" not in link for link in links_of(served.get(f"/runs/{run}?profile=public").text))


def test_pupils_take_home_what_they_may_see_whatever_they_ask_for(study, data):
    """Their own copy is theirs, also without consent; no profile makes it more."""
    settings = WebSettings(token=TOKEN, class_token=CLASS_TOKEN)
    with devserver_in(data) as devserver, server_of(devserver, settings) as client:
        client.headers = bearer(TOKEN)
        run = a_run(client, user_id=ANNA, study_id=STUDY)
        pupil = bearer(CLASS_TOKEN)
        page = client.get(f"/runs/{run}?profile=public", headers=pupil).text
        assert links_of(page)
        assert all("profile=" not in link for link in links_of(page))
        assert "profiles" not in page
        plain = client.get(f"/api/runs/{run}/export/html", headers=pupil)
        assert (plain.status_code, ANNA in plain.text) == (200, False)
        for profile in ("full", "pseudonymous", "nothing"):
            answer = client.get(f"/api/runs/{run}/export/html?profile={profile}", headers=pupil)
            assert (answer.status_code, answer.text) == (200, plain.text)
            assert client.get(f"/api/runs/{run}/export/json?profile={profile}", headers=pupil).status_code == 403
