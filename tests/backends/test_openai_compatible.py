"""Servers that speak OpenAI's protocol: texts, pictures, keys and seeds, and what the record says of each."""

import json
from dataclasses import replace

import pytest
from backend_stage import FallbackConfig, calls_of, client, image_config, items_of, run, sent_bytes, text_config

from devserver.backends.errors import (
    AccessDenied,
    AnswerBrokeOff,
    AnswerNotUnderstood,
    InvalidParameter,
    ModelNotFound,
    OutputGone,
    RequestRejected,
    ServerBusy,
    ServerFailed,
)
from devserver.backends.openai_compatible import OpenAICompatible
from devserver.backends.openai_images import OpenAICompatibleImages
from devserver.backends.servers import PROVIDERS, Provider
from devserver.engines import InputImage
from devserver.testing import PNG, ScriptedMaker
from tests.model_servers import BreaksOff, Fails, OpenAIServer

KEY = "sk-test"
MODEL = "mistralai/mistral-nemo"
PARAMETERS = {"model": MODEL, "temperature": 0.7, "top_p": 0.9, "max_tokens": 512, "system": "You are a poet."}


def provider_at(server, **fields):
    """OpenRouter, where `server` stands for it."""
    return Provider(**{"name": "openrouter", "base_url": f"{server.url}/v1", "region": "us", **fields})


def ask(server, http, *, parameters=PARAMETERS, key=KEY, **fields):
    return OpenAICompatible(provider_at(server), key, client=http).make(
        "A flower", seed=7, parameters=parameters, **fields
    )


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"message": {"error": "/chat/completions: Invalid model name passed in model=x. Call `/v1/models` to"}}),
        (400, {"message": "400: {'error': 'Invalid model name passed in model=x'}", "type": "None", "code": 400}),
        (400, {"message": "Invalid model: x", "type": "invalid_model", "code": "1500"}),
        (400, {"message": "x is not a valid model ID", "code": 400}),
        (404, {"message": "The model `x` does not exist.", "type": "NotFoundError", "code": 404}),
        (400, {"message": "No such thing", "type": "invalid_request_error", "code": "model_not_found"}),
    ],
)
def test_an_unknown_model_may_be_asked_elsewhere_whatever_the_status(status, error):
    """LiteLLM, Mistral and OpenRouter answer 400: the model is missing, the question is not wrong."""
    failure = Fails(status, json.dumps({"error": error}).encode())
    with OpenAIServer(failures={1: failure}) as server, client() as http, pytest.raises(ModelNotFound) as caught:
        ask(server, http)
    assert (caught.value.may_be_retried, caught.value.may_fall_back) == (False, True)


@pytest.mark.parametrize(
    "words",
    [
        "Unsupported value: 'temperature' does not support 0.7 with this model.",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        "Invalid value for 'model_kwargs'",
    ],
)
def test_a_wrong_parameter_that_speaks_of_a_model_is_still_one(words):
    failure = Fails(400, json.dumps({"error": {"message": words, "type": "invalid_request_error"}}).encode())
    with OpenAIServer(failures={1: failure}) as server, client() as http, pytest.raises(RequestRejected):
        ask(server, http)


@pytest.mark.parametrize("stream", [True, False])
def test_the_record_holds_the_very_bytes_that_arrived_and_who_runs_the_server(stream):
    """Messages, parameters, seed; the region of the provider stands on the attempt and in the item."""
    with OpenAIServer("A <red> flower\u2028opens") as server, client() as http:
        parameters = {**PARAMETERS, "stream": stream, "num_ctx": 8192}
        engine = OpenAICompatible(provider_at(server), KEY, client=http)
        result, record = run(text_config("openrouter", parameters=parameters, seed=7), {"openrouter": engine})
    (call,) = calls_of(record)
    (final,) = items_of(record, "interception_final")
    body = server.received[0].json

    assert result.final_text == "A <red> flower\u2028opens"
    assert [sent_bytes(call)] == server.bodies
    assert body["messages"] == [
        {"role": "system", "content": "You are a poet."},
        {"role": "user", "content": "A flower"},
    ]
    assert (body["seed"], body["max_tokens"], body["stream"]) == (7, 512, stream)
    assert call.not_passed == ("num_ctx",)
    assert call.facts["provider"] == {"provider_region": "us", "dsgvo_compliant": False}
    assert call.facts["engine"]["answered_by"] == f"{MODEL}-2407"
    assert (call.response["model"], call.response["finish_reason"]) == (f"{MODEL}-2407", "stop")
    assert (final.metadata["provider_region"], final.metadata["output_tokens"]) == ("us", 12)
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


class CarriageReturns(OpenAIServer):
    """Ends its lines with CR alone, begins with a byte order mark, and leaves the index of its only choice open."""

    def reply(self, request):
        reply = super().reply(request)
        written = b"".join(reply.pieces).replace(b"\n", b"\r").replace(b'"index":0', b'"index":null')
        pieces = ("\ufeff".encode(), *(written[start : start + 50] for start in range(0, len(written), 50)))
        return replace(reply, pieces=pieces)


