"""Ollama over real sockets: what it receives is what the record says, byte for byte."""

import base64
import json
import threading

import pytest
from backend_stage import calls_of, client, items_of, run, sent_bytes, text_config

from devserver.backends.errors import (
    AnswerBrokeOff,
    AnswerNotUnderstood,
    Cancelled,
    InvalidParameter,
    ModelNotFound,
    RequestRejected,
    ServerFailed,
    ServerTimeout,
    ServerUnreachable,
)
from devserver.backends.ollama import Ollama
from devserver.engines import InputImage
from devserver.testing import PNG
from otel_tracking.capture import exact_body
from tests.model_servers import BreaksOff, Fails, OllamaServer, Stalls, a_closed_address
from tests.model_servers.ollama import digest_of

MODEL = "mistral-nemo:latest"
PARAMETERS = {
    "model": MODEL,
    "temperature": 0.7,
    "top_p": 0.9,
    "top_k": 40,
    "num_predict": 2048,
    "num_ctx": 8192,
    "system": "You are a poet.",
    "keep_alive": "10m",
}


@pytest.mark.parametrize("api", ["chat", "generate"])
@pytest.mark.parametrize("stream", [True, False])
def test_the_record_holds_the_very_bytes_that_arrived(api, stream):
    """Chat and generate, streamed and in one piece: `passed` gives the received body back, and nothing is missing."""
    with OllamaServer("Eine Blume <am> Morgen") as server, client() as http:
        parameters = {**PARAMETERS, "stream": stream}
        engine = Ollama(server.url, api=api, client=http)
        result, record = run(text_config(parameters=parameters), {"ollama": engine}, seed=7)
    (call,) = calls_of(record)

    assert result.final_text == "Eine Blume <am> Morgen"
    assert [sent_bytes(call)] == server.bodies
    assert call.passed["url"] == f"{server.url}/api/{api}"
    assert server.received[0].json["options"] == {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 40,
        "num_predict": 2048,
        "num_ctx": 8192,
        "seed": 7,
    }
    assert (server.received[0].json["stream"], server.received[0].json["keep_alive"]) == (stream, "10m")
    assert call.not_passed == ()
    assert (call.response["model"], call.response["finish_reason"]) == (MODEL, "stop")


def test_the_system_text_goes_where_the_protocol_wants_it():
    """A conversation has it as its first message, a prompt beside itself."""
    with OllamaServer() as server, client() as http:
        for api in ("chat", "generate"):
            Ollama(server.url, api=api, client=http).make("Hello", seed=1, parameters=PARAMETERS)
    chat, generate = (request.json for request in server.received)

    assert chat["messages"] == [
        {"role": "system", "content": "You are a poet."},
        {"role": "user", "content": "Hello"},
    ]
    assert (generate["prompt"], generate["system"]) == ("Hello", "You are a poet.")


def test_a_failed_attempt_tells_as_well_what_was_passed():
    """The system text left with the request that failed, so it is not among what did not."""
    with OllamaServer(failures={1: Fails(500)}) as server, client() as http:
        config = text_config(parameters=PARAMETERS, retries=0)
        _, record = run(config, {"ollama": Ollama(server.url, client=http)})
    assert calls_of(record)[0].not_passed == ()


def test_what_ollama_does_not_know_is_not_sent_and_the_record_says_so():
    """`max_tokens` is OpenAI's word; a configuration that sets it changes nothing, which nobody would see otherwise."""
    parameters = {"model": MODEL, "max_tokens": 2048, "TARGET_LANGUAGE": "Polish", "temperature": 0.7}
    with OllamaServer() as server, client() as http:
        _, record = run(text_config(parameters=parameters), {"ollama": Ollama(server.url, client=http)})
    (call,) = calls_of(record)

    assert call.configured == {**parameters, "seed": "random"}
    assert call.not_passed == ("TARGET_LANGUAGE", "max_tokens")
    assert b"max_tokens" not in server.received[0].raw


def test_pictures_travel_as_base64_and_the_record_refers_to_them():
    """A vision model sees the picture; the body comes back byte for byte with the bytes of the item's media."""
    big = PNG + bytes(2000)
    picture = InputImage("child.png", big, "image/png")
    with OllamaServer("a pixel") as server, client() as http:
        config = text_config(parameters={"model": "llama3.2-vision"}, images_at_most=1)
        _, record = run(config, {"ollama": Ollama(server.url, client=http)}, images=[picture])
    (call,) = calls_of(record)
    (item,) = items_of(record, "user_input_image")

    assert base64.b64decode(server.received[0].json["messages"][0]["images"][0]) == big
    assert exact_body(call.passed["body"], call.passed["body_facts"], {item.media.sha256: big}) == server.bodies[0]
    assert (item.stage, item.media.bytes, item.metadata["filename"]) == (1, len(big), "child.png")


