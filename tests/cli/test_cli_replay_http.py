"""`otel-tracking replay` of requests over HTTP: the same bytes leave, and the difference is reported."""

import hashlib
import json
from base64 import b64encode
from collections import Counter
from itertools import count
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cli_stage import call, call_json
from replay_stage import Echo, a_png, chain_of, changed, one_request, outcomes, post, ran, record_of, stored

from devserver.backends.http import open_client
from devserver.backends.ollama import Ollama
from devserver.configs import InterceptionConfig, PipelineConfig
from devserver.testing import scripted_engines
from otel_tracking import ItemType
from tests.model_servers import BreaksOff, Fails, OllamaServer, a_closed_address
from tests.model_servers.serving import Reply

SECRET = "Bearer sk-or-v1-0123456789abcdef0123456789abcdef"


def test_the_same_bytes_arrive_and_the_same_comes_back(tmp_path):
    """Three hops: each body is byte for byte that of the first run, and so are its other headers."""
    with Echo() as server:
        [execution_id] = stored(tmp_path, chain_of(server, "en", "ja", "de"))
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)
        before, after = server.received[:3], server.received[3:]

    assert (exit_code, answer["identical"]) == (0, True)
    assert outcomes(answer) == {"2/1": "identical", "2/2": "identical", "2/3": "identical"}
    assert [request.body for request in after] == [request.body for request in before]
    for one, other in zip(before, after, strict=True):
        assert (one.method, one.path) == (other.method, other.path)
        assert {**one.headers, "traceparent": ""} == {**other.headers, "traceparent": ""}
        assert one.headers["traceparent"] != other.headers["traceparent"]


def test_the_repetition_is_a_run_of_its_own_that_is_linked_to_the_first(tmp_path):
    """Its record has what left and came back this time, at the old places, and an item for each text."""
    with Echo() as server:
        [execution_id] = stored(tmp_path, chain_of(server, "en", "ja"), user_id="u1", study_id="s1")
        answer, _ = call_json("replay", execution_id, data=tmp_path)
    first, second = record_of(tmp_path, execution_id), record_of(tmp_path, answer["execution_id"])

    assert (second.repeats, second.config_name) == (execution_id, "stillepost")
    assert (second.user_id, second.study_id, second.session_id) == ("u1", "s1", None)
    root = next(span.span_id for span in first.spans if span.parent_span_id is None)
    assert [(link["trace_id"], link["span_id"]) for link in second.links] == [(first.trace_id, root)]
    assert [(call.stage, call.stage_iteration) for call in second.attempts] == [(2, 1), (2, 2)]
    for one, other in zip(first.attempts, second.attempts, strict=True):
        assert other.passed["body_facts"] == one.passed["body_facts"]
    hops = [item.content for item in second.items if item.item_type == ItemType.INTERCEPTION_ITERATION]
    assert hops == ["Eine Blume!", "Eine Blume!!"]


def test_another_answer_is_reported_and_not_handed_on(tmp_path):
    """Hop 2 is given what it was given then: each attempt is the same question once more."""
    with Echo() as server:
        [execution_id] = stored(tmp_path, chain_of(server, "en", "ja"))
        server.answer = lambda request: {"response": f"{request.json['prompt']}?"}
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)
        given = [json.loads(body)["prompt"] for body in server.bodies[2:]]

    assert (exit_code, given) == (1, ["Eine Blume", "Eine Blume!"])
    assert changed(answer, "2/1") == [
        ("response.body.response", "Eine Blume!", "Eine Blume?"),
        ("content", "Eine Blume!", "Eine Blume?"),
    ]
    assert outcomes(answer) == {"2/1": "different", "2/2": "different"}


def test_another_seed_is_put_into_the_request_and_reported(tmp_path):
    """Nothing else in the body changes, and both sides of the seed are named."""
    with Echo(lambda request: {"response": f"seed {request.json['options']['seed']}"}) as server:
        [execution_id] = stored(tmp_path, chain_of(server, "en"))
        answer, exit_code = call_json("replay", execution_id, "--seed", 123, data=tmp_path)
        before, after = server.bodies

    assert exit_code == 1
    assert after == before.replace(b'"seed":7', b'"seed":123')
    assert ("passed.body.options.seed", 7, 123) in changed(answer, "2/1")
    assert ("content", "seed 7", "seed 123") in changed(answer, "2/1")
    assert answer["attempts"][0]["exact"] is False
    assert record_of(tmp_path, answer["execution_id"]).used_seed == 123


