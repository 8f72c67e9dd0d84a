"""`GET /api/runs/<id>/live` over real sockets: each step arrives while the next is still held."""

import threading
from contextlib import contextmanager

import httpx
import pytest
from web_stage import PATIENCE, HeldTranslator, Messages, begin, devserver_in, execute, messages_of, server_of

from devserver.testing import ScriptedSafety
from devserver.web import WebSettings


@pytest.fixture
def held():
    return HeldTranslator()


@pytest.fixture
def served(tmp_path, held):
    """A client of a real server whose translations wait to be released."""
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver) as client:
        yield client
        held.open()


@contextmanager
def watching(client, run, **options):
    """The messages of a run."""
    with client.stream("GET", run["live_url"], **options) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Messages(response.iter_lines())


def hop(number):
    return f"s2-interception_iteration-{number}"


def is_in(key, state):
    """Whether a box has come to that state."""
    return lambda boxes, message: boxes.get(key, {}).get("state") == state


def is_finished(boxes, message):
    return message[1] == "finished"


def test_hop_three_arrives_while_hop_four_is_held(served, held):
    run = begin(served)
    with watching(served, run) as messages:
        for number in (1, 2, 3):
            held.wait_until_asked()
            boxes, _ = messages.until(is_in(hop(number), "working"))
            held.release()
            boxes, _ = messages.until(is_in(hop(number), "done"))
        assert boxes[hop(3)]["way"] == ["Spanish", "French"]
        assert boxes[hop(3)]["text"] == "Eine Blume auf der Wiese [en] [es] [fr]"
        held.wait_until_asked()
        boxes, _ = messages.until(is_in(hop(4), "working"))
        assert served.get(run["record_url"]).json()["status"] == "running"
        held.open()
        boxes, seen = messages.until(is_finished)
    assert boxes["s2-interception_final"]["state"] == "done"
    assert seen[-1][2]["run"]["status"] == "completed"
    assert served.get(run["record_url"]).json()["status"] == "completed"


def test_a_stream_begins_with_every_box_that_is_expected(served, held):
    with watching(served, begin(served)) as messages:
        boxes, _ = messages.until(lambda boxes, message: hop(8) in boxes)
    assert messages.retry == "2000"
    assert boxes[hop(8)]["state"] == "waiting"
    checks = ["s1-stage1_safety_check", "s3-stage3_safety_check"]
    texts = ["s1-user_input_text", *(hop(n) for n in range(1, 9)), "s2-interception_final"]
    assert sorted(boxes) == sorted([*checks, *texts])