@pytest.mark.parametrize("seed", [0, -687734797039316, 2**63 - 1, 2**64 - 1, 1_125_899_906_842_624])
def test_any_seed_survives_to_the_wire_and_to_the_record(seed):
    """Negative and 64-bit seeds are the same number in the request, in the item and in the record."""
    with OllamaServer() as server, client() as http:
        config = text_config(parameters={"model": MODEL}, seed=seed)
        _, record = run(config, {"ollama": Ollama(server.url, client=http)})
    (final,) = items_of(record, "interception_final")

    assert server.received[0].json["options"]["seed"] == seed
    assert (record.used_seed, final.metadata["seed"], calls_of(record)[0].configured["seed"]) == (seed, seed, seed)


@pytest.mark.parametrize("text", ["\x00 ]]> <script>", "half \ud800 a pair", "line\u2028end\x85", "x" * 20_000])
def test_hostile_text_arrives_as_it_was_written(text):
    """Control characters, half surrogates, line separators and 20 KB: the model reads what was typed."""
    with OllamaServer("ok") as server, client() as http:
        engine = Ollama(server.url, client=http)
        _, record = run(text_config(parameters={"model": MODEL}), {"ollama": engine}, prompt=text)

    assert server.received[0].json["messages"][0]["content"] == text
    assert sent_bytes(calls_of(record)[0]) == server.bodies[0]


def test_an_answer_may_hold_what_other_readers_take_for_a_line_end():
    """U+0085 is no end of a line of JSON, whatever Python's `splitlines` says."""
    with OllamaServer("one\x85two three\x0bfour") as server, client() as http:
        made = Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": MODEL})
    assert made.text == "one\x85two three\x0bfour"


@pytest.mark.parametrize("stream", [True, False])
def test_a_model_that_the_server_does_not_have_is_named(stream):
    """404 in Ollama's own words; another model may answer, the same one need not be asked again."""
    with (
        OllamaServer() as server,
        client() as http,
        pytest.raises(ModelNotFound, match=r"^Ollama Error: 404 model 'nobody' not found$") as caught,
    ):
        Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": "nobody", "stream": stream})
    assert (caught.value.may_be_retried, caught.value.may_fall_back) == (False, True)


def test_a_parameter_that_the_server_refuses_is_final():
    """Neither the same again nor another engine would answer what was asked, although the status is 500."""
    with (
        OllamaServer() as server,
        client() as http,
        pytest.raises(RequestRejected, match='option "temperature" must be of type float32') as caught,
    ):
        Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": MODEL, "temperature": "hot"})
    assert (caught.value.may_be_retried, caught.value.may_fall_back) == (False, False)


@pytest.mark.parametrize(
    ("failure", "error", "message"),
    [
        (BreaksOff(after=2), AnswerBrokeOff, "Ollama broke off"),
        (BreaksOff(after=2, error="an error was encountered while running the model"), ServerFailed, "encountered"),
    ],
)
def test_an_answer_that_ends_in_the_middle_is_never_taken_for_a_whole_one(failure, error, message):
    """A closed connection and an error line are failures, although the status said 200."""
    with (
        OllamaServer("one two three four", failures={1: failure}) as server,
        client() as http,
        pytest.raises(error, match=message),
    ):
        Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": MODEL})


@pytest.mark.parametrize(
    ("status", "words", "error"),
    [
        (500, 'option "num_ctx" must be of type integer', RequestRejected),
        (500, 'invalid format: "xml"; expected "json" or a valid JSON Schema object', RequestRejected),
        (500, "invalid JSON schema in format", RequestRejected),
        (400, '"tinyllama" does not support thinking', RequestRejected),
        (500, "model requires more system memory (9.1 GiB) than is available (3.2 GiB)", ServerFailed),
        (500, "llama runner process has terminated: exit status 2", ServerFailed),
        (503, "server busy, please try again.  maximum pending requests exceeded", ServerFailed),
        (404, 'model "tinyllama" not found, try pulling it first', ModelNotFound),
    ],
)
def test_what_failed_is_read_from_the_words_not_from_the_status_alone(status, words, error):
    """Ollama's own sentences, from its source (0.17.4): most of what goes wrong has status 500 there."""
    failure = Fails(status, json.dumps({"error": words}).encode())
    with OllamaServer(failures={1: failure}) as server, client() as http, pytest.raises(error) as caught:
        Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": MODEL})
    assert type(caught.value) is error


