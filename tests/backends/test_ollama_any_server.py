"""What holds for any Ollama: the test server here, and a real one where OLLAMA_HOST names it. Any model will do."""

import pytest
from backend_stage import an_ollama_at, calls_of, client, ollamas, run, sent_bytes, text_config

from devserver.backends.errors import ModelNotFound, RequestRejected
from devserver.backends.ollama import Ollama

SHORT = {"num_predict": 16, "temperature": 0.0}


@ollamas
@pytest.mark.parametrize("api", ["chat", "generate"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_server_answers_and_the_record_says_who_did(ollama_at, api, stream):
    """What left is in the record, byte for byte, and so are the model, its digest and the server's version."""
    with an_ollama_at(ollama_at) as (url, model), client() as http:
        asked = {**SHORT, "model": model, "stream": stream, "max_tokens": 16}
        config = text_config(parameters={**asked, "context": "Answer with one word. Which flower is red?"})
        result, record = run(config, {"ollama": Ollama(url, api=api, client=http)}, seed=7)
    (call,) = calls_of(record)

    assert result.status == "completed"
    assert sent_bytes(call)
    assert call.not_passed == ("max_tokens",)
    assert call.response["model"].startswith(model)
    assert len(call.facts["engine"]["model_digest"]) == 64
    assert call.facts["engine"]["engine_version"]


@ollamas
@pytest.mark.parametrize("api", ["chat", "generate"])
def test_a_wrong_option_is_final(ollama_at, api):
    """Whatever status a server gives it: another engine would answer another question."""
    with an_ollama_at(ollama_at) as (url, model), client() as http, pytest.raises(RequestRejected, match="temperature"):
        Ollama(url, api=api, client=http).make("Hello", seed=7, parameters={"model": model, "temperature": "hot"})


@ollamas
@pytest.mark.parametrize("api", ["chat", "generate"])
def test_a_model_that_is_not_there_is_named(ollama_at, api):
    """Another one may be asked."""
    with an_ollama_at(ollama_at) as (url, _), client() as http, pytest.raises(ModelNotFound, match="nobody"):
        Ollama(url, api=api, client=http).make("Hello", seed=7, parameters={"model": "nobody"})


@ollamas
def test_the_same_seed_says_the_same(ollama_at):
    """At temperature 0, from the same model."""
    with an_ollama_at(ollama_at) as (url, model), client() as http:
        engine, asked = Ollama(url, client=http), {**SHORT, "model": model}
        first, second = (engine.make("A flower", seed=7, parameters=asked) for _ in range(2))
    assert first.text == second.text
    assert first.facts["model_digest"] == second.facts["model_digest"]