def test_two_watchers_see_the_same(served, held):
    run, seen = begin(served), {}
    here = threading.Barrier(3)

    def watch(name):
        with watching(served, run) as messages:
            _, first = messages.until(is_in(hop(1), "working"))
            here.wait()
            seen[name] = [*first, *messages]

    threads = [threading.Thread(target=watch, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    here.wait()
    held.open()
    for thread in threads:
        thread.join()
    assert seen["a"] == seen["b"]
    assert seen["a"][-1][1] == "finished"


def test_who_comes_back_gets_what_was_missed_and_nothing_twice(served, held):
    run = begin(served)
    with watching(served, run) as messages:
        _, before = messages.until(is_in(hop(1), "working"))
    held.release()
    held.wait_until_asked()
    held.wait_until_asked()
    with watching(served, run, headers={"Last-Event-ID": before[-1][0]}) as messages:
        _, after = messages.until(is_in(hop(2), "working"))
    numbers = [message[2]["number"] for message in [*before, *after]]
    assert numbers == list(range(1, len(numbers) + 1))
    # What was known already is not told again.
    assert "s1-user_input_text" not in {box["key"] for message in after for box in message[2]["boxes"]}
    held.open()


def test_a_watcher_who_leaves_takes_nothing_along(served, held):
    run = begin(served)
    with watching(served, run) as messages:
        messages.until(is_in(hop(1), "working"))
    held.open()
    assert served.runner.find(run["execution_id"]).done.wait(PATIENCE)
    record = served.get(run["record_url"]).json()
    assert record["status"] == "completed"
    assert sum(item["item_type"] == "interception_iteration" for item in record["items"]) == 8


def test_a_client_who_waits_for_its_run_and_leaves_does_not_end_it(served, held):
    with pytest.raises(Exception, match="timed out"):
        served.post(
            "/api/schema/pipeline/execute",
            json={"schema": "stillepost", "input_text": "x"},
            timeout=httpx.Timeout(PATIENCE, read=0.3),
        )
    held.wait_until_asked()
    [job] = served.runner.jobs()
    held.open()
    assert job.done.wait(PATIENCE)
    assert served.get(f"/api/runs/{job.execution_id}").json()["status"] == "completed"


def test_a_run_that_is_over_is_told_again_from_its_record(client):
    run = execute(client).get_json()
    told = messages_of(client.get(run["live_url"]))
    boxes = {box["key"]: box for message in told for box in message[2]["boxes"]}
    assert [message[0] for message in told] == [f"r{number}" for number in range(1, len(told) + 1)]
    assert (told[0][1], told[-1][1]) == ("started", "finished")
    assert [boxes[hop(number)]["state"] for number in range(1, 9)] == ["done"] * 8
    assert told[-1][2]["run"]["status"] == "completed"


def test_live_and_recorded_runs_come_to_the_same_boxes(tmp_path):
    with devserver_in(tmp_path) as devserver, server_of(devserver) as served:
        held_run = begin(served, schema="image_comparison")
        with watching(served, held_run) as messages:
            live, _ = messages.until(is_finished)
        with watching(served, held_run) as messages:
            stored, _ = messages.until(is_finished)
    assert live == stored


def test_whoever_has_seen_the_end_gets_nothing_more(client):
    run = execute(client).get_json()
    last = messages_of(client.get(run["live_url"]))[-1][0]
    answer = client.get(run["live_url"], headers={"Last-Event-ID": last})
    assert (answer.status_code, answer.data) == (204, b"")


def test_numbers_of_the_live_feed_mean_nothing_in_a_record(client):
    run = execute(client).get_json()
    told = messages_of(client.get(run["live_url"], headers={"Last-Event-ID": "20"}))
    assert told[0][0] == "r1"


@pytest.mark.parametrize("after", ["-1", "x", "r", "r-1", "9" * 30, "r9x", "\u0661"])
def test_an_id_that_is_none_is_the_beginning(client, after):
    run = execute(client).get_json()
    assert messages_of(client.get(f"{run['live_url']}?after={after}"))[0][0] == "r1"


def test_a_run_that_waits_tells_its_place_and_then_itself(tmp_path, held):
    settings = WebSettings(slots=1)
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver, settings) as served:
        first, second, third = begin(served), begin(served), begin(served)
        assert (first["position"], second["position"], third["position"]) == (0, 1, 2)
        with watching(served, third) as messages:
            assert next(messages) == (None, "queued", {"position": 2})
            held.open()
            _, seen = messages.until(is_finished)
    kinds = [kind for _, kind, _ in seen]
    assert "started" in kinds
    assert seen[-1][2]["run"]["status"] == "completed"


def test_a_quiet_stream_says_that_it_is_there(tmp_path, held):
    with (
        devserver_in(tmp_path, translator=held) as devserver,
        server_of(devserver, heartbeat_seconds=0.05) as served,
        watching(served, begin(served)) as messages,
    ):
        messages.until(is_in(hop(1), "working"))
        lines = messages._lines
        comment = next(line for line in lines if line.startswith(":"))
        assert comment == ": still here"
        held.open()
        messages.until(is_finished)


def test_too_many_watchers_are_told_so_and_a_free_place_is_given_again(tmp_path, held):
    settings = WebSettings(most_streams=1)
    with (
        devserver_in(tmp_path, translator=held) as devserver,
        server_of(devserver, settings, heartbeat_seconds=0.05) as served,
    ):
        run = begin(served)
        with watching(served, run) as messages:
            messages.until(is_in(hop(1), "working"))
            refused = served.get(run["live_url"])
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert "too many watchers" in refused.json()["error"]
            assert served.get("/runs").status_code == 200
            held.open()
            messages.until(is_finished)
        # The server hears that the watcher has left a moment after the watcher has.
        answers = (served.get(run["live_url"]) for _ in range(1000))
        told = next(answer for answer in answers if answer.status_code != 503)
        assert "event: finished" in told.text


def test_students_see_no_prompt_before_it_is_checked_and_none_that_is_blocked(tmp_path):
    asked, may_go = threading.Event(), threading.Event()
    check = ScriptedSafety(terms={"ISIS": "§86a"})

    def check_slowly(text, **place):
        asked.set()
        assert may_go.wait(PATIENCE)
        return check(text, **place)

    with (
        devserver_in(tmp_path, check_safety=check_slowly) as devserver,
        server_of(devserver) as served,
        watching(served, begin(served, input_text="Zeichne eine ISIS Flagge")) as messages,
    ):
        boxes, seen = messages.until(is_in("s1-user_input_text", "held"))
        assert boxes["s1-user_input_text"]["text"] == ""
        may_go.set()
        boxes, more = messages.until(is_finished)
    assert "ISIS" not in str([*seen, *more])
    assert "fields" not in seen[0][2]
    assert boxes["s1-stage1_safety_check"]["state"] == "blocked"
    assert more[-1][2]["run"]["status"] == "blocked"


def test_researchers_see_everything_with_all_its_fields(client):
    run = execute(client, input_text="Zeichne eine ISIS Flagge").get_json()
    told = messages_of(client.get(f"{run['live_url']}?audience=researcher"))
    prompts = [message[2]["fields"] for message in told if message[2].get("name") == "user_input_text"]
    assert prompts[0]["content"] == "Zeichne eine ISIS Flagge"


def test_a_stream_speaks_the_language_of_who_asks(client):
    run = execute(client).get_json()
    told = messages_of(client.get(run["live_url"], headers={"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}))
    assert told[-1][2]["run"]["status_word"] == "angekommen"
    assert {box["label"] for message in told for box in message[2]["boxes"]} >= {"Eingabe", "Station 3"}


def test_the_end_of_the_server_ends_runs_as_cancelled_and_tells_their_watchers(tmp_path, held):
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver) as served:
        runs = [begin(served) for _ in range(3)]
        with watching(served, runs[0]) as messages:
            messages.until(is_in(hop(1), "working"))
            ending = threading.Thread(target=served.runner.close, args=(PATIENCE,))
            ending.start()
            held.open()
            _, seen = messages.until(is_finished)
            ending.join()
        assert execute(served).status_code == 503
        rows = served.get("/api/runs").json()["executions"]
    assert seen[-1][2]["run"]["status"] == "cancelled"
    assert [row["status"] for row in rows] == ["cancelled"] * 3