def test_a_wrong_parameter_that_is_found_in_the_middle_of_an_answer_is_one():
    """The piece has a status of its own, since that of the answer has left already."""
    words, failure = "the input length exceeds the context length", BreaksOff(after=1, error="")
    with OllamaServer("one two", failures={1: failure}) as server, client() as http, pytest.raises(RequestRejected):
        server.error_piece = lambda _: json.dumps({"error": words, "status": 400}).encode() + b"\n"
        Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": MODEL})


def test_the_record_says_which_ollama_and_which_model_answered():
    """`:latest` is another model next month: its digest tells, and so does the server's version."""
    with OllamaServer() as server, client() as http:
        _, record = run(text_config(parameters={"model": MODEL}), {"ollama": Ollama(server.url, client=http)})
    (call,) = calls_of(record)
    (final,) = items_of(record, "interception_final")
    found = {"engine_version": "0.17.4", "model_digest": digest_of(MODEL)}
    assert {name: call.facts["engine"][name] for name in found} == found
    assert final.metadata["model_digest"] == digest_of(MODEL)


@pytest.mark.parametrize("asked", ["llama3.2-vision", "llama3.2-vision:latest"])
def test_a_model_without_a_tag_is_the_latest(asked):
    with OllamaServer(models=("llama3.2-vision", "llama3.2-vision:latest")) as server, client() as http:
        made = Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": asked})
    assert made.facts["model_digest"] in {digest_of("llama3.2-vision"), digest_of("llama3.2-vision:latest")}


def test_the_server_is_asked_about_itself_once_and_never_in_the_record():
    """Two questions for a hundred texts, and none of them among what was passed."""
    with OllamaServer() as server, client() as http:
        engine = Ollama(server.url, client=http)
        records = [run(text_config(parameters={"model": MODEL}), {"ollama": engine})[1] for _ in range(3)]
    assert sorted(server.questions) == ["/api/tags", "/api/version"]
    assert {len(calls_of(record)) for record in records} == {1}


def test_a_server_that_does_not_know_itself_answers_all_the_same():
    """The version is worth knowing, and not worth failing for."""
    with OllamaServer() as server, client() as http:
        server.knows_itself = False
        made = Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": MODEL})
    assert (made.text, made.engine_version, "model_digest" in made.facts) == ("Hello!", "", False)


def test_an_empty_answer_is_a_failure():
    """Nothing is no transformation of a text."""
    with OllamaServer("") as server, client() as http, pytest.raises(AnswerNotUnderstood, match="empty text"):
        Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": MODEL})


def test_a_server_that_is_not_there_and_one_that_is_silent_are_told_apart():
    """Refused and too slow are different sentences, and both may be tried again."""
    with client() as http, pytest.raises(ServerUnreachable, match="Ollama is not there") as refused:
        Ollama(a_closed_address(), client=http).make("Hello", seed=1, parameters={"model": MODEL})
    with (
        OllamaServer(failures={1: Stalls()}) as server,
        client(read_seconds=0.05) as http,
        pytest.raises(ServerTimeout, match="Ollama did not answer in time") as silent,
    ):
        Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": MODEL})
    assert refused.value.may_be_retried and silent.value.may_be_retried


def test_a_cancelled_answer_is_left_while_it_streams():
    """The event is looked at with every piece that comes."""
    stall, cancel = Stalls(after=2), threading.Event()

    def cancel_it():
        stall.reached.wait(30)
        cancel.set()
        stall.released.set()

    with OllamaServer("one two three four", failures={1: stall}) as server, client() as http:
        helper = threading.Thread(target=cancel_it)
        helper.start()
        with pytest.raises(Cancelled):
            Ollama(server.url, client=http).make("Hello", seed=1, parameters={"model": MODEL}, cancel=cancel)
        helper.join()


def test_a_model_must_be_named():
    """There is no model that every server has."""
    with pytest.raises(InvalidParameter, match=r"set parameters\.model"):
        Ollama("http://127.0.0.1:1").make("Hello", seed=1, parameters={})