def test_a_stream_is_read_however_its_lines_end():
    """The engine hears what the record says was answered."""
    with CarriageReturns("A red flower") as server, client() as http:
        engine = OpenAICompatible(provider_at(server), KEY, client=http)
        result, record = run(
            text_config("openrouter", parameters={**PARAMETERS, "stream": True}), {"openrouter": engine}
        )
    (call,) = calls_of(record)
    assert result.final_text == "A red flower"
    assert call.response["body"]["choices"][0]["message"]["content"] == "A red flower"
    assert call.response["complete"] is True


def test_mistral_calls_the_seed_by_another_name():
    """`random_seed` there, `seed` elsewhere: a seed under the wrong name is no seed."""
    mistral = next(provider for provider in PROVIDERS if provider.name == "mistral")
    with OpenAIServer() as server, client() as http:
        provider = provider_at(server, name="mistral", seed_name=mistral.seed_name)
        config = text_config("mistral", parameters={"model": "m"}, seed=-7)
        _, record = run(config, {"mistral": OpenAICompatible(provider, KEY, client=http)})
    assert (server.received[0].json["random_seed"], record.used_seed) == (-7, -7)
    assert calls_of(record)[0].not_passed == ()
    assert "seed" not in server.received[0].json


def test_a_seed_that_the_server_chose_goes_before_the_one_it_was_asked_for():
    """What was really used is the item's seed and the record's, whatever left."""
    with OpenAIServer(seed=2**63 + 5) as server, client() as http:
        engine = OpenAICompatible(provider_at(server), KEY, client=http)
        _, record = run(text_config("openrouter", parameters=PARAMETERS), {"openrouter": engine}, seed=7)
    (final,) = items_of(record, "interception_final")

    assert server.received[0].json["seed"] == 7
    assert (final.metadata["seed"], record.used_seed) == (2**63 + 5, 2**63 + 5)


def test_a_seed_of_a_picture_that_the_server_chose_is_the_records_too():
    """The same for pictures, whose seed stands beside them."""
    with OpenAIServer(seed=99) as server, client() as http:
        engine = OpenAICompatibleImages(provider_at(server, image_seed_name="seed"), KEY, client=http)
        result, record = run(image_config("images", parameters={"model": "flux"}), {"images": engine}, seed=7)
    (picture,) = items_of(record, "output_image")

    assert server.received[0].json["seed"] == 7
    assert (result.outputs[0].seed, picture.metadata["seed"], record.used_seed) == (99, 99, 99)


def test_pictures_are_made_and_what_was_not_sent_is_named():
    """`b64_json`, two of them: two items of one attempt, with the prompt as the server rewrote it."""
    parameters = {"model": "gpt-image-1", "size": "1024x1536", "quality": "high", "n": 2, "cfg": 5.5}
    with OpenAIServer() as server, client() as http:
        engine = OpenAICompatibleImages(provider_at(server, name="openai"), KEY, client=http)
        result, record = run(image_config("openai_images", parameters=parameters, seed=7), {"openai_images": engine})
    (call,) = calls_of(record)
    pictures = items_of(record, "output_image")

    assert [file.content for file in result.outputs[0].files] == [PNG, PNG]
    assert [sent_bytes(call)] == server.bodies
    assert call.not_passed == ("cfg", "seed")
    assert call.response["revised_prompt"] == "A single flower, photographed at dawn."
    assert [picture.attempt for picture in pictures] == [call.span_id] * 2
    for picture in pictures:
        assert picture.metadata["revised_prompt"] == "A single flower, photographed at dawn."
        assert (picture.media.type, picture.metadata["size"]) == ("image/png", "1024x1536")
        assert "cfg" not in picture.metadata


def test_a_picture_behind_an_address_is_fetched_without_the_key():
    """The download has a span of its own; the signature in its address is in no record."""
    with OpenAIServer(image_url=True) as server, client() as http:
        engine = OpenAICompatibleImages(provider_at(server), KEY, client=http)
        result, record = run(image_config("images", parameters={"model": "dall-e-3"}), {"images": engine})
    call, download = calls_of(record)

    assert result.outputs[0].media == PNG
    assert download.parent_span_id == call.span_id
    assert call.passed["url"].endswith("/v1/images/generations")
    assert download.passed["url"].startswith(f"{server.url}/files/1.png?sig=[removed")
    assert "authorization" not in server.received[1].headers
    assert b"verysecretsignature" in server.received[1].raw
    assert "verysecretsignature" not in repr(record)


def test_pictures_that_are_handed_in_are_uploaded():
    """An edit is a multipart request; its parts are in the record by name, size and sha256."""
    picture = InputImage("child.png", PNG, "image/png")
    config = image_config("images", parameters={"model": "gpt-image-1"}, images_at_most=1, images_at_least=1)
    with OpenAIServer() as server, client() as http:
        engine = OpenAICompatibleImages(provider_at(server), KEY, client=http)
        result, record = run(config, {"images": engine}, images=[picture])
    (call,) = calls_of(record)

    assert result.status == "completed"
    assert server.received[0].path == "/v1/images/edits"
    assert PNG in server.received[0].body
    assert [part["name"] for part in call.passed["body"]] == ["model", "prompt", "image[]"]
    assert call.not_passed == ("seed",)