def test_every_attempt_is_repeated_the_failed_one_too(tmp_path):
    """A call that failed and was asked again: two attempts then, two attempts now, and the same two answers."""

    def pipeline(run):
        with run.stage(2) as stage, stage.backend_call("ollama") as asked:
            for _ in range(2):
                post(asked, server.url, json={"prompt": "x"})

    with Echo(failures={1: Fails(), 3: Fails()}) as server:
        [execution_id] = stored(tmp_path, pipeline)
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)
        assert len(server.received) == 4
        second, _ = call_json("replay", execution_id, data=tmp_path)

    assert (exit_code, outcomes(answer)) == (0, {"2/1": "identical", "2/2": "identical"})
    assert outcomes(second) == {"2/1": "different", "2/2": "identical"}
    assert ("response.status", 500, 200) in changed(second, "2/1")


def test_a_streamed_answer_of_ollama_is_compared_as_a_whole(tmp_path):
    """The real engine, words one by one: durations and dates differ, the text does not."""
    config = PipelineConfig(
        name="text",
        translate_first=False,
        interception=InterceptionConfig(kind="engine", engine="ollama", parameters={"model": "mistral-nemo:latest"}),
    )
    with OllamaServer() as server, open_client() as client:
        execution_id = ran(tmp_path, config, scripted_engines(ollama=Ollama(server.url, client=client)), seed=5)
        answer, exit_code = call_json("replay", execution_id, "--only", "2", data=tmp_path)
        server._answer = lambda text: f"{text} indeed"
        other, _ = call_json("replay", execution_id, "--only", "2/1", data=tmp_path)
        assert len(set(server.bodies)) == 1

    assert (exit_code, outcomes(answer)) == (0, {"2/1": "identical"})
    assert ("content", "A flower!", "A flower indeed") in changed(other, "2/1")


