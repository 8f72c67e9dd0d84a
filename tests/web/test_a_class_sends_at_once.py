"""A class sends at once, and some send forty times: the others wait as if nobody had."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from class_stage import CLASS_TOKEN, TOKENS, bearer
from serve_stage import HeldModel
from web_stage import PATIENCE, devserver_in, server_of

from devserver.testing import PNG, ScriptedMaker
from devserver.web import WebSettings
from devserver.web.visitors.pupils import COOKIE
from exporters import read_records

PUPILS, FLOODS, TIMES = 15, 3, 40
ONE_SLOT = WebSettings(**TOKENS, slots=1)
NAMES = [f"pupil {number}" for number in range(PUPILS)]


@contextmanager
def a_pupil(served):
    """A browser of a pupil's own, which has looked at the start page."""
    with httpx.Client(
        base_url=served.base_url, headers=bearer(CLASS_TOKEN), timeout=PATIENCE, trust_env=False
    ) as client:
        assert client.get("/").status_code == 200
        yield client


def send(client, prompt, **headers):
    body = {"schema": "dada", "input_text": prompt}
    return client.post("/api/schema/pipeline/execute?wait=0", json=body, headers=headers)


@contextmanager
def a_class_room(folder, model, settings=ONE_SLOT):
    """A server with tokens, whose runs wait for the model."""
    dada = ScriptedMaker(lambda text, seed: model(text), media_format="text/plain")
    with devserver_in(folder, dada=dada) as devserver, server_of(devserver, settings) as served:
        yield served
        model.is_open.set()


def order_of_a_class(folder, times):
    """In which order the pupils' sentences were run, where three of them send so many; and what else was answered.

    All send at once, the three first of all; a sentence is called after its pupil.
    """
    model = HeldModel()
    with a_class_room(folder, model) as served, ThreadPoolExecutor(PUPILS) as class_:
        clients = [a_pupil(served) for _ in range(PUPILS)]
        pupils = [client.__enter__() for client in clients]
        # What keeps the only slot busy, while all send.
        send(served, "x", **bearer(TOKENS["token"]))
        assert model.asked.acquire(timeout=PATIENCE)
        ready = threading.Barrier(FLOODS)

        def flood(number):
            ready.wait(PATIENCE)
            return [send(pupils[number], NAMES[number]) for _ in range(times)]

        floods = [answer for answers in class_.map(flood, range(FLOODS)) for answer in answers]
        others = list(class_.map(lambda number: send(pupils[number], NAMES[number]), range(FLOODS, PUPILS)))
        assert [answer.status_code for answer in others] == [202] * (PUPILS - FLOODS)
        positions = sorted(answer.json()["position"] for answer in others)
        model.is_open.set()
        for job in served.runner.jobs():
            assert job.done.wait(PATIENCE)
        for client in clients:
            client.__exit__(None, None, None)
    records = sorted(read_records(folder), key=lambda record: record.timestamp)
    prompts = [{item.content for item in record.items if item.content in NAMES} for record in records]
    return [prompt for (prompt,) in filter(None, prompts)], positions, floods


def test_the_others_wait_as_if_nobody_had_sent_forty_times(tmp_path):
    quiet, quiet_positions, _ = order_of_a_class(tmp_path / "quiet", 1)
    loud, loud_positions, floods = order_of_a_class(tmp_path / "loud", TIMES)
    assert quiet_positions == loud_positions == list(range(FLOODS + 1, PUPILS + 1))
    assert set(quiet) == set(loud[:PUPILS]) == set(NAMES), "everybody's first sentence comes before anybody's second"
    assert loud[PUPILS:] == loud[:FLOODS], "and then those have their second turn who sent more, in the same order"
    refused = [answer for answer in floods if answer.status_code != 202]
    assert len(refused) == FLOODS * (TIMES - 2)
    assert {(answer.status_code, answer.json()["reason"]) for answer in refused} == {(429, "own_limit")}
    assert all(int(answer.headers["Retry-After"]) == answer.json()["retry_after"] > 0 for answer in refused)


@pytest.fixture
def model():
    return HeldModel()


@pytest.fixture
def served(tmp_path, model):
    """One run at a time, and two more may wait of each pupil."""
    with a_class_room(tmp_path, model) as served:
        yield served


@pytest.mark.parametrize(
    ("language", "says", "again"),
    [
        ("en", "Enough of your own journeys are waiting already. Try again in", "Your sentence is still here."),
        ("de", "Von dir warten schon genug Reisen. Versuch es in", "Dein Satz steht noch da."),
    ],
)
def test_who_has_enough_waiting_keeps_the_sentence_and_is_told_when_to_try_again(served, language, says, again):
    with a_pupil(served) as pupil:
        form = {"config": "dada", "prompt": "Mein langer Satz"}
        assert [pupil.post("/runs", data=form).status_code for _ in range(3)] == [303] * 3
        answer = pupil.post("/runs", data=form, headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert says in answer.text
    assert again in answer.text
    assert ">Mein langer Satz</textarea>" in answer.text


def test_pictures_that_could_not_be_kept_are_asked_for_again(served):
    with a_pupil(served) as pupil:
        for _ in range(3):
            send(pupil, "x")
        form = {"config": "image_input", "prompt": "x"}
        answer = pupil.post("/runs", data=form, files={"images": ("a.png", PNG)})
    assert answer.status_code == 429
    assert "Choose your pictures again." in answer.text


def test_one_that_cannot_be_repeated_now_says_so_on_a_page(served, model):
    model.is_open.set()
    with a_pupil(served) as pupil:
        run = pupil.post("/api/schema/pipeline/execute", json={"schema": "dada", "input_text": "x"}).json()
        model.is_open.clear()
        for _ in range(3):
            send(pupil, "x")
        answer = pupil.post(f"{run['run_url']}/again", headers={"Accept-Language": "de"})
    assert answer.status_code == 429
    assert "Versuch es in" in answer.text
    assert int(answer.headers["Retry-After"]) >= 3


def test_a_program_without_cookies_takes_the_turns_of_its_address(served, model):
    """Each of its requests comes from somebody new, as far as cookies say."""
    with a_pupil(served) as pupil:
        send(pupil, "first")
        assert model.asked.acquire(timeout=PATIENCE)
        answers = []
        for _ in range(4):
            with httpx.Client(base_url=served.base_url, trust_env=False) as program:
                answers.append(send(program, "x", **bearer(CLASS_TOKEN)))
        assert [answer.status_code for answer in answers] == [202, 202, 429, 429]
        assert COOKIE in answers[0].cookies
        assert send(pupil, "second").json()["position"] == 2, "after one of theirs"


def test_who_has_the_full_token_is_held_to_no_bounds_of_their_own(served):
    answers = [send(served, "x", **bearer(TOKENS["token"])) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {202}


def test_how_many_runs_are_each_pupils_is_set_from_outside(tmp_path):
    """Two at once, and one more."""
    environment = {"DEVSERVER_RUNS_PER_PUPIL": "2", "DEVSERVER_WAITING_PER_PUPIL": "1"}
    numbers = WebSettings.from_environment(environment=environment)
    settings = WebSettings(
        **TOKENS, slots=4, runs_per_pupil=numbers.runs_per_pupil, waiting_per_pupil=numbers.waiting_per_pupil
    )
    model = HeldModel()
    with a_class_room(tmp_path, model, settings) as served, a_pupil(served) as pupil:
        answers = [send(pupil, "x") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert [answer.json()["position"] for answer in answers[:3]] == [0, 0, 1]