def test_a_picture_that_was_made_and_is_gone_is_no_missing_model():
    """Its address has run out; the model is there."""
    with OpenAIServer(image_url=True, failures={2: Fails(404)}) as server, client() as http:
        engine = OpenAICompatibleImages(provider_at(server), KEY, client=http)
        with pytest.raises(OutputGone, match="404 the picture that was made is gone"):
            engine.make("A flower", seed=7, parameters={"model": "gpt-image-1"})


def test_a_picture_in_a_chat_is_shown_to_the_model():
    """As a data URL beside the text, which is what OpenAI and OpenRouter read."""
    with OpenAIServer("a pixel") as server, client() as http:
        ask(server, http, images=[InputImage("child.png", PNG, "image/png")])
    text, picture = server.received[0].json["messages"][-1]["content"]

    assert text == {"type": "text", "text": "A flower"}
    assert picture["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")


@pytest.mark.parametrize(
    ("failure", "error", "message", "again"),
    [
        (Fails(503), ServerFailed, "^OpenRouter Error: 503 scripted failure$", True),
        (Fails(402), AccessDenied, "^OpenRouter Error: 402 scripted failure$", False),
        (Fails(429, headers={"Retry-After": "3"}), ServerBusy, "^OpenRouter Error: 429", True),
        (Fails(200, b'{"error": {"code": 502, "message": "upstream is down"}}'), ServerFailed, "502 upstream", True),
        (Fails(200, b"<html>"), AnswerNotUnderstood, "not JSON", False),
    ],
)
def test_failures_are_told_apart(failure, error, message, again):
    """The status, or the error in an answer whose status said 200, decides what may be done about it."""
    with (
        OpenAIServer(failures={1: failure}) as server,
        client() as http,
        pytest.raises(error, match=message) as caught,
    ):
        ask(server, http, parameters={"model": MODEL, "stream": False})
    assert caught.value.may_be_retried is again
    assert getattr(caught.value, "retry_after", None) == (3.0 if error is ServerBusy else None)


@pytest.mark.parametrize(
    ("failure", "error", "message"),
    [
        (BreaksOff(after=3), AnswerBrokeOff, "broke off"),
        (BreaksOff(after=3, error="provider disconnected"), ServerFailed, "502 provider disconnected"),
    ],
)
def test_a_stream_that_ends_in_the_middle_is_never_taken_for_a_whole_one(failure, error, message):
    """A closed connection and an error event are failures, although half a text is there."""
    with (
        OpenAIServer("one two three four", failures={1: failure}) as server,
        client() as http,
        pytest.raises(error, match=message),
    ):
        ask(server, http)


def test_a_wrong_key_is_not_repeated_by_the_error():
    """OpenAI quotes the key in its complaint; ours does not."""
    with OpenAIServer() as server, client() as http, pytest.raises(AccessDenied) as caught:
        ask(server, http, key="unobtrusive-words-of-a-key")
    assert str(caught.value) == "OpenRouter Error: 401 Incorrect API key provided: [removed]."


def test_a_model_must_be_named():
    """There is no model that every account has."""
    provider = Provider(name="openai", base_url="http://127.0.0.1:1/v1")
    for engine in (OpenAICompatible(provider), OpenAICompatibleImages(provider)):
        with pytest.raises(InvalidParameter, match="OpenAI needs a model"):
            engine.make("Hello", seed=1, parameters={})


@pytest.mark.parametrize("stream", [True, False])
def test_a_model_that_draws_as_it_talks_makes_pictures(stream):
    """A picture in the message of a chat is the output; what was said with it is kept beside it."""
    parameters = {"model": "google/gemini-image", "modalities": ["image", "text"], "stream": stream}
    with OpenAIServer("Here it is", draws=True) as server, client() as http:
        engine = OpenAICompatible(provider_at(server), KEY, client=http)
        result, record = run(image_config("openrouter", parameters=parameters), {"openrouter": engine})
    (picture,) = items_of(record, "output_image")

    assert (result.outputs[0].media, result.outputs[0].media_format) == (PNG, "image/png")
    assert picture.metadata["text"] == "Here it is"
    assert server.received[0].json["modalities"] == ["image", "text"]


def test_words_instead_of_a_picture_are_a_failed_attempt():
    """A model that excuses itself has made no picture: the next engine is asked."""
    fallback = FallbackConfig(engine="painter")
    with OpenAIServer("I cannot draw that.") as server, client() as http:
        engines = {
            "openrouter": OpenAICompatible(provider_at(server), KEY, client=http),
            "painter": ScriptedMaker(),
        }
        config = image_config("openrouter", parameters={"model": "m"}, fallbacks=(fallback,))
        result, record = run(config, engines)
    (switch,) = items_of(record, "backend_fallback")

    assert result.outputs[0].media == PNG
    assert switch.content == "the answer is a text, no image: I cannot draw that."
    assert [call.error["error_type"] if call.error else None for call in calls_of(record)] == [
        "AnswerNotUnderstood",
        None,
    ]