def test_a_stream_that_was_read_to_its_protocols_end_is_the_same_again(tmp_path):
    """OpenAI's packages stop reading at `[DONE]`: that was all of the answer, and a replay finds no difference."""
    events = [{"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]} for text in ("Eine ", "Blume")]
    pieces = tuple(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    reply = Reply(content_type="text/event-stream", pieces=(*pieces, b"data: [DONE]\n\n"))

    def pipeline(run):
        with run.stage(2) as stage, stage.backend_call("openai", model="gpt-7") as call:
            client = httpx.Client(transport=call.transport())
            with client.stream("POST", f"{server.url}/v1/chat/completions", json={"stream": True}) as answer:
                for line in answer.iter_lines():
                    if line == "data: [DONE]":
                        break

    with Echo(lambda request: reply) as server:
        [execution_id] = stored(tmp_path, pipeline)
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)

    assert (exit_code, outcomes(answer)) == (0, {"2/1": "identical"})
    assert answer["attempts"][0]["notes"] == []


def test_an_answer_that_breaks_off_fails_and_the_others_go_on(tmp_path):
    with OllamaServer(failures={4: BreaksOff(1)}) as server:

        def pipeline(run):
            with run.stage(2) as stage:
                for _ in range(3):
                    with stage.backend_call("ollama", model="mistral-nemo") as asked:
                        body = {"model": "mistral-nemo:latest", "prompt": "Eine Blume auf der Wiese"}
                        post(asked, f"{server.url}/api/generate", json=body)

        [execution_id] = stored(tmp_path, pipeline)
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)

    assert exit_code == 1
    assert outcomes(answer) == {"2/1": "failed", "2/2": "identical", "2/3": "identical"}
    assert answer["attempts"][0]["notes"][0].startswith("AnswerBrokeOff: ")


def test_a_server_that_is_gone_fails_and_one_that_moved_is_found(tmp_path):
    """`--base-url` sends elsewhere, and that is said; the new address is no difference."""
    with Echo() as server:
        [execution_id] = stored(tmp_path, chain_of(server, "en"))
        old = server.url
    gone, exit_code = call_json("replay", execution_id, data=tmp_path)
    assert (exit_code, outcomes(gone)) == (1, {"2/1": "failed"})
    assert "is not there" in gone["attempts"][0]["notes"][0]

    with Echo() as elsewhere:
        answer, exit_code = call_json("replay", execution_id, "--base-url", f"{old}={elsewhere.url}", data=tmp_path)
        assert len(elsewhere.received) == 1
    assert (exit_code, outcomes(answer)) == (0, {"2/1": "identical"})
    assert answer["attempts"][0]["notes"] == [f"it goes to {elsewhere.url}/api instead of {old}/api"]


def test_nothing_leaves_this_machine_unless_the_host_is_named(tmp_path):
    """A prompt for another host stays here; the sentence says what would send it."""
    with Echo() as server:
        [execution_id] = stored(tmp_path, chain_of(server, "en"))
        moved = f"{server.url}=http://models.school.example:8080"
        answer, exit_code = call_json("replay", execution_id, "--base-url", moved, data=tmp_path)
        allowed = ("--base-url", moved, "--allow-host", "models.school.example", "--dry-run")
        plan, plan_code = call_json("replay", execution_id, *allowed, data=tmp_path)
        assert len(server.received) == 1

    assert (exit_code, outcomes(answer), answer["execution_id"]) == (1, {"2/1": "not sent"}, None)
    assert answer["attempts"][0]["obstacle"] == (
        "models.school.example is not this machine; --allow-host models.school.example would send it"
    )
    assert (plan_code, plan["attempts"][0]["url"]) == (0, "http://models.school.example:8080/api")


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(tmp_path):
    """Addresses and sizes; no prompt, no new run."""
    with Echo() as server:
        [execution_id] = stored(tmp_path, chain_of(server, "en", "ja"))
        result = call("replay", execution_id, "--dry-run", data=tmp_path)
        assert len(server.received) == 2

    assert result.exit_code == 0
    assert f"POST {server.url}/api 72 bytes, the recorded bytes\n" in result.stdout
    assert "2 attempts of 2 would be sent again" in result.stdout
    assert "Blume" not in result.stdout
    assert len(call_json("list", data=tmp_path)[0]["executions"]) == 1


def test_a_secret_comes_from_the_environment_and_goes_nowhere_else(tmp_path, monkeypatch):
    """Without it the attempt is not sent, and the variable is named; with it the same header leaves."""
    name = "REPLAY_SECRET_127_0_0_1_AUTHORIZATION"
    with Echo() as server:
        [execution_id] = stored(tmp_path, chain_of(server, "en", headers={"authorization": SECRET}))
        monkeypatch.delenv(name, raising=False)
        without, exit_code = call_json("replay", execution_id, data=tmp_path)
        assert (exit_code, outcomes(without), len(server.received)) == (1, {"2/1": "not sent"}, 1)
        assert name in without["attempts"][0]["obstacle"]

        monkeypatch.setenv(name, SECRET)
        result = call("replay", execution_id, "--json", data=tmp_path)
        assert server.received[-1].headers["authorization"] == SECRET

    answer = json.loads(result.stdout)
    assert (result.exit_code, outcomes(answer)) == (0, {"2/1": "identical"})
    assert SECRET[7:] not in result.output
    stored_bytes = b"".join(path.read_bytes() for path in tmp_path.rglob("*.parquet"))
    assert SECRET[7:].encode() not in stored_bytes


def test_a_secret_in_a_body_is_put_back_and_what_cannot_be_proved_is_said(tmp_path, monkeypatch):
    """The size is that of the body then; its sha256 is not in the record, on purpose."""
    with Echo(lambda request: {"ok": True}) as server:
        [execution_id] = stored(tmp_path, one_request(server, json={"api_key": "k" * 24, "seed": 1}))
        monkeypatch.setenv("REPLAY_SECRET_127_0_0_1_API_KEY", "k" * 24)
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)
        assert len(set(server.bodies)) == 1
        monkeypatch.setenv("REPLAY_SECRET_127_0_0_1_API_KEY", "other")
        other, _ = call_json("replay", execution_id, data=tmp_path)

    assert (exit_code, answer["attempts"][0]["exact"]) == (0, False)
    assert answer["attempts"][0]["notes"] == ["a secret was put back into the body; its size is the recorded one"]
    assert "it has 28 bytes, 47 left then" in other["attempts"][0]["notes"][0]


PICTURE = a_png(200, size=40)


@pytest.mark.parametrize(
    "request_of",
    [
        pytest.param(lambda: {"json": {"images": [b64encode(PICTURE * 9).decode()], "seed": 1}}, id="base64 in JSON"),
        pytest.param(lambda: {"content": PICTURE, "headers": {"content-type": "image/png"}}, id="the bytes themselves"),
        pytest.param(
            lambda: {"files": {"image": ("a b.png", PICTURE, "image/png")}, "data": {"type": "input", "n": "1"}},
            id="multipart",
        ),
    ],
)
def test_media_are_put_back_from_the_data_directory(tmp_path, request_of):
    """The body with a picture in it arrives byte for byte; without the file the attempt cannot be repeated."""
    file = PICTURE * 9 if "json" in request_of() else PICTURE
    with Echo(lambda request: {"ok": True}) as server:

        def pipeline(run):
            with run.stage(1) as stage:
                stage.item(ItemType.USER_INPUT_IMAGE, media=file)
            one_request(server, **request_of())(run)

        [execution_id] = stored(tmp_path, pipeline)
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)
        assert (exit_code, outcomes(answer)) == (0, {"4/1": "identical"})
        assert server.bodies[0] == server.bodies[1]
        assert file in server.bodies[1] or b64encode(file) in server.bodies[1]

        for path in (tmp_path / "media" / execution_id).iterdir():
            path.unlink()
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)
        assert (exit_code, outcomes(answer), len(server.received)) == (1, {"4/1": "not sent"}, 2)
    assert answer["attempts"][0]["obstacle"].startswith("a file that it sent is not in the data directory (")


@pytest.mark.parametrize("is_base64", [True, False])
def test_a_picture_in_an_answer_is_compared_pixel_by_pixel(tmp_path, is_base64):
    """As base64 in JSON or as the whole answer: it becomes an item of the new run, and its pixels are compared."""

    def answer_with(grey):
        picture = a_png(grey, size=64) + b"\0" * 2_000
        return (lambda request: {"images": [b64encode(picture).decode()]}) if is_base64 else lambda request: picture

    with Echo(answer_with(100)) as server:

        def pipeline(run):
            with run.output(1, config_used="one") as output, output.stage(4) as stage:
                with stage.backend_call("sd", model="m") as asked:
                    made = post(asked, server.url, json={"seed": 1})
                media = a_png(100, size=64) + b"\0" * 2_000
                assert is_base64 or made.content == media
                stage.item(ItemType.OUTPUT_IMAGE, media=media)

        [execution_id] = stored(tmp_path, pipeline)
        same, exit_code = call_json("replay", execution_id, data=tmp_path)
        server.answer = answer_with(110)
        other, _ = call_json("replay", execution_id, data=tmp_path)

    assert (exit_code, outcomes(same)) == (0, {"4/1": "identical"})
    files = [each["media"] for each in other["attempts"][0]["comparison"]["differences"] if each["media"]]
    assert [(file["unit"], file["differing"], file["mean"]) for file in files] == [("pixels", 1.0, 10.0)]
    new = record_of(tmp_path, other["execution_id"])
    assert [hashlib.sha256(data).hexdigest() for data in new.attachments.values()] == list(new.attachments)


def test_a_question_for_an_old_result_is_not_asked_again(tmp_path):
    """It names what the earlier answer gave out: it would bring the old picture, and call it the same."""

    def pipeline(run):
        with run.output(1) as output, output.stage(4) as stage, stage.backend_call("comfyui") as asked:
            queued = post(asked, f"{server.url}/prompt", json={"prompt": {"3": {"inputs": {"seed": 7}}}}).json()
            with httpx.Client(transport=asked.transport(), timeout=60) as client:
                client.get(f"{server.url}/history/{queued['prompt_id']}")

    with Echo(lambda request: {"prompt_id": "0f8fad5b-d9cb-469f-a165-70867289501e"}) as server:
        [execution_id] = stored(tmp_path, pipeline)
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)
        assert [request.method for request in server.received] == ["POST", "GET", "POST"]

    assert (exit_code, outcomes(answer)) == (1, {"4/1": "identical", "4/2": "not sent"})
    assert answer["attempts"][1]["obstacle"].startswith("it asks for an old result (0f8fad5b-")


def a_queue(*, empty_answers=1, grey=None, has_cache=False):
    """What a server answers that gives out tickets: a result is there after so many questions, in a file of its own.

    With `has_cache` it names the first file again, and says that its node did not work.
    """
    tickets, questions, made = count(1), Counter(), {}

    def answer(request):
        if request.method == "POST":
            return {"prompt_id": f"ticket-{next(tickets):08}"}
        ticket = request.path.rpartition("/")[2]
        if request.path.startswith("/history/"):
            questions[ticket] += 1
            is_cached = has_cache and ticket != "ticket-00000001"
            file = "ticket-00000001 ö.png" if is_cached else f"{ticket} ö.png"
            if not is_cached:
                made[file] = a_png(grey or 50 + 10 * len(made), size=64)
            messages = [["execution_cached", {"prompt_id": ticket, "nodes": ["3", "9"] if is_cached else []}]]
            entry = {"outputs": {"9": {"images": [{"filename": file}]}}, "status": {"messages": messages}}
            return {ticket: entry} if questions[ticket] > empty_answers else {}
        return made[parse_qs(urlsplit(request.path).query)["filename"][0]]

    return answer


def queued_picture(server):
    """A pipeline that queues a graph, waits for it and fetches its picture."""

    def pipeline(run):
        with run.output(1) as output, output.stage(4) as stage:
            with stage.backend_call("comfyui") as asked:
                ticket = post(asked, f"{server.url}/prompt", json={"prompt": {"3": {"inputs": {"seed": 7}}}}).json()
                with httpx.Client(transport=asked.transport(), timeout=60) as client:
                    history = {}
                    while not history:
                        history = client.get(f"{server.url}/history/{ticket['prompt_id']}").json()
                    [image] = history[ticket["prompt_id"]]["outputs"]["9"]["images"]
                    picture = client.get(f"{server.url}/view", params={**image, "type": "output"}).content
            stage.item(ItemType.OUTPUT_IMAGE, media=picture)

    return pipeline


@pytest.mark.parametrize(("grey", "outcome"), [(80, "identical"), (None, "different")])
def test_with_follow_the_new_result_is_fetched_once_it_is_there(tmp_path, grey, outcome):
    """The new ticket and the new file are asked for, and the new picture is compared with the old one."""
    with Echo(a_queue(grey=grey)) as server:
        [execution_id] = stored(tmp_path, queued_picture(server))
        then = len(server.received)
        answer, exit_code = call_json("replay", execution_id, "--follow", data=tmp_path)
        asked = [(request.method, request.path) for request in server.received[then:]]

    new_file = "/view?filename=ticket-00000002%20%C3%B6.png&type=output"
    assert asked == [("POST", "/prompt"), *[("GET", "/history/ticket-00000002")] * 2, ("GET", new_file)]
    assert (exit_code == 0, outcomes(answer)["4/4"]) == (outcome == "identical", outcome)
    assert answer["attempts"][3]["notes"] == [f"it asks for {server.url}{new_file}"]
    files = [each["media"] for each in answer["attempts"][3]["comparison"]["differences"] if each["media"]]
    assert [file["unit"] for file in files] == ["pixels"] * (outcome == "different")
    assert record_of(tmp_path, answer["execution_id"]).outputs_generated == 1


def test_a_result_of_the_servers_cache_is_no_second_one(tmp_path):
    """The same file is there because nothing was computed; that is no proof that the same would come out."""
    with Echo(a_queue(has_cache=True)) as server:
        [execution_id] = stored(tmp_path, queued_picture(server))
        answer, exit_code = call_json("replay", execution_id, "--follow", data=tmp_path)
        shown = call("replay", execution_id, "--follow", data=tmp_path)

    assert {outcomes(answer)[label] for label in ("4/3", "4/4")} == {"nothing was computed"}
    assert (exit_code, answer["identical"]) == (1, False)
    assert "nothing was computed" in shown.output


def test_a_new_result_without_a_name_cannot_be_asked_for(tmp_path):
    """The graph was refused this time: there is nothing to fetch."""
    with Echo(a_queue(empty_answers=0)) as server:
        [execution_id] = stored(tmp_path, queued_picture(server))
        server.failures[len(server.received) + 1] = Fails(400)
        answer, exit_code = call_json("replay", execution_id, "--follow", data=tmp_path)

    assert (exit_code, outcomes(answer)) == (1, {"4/1": "different", "4/2": "failed", "4/3": "failed"})
    assert answer["attempts"][1]["notes"] == ["the server has not said what the new result is called"]


def test_a_redirect_is_sent_as_the_two_requests_it_was(tmp_path):
    """Nothing is followed: both are in the record."""

    def answered(request):
        if request.path == "/make":
            return Reply(b"", 307, headers={"Location": f"{server.url}/there"})
        return {"ok": True}

    with Echo(answered) as server:
        request = one_request(server, json={"seed": 1}, follow_redirects=True)
        [execution_id] = stored(tmp_path, request)
        answer, exit_code = call_json("replay", execution_id, data=tmp_path)
        assert [request.path for request in server.received] == ["/make", "/there"] * 2

    assert (exit_code, outcomes(answer)) == (0, {"4/1": "identical", "4/2": "identical"})


def test_an_address_nobody_answers_at_then_or_now_is_the_same(tmp_path):
    """The first run failed in this way too."""
    address = a_closed_address()

    def pipeline(run):
        with run.stage(2) as stage:
            try:
                with stage.backend_call("ollama") as asked:
                    post(asked, f"{address}/api", json={"prompt": "x"})
            except Exception:
                pass

    [execution_id] = stored(tmp_path, pipeline)
    answer, exit_code = call_json("replay", execution_id, data=tmp_path)

    assert (exit_code, outcomes(answer)) == (0, {"2/1": "identical"})
