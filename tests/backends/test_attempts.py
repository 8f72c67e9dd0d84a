"""Every attempt is a span: retries of the same, fallbacks to another model or another backend, and none in silence."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from backend_stage import (
    FallbackConfig,
    InterceptionConfig,
    calls_of,
    client,
    image_config,
    items_of,
    run,
    sent_bytes,
    text_config,
)

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.backends.errors import RequestRejected, ServerFailed
from devserver.backends.ollama import Ollama
from devserver.backends.openai_compatible import OpenAICompatible
from devserver.backends.openai_images import OpenAICompatibleImages
from devserver.backends.servers import Provider
from devserver.configs import PipelineConfig
from devserver.engines import Backend, Made, MadeFile
from devserver.pipeline import Pipeline, Request
from devserver.testing import PNG, ScriptedMaker, ScriptedTranslator, scripted_engines
from tests.model_servers import BreaksOff, Fails, OllamaServer, OpenAIServer, a_closed_address

MODEL = "mistral-nemo:latest"
BUSY = Fails(429, headers={"Retry-After": "3"})


def outcomes_of(record):
    """Backend, model and error of each attempt, in order."""
    return [
        (call.backend_used, call.model_used, call.error["error_type"] if call.error else None)
        for call in calls_of(record)
    ]


def test_a_failure_that_may_pass_is_tried_again_and_both_attempts_are_seen():
    """HTTP 500, then an answer: two spans with the same bytes, and the text belongs to the second."""
    with OllamaServer(failures={1: Fails(500)}) as server, client() as http:
        waited = []
        config = text_config(parameters={"model": MODEL}, retries=1)
        result, record = run(config, {"ollama": Ollama(server.url, client=http)}, waited=waited)
    first, second = calls_of(record)
    (final,) = items_of(record, "interception_final")

    assert (result.status, record.status, result.final_text) == ("completed", "completed", "A flower!")
    assert outcomes_of(record) == [("ollama", MODEL, "ServerFailed"), ("ollama", MODEL, None)]
    assert [sent_bytes(first), sent_bytes(second)] == server.bodies
    assert server.bodies[0] == server.bodies[1]
    assert (first.response["status"], second.response["status"]) == (500, 200)
    assert first.response["body"] == {"error": "scripted failure"}
    assert (final.attempt, waited) == (second.span_id, [0.5])
    assert items_of(record, "backend_fallback") == []


def test_a_server_that_says_when_to_come_again_is_obeyed():
    """`Retry-After` goes before our own pauses, which double."""
    failures = {1: BUSY, 2: Fails(500), 3: BreaksOff()}
    with OllamaServer(failures=failures) as server, client() as http:
        waited = []
        config = text_config(parameters={"model": MODEL}, retries=3)
        result, record = run(config, {"ollama": Ollama(server.url, client=http)}, waited=waited)

    assert (result.status, waited) == ("completed", [3.0, 1.0, 2.0])
    assert [error for _, _, error in outcomes_of(record)] == ["ServerBusy", "ServerFailed", "AnswerBrokeOff", None]


def test_nothing_is_tried_more_often_than_the_configuration_says():
    """The last failure is the run's error."""
    with OllamaServer(failures=dict.fromkeys(range(1, 9), Fails(500))) as server, client() as http:
        config = text_config(parameters={"model": MODEL}, retries=2)
        result, record = run(config, {"ollama": Ollama(server.url, client=http)})

    assert (result.status, len(server.received), len(calls_of(record))) == ("error", 3, 3)
    assert result.error == "Interception failed: Backend error: Ollama Error: 500 scripted failure"


def test_another_model_takes_over_and_an_item_says_so():
    """The model is not there; the fallback's parameters stand alone, and the text belongs to who answered."""
    fallback = FallbackConfig(engine="ollama", parameters={"model": MODEL, "temperature": 0.1})
    with OllamaServer() as server, client() as http:
        config = text_config(parameters={"model": "gone:7b", "top_p": 0.9}, retries=2, fallbacks=(fallback,))
        result, record = run(config, {"ollama": Ollama(server.url, client=http)})
    (switch,) = items_of(record, "backend_fallback")
    (final,) = items_of(record, "interception_final")

    assert result.status == "completed"
    assert outcomes_of(record) == [("ollama", "gone:7b", "ModelNotFound"), ("ollama", MODEL, None)]
    assert [sent_bytes(call) for call in calls_of(record)] == server.bodies
    assert "top_p" not in server.received[1].json["options"]
    assert switch.metadata == {
        "from_backend": "ollama",
        "from_model": "gone:7b",
        "to_backend": "ollama",
        "to_model": MODEL,
        "reason": "ModelNotFound",
    }
    assert switch.content == "Ollama Error: 404 model 'gone:7b' not found"
    assert (final.model_used, final.attempt) == (MODEL, calls_of(record)[1].span_id)


def test_another_backend_takes_over_when_the_first_is_not_there():
    """A refused connection, tried twice, then OpenRouter: three attempts, each with what it sent."""
    with OpenAIServer() as server, client() as http:
        provider = Provider(name="openrouter", base_url=f"{server.url}/v1", region="us")
        fallback = FallbackConfig(engine="openrouter", parameters={"model": "mistralai/mistral-nemo"})
        engines = {
            "ollama": Ollama(a_closed_address(), client=http),
            "openrouter": OpenAICompatible(provider, "sk-test", client=http),
        }
        config = text_config(parameters={"model": MODEL}, retries=1, fallbacks=(fallback,))
        result, record = run(config, engines)
    refused, refused_again, answered = calls_of(record)
    (switch,) = items_of(record, "backend_fallback")

    assert result.status == "completed"
    assert [call.error["error_type"] for call in (refused, refused_again)] == ["ServerUnreachable"] * 2
    assert refused.passed["body"]["model"] == MODEL
    assert [sent_bytes(answered)] == server.bodies
    assert (switch.metadata["from_backend"], switch.metadata["to_backend"]) == ("ollama", "openrouter")
    assert switch.metadata["reason"] == "ServerUnreachable"
    assert (refused.facts["provider"]["provider_region"], answered.facts["provider"]["provider_region"]) == (
        "local",
        "us",
    )


def test_a_silent_fallback_becomes_two_visible_attempts_with_two_payloads():
    """A painter of pictures fails over HTTP, another backend paints: the picture belongs to attempt 2 and its graph."""
    graph = {"3": {"class_type": "KSampler", "inputs": {"sampler_name": "euler", "scheduler": "normal", "seed": 7}}}
    comfyui = ScriptedMaker(backend=Backend("comfyui", "sd3.5_large.safetensors"))
    fallback = FallbackConfig(engine="comfyui", parameters={"graph": graph, "steps": 25, "cfg": 5.5})
    with OpenAIServer(failures=dict.fromkeys((1, 2), Fails(503))) as server, client() as http:
        provider = Provider(name="diffusers", base_url=f"{server.url}/v1", image_seed_name="seed")
        engines = {"diffusers": OpenAICompatibleImages(provider, "sk-test", client=http), "comfyui": comfyui}
        parameters = {"model": "sd3.5-large", "steps": 25, "width": 1024, "height": 1024}
        config = image_config("diffusers", parameters=parameters, fallbacks=(fallback,), seed=7)
        result, record = run(config, engines)
    first, second, third = calls_of(record)
    (picture,) = items_of(record, "output_image")
    (switch,) = items_of(record, "backend_fallback")

    assert (result.status, record.status, record.outputs_generated) == ("completed", "completed", 1)
    assert [first.passed["body"]] * 2 == [second.passed["body"], {**parameters, "prompt": "A flower", "seed": 7}]
    assert third.passed["graph"] == graph
    assert (picture.attempt, picture.backend_used) == (third.span_id, "comfyui")
    assert picture.metadata["graph"] == graph
    assert (switch.stage, switch.loop_iteration) == (4, 1)
    assert switch.metadata["from_backend"] == "diffusers"


def test_a_refused_parameter_is_final():
    """The next engine would answer another question: the fallback is not asked."""
    fallback = FallbackConfig(engine="openrouter", parameters={"model": "any"})
    with OllamaServer() as server, client() as http:
        config = text_config(parameters={"model": MODEL, "temperature": "hot"}, retries=3, fallbacks=(fallback,))
        engines = {"ollama": Ollama(server.url, client=http), "openrouter": ScriptedMaker("never")}
        result, record = run(config, engines)

    assert (result.status, len(server.received)) == ("error", 1)
    assert outcomes_of(record) == [("ollama", MODEL, RequestRejected.__name__)]
    assert items_of(record, "backend_fallback") == []


def test_an_engine_that_is_not_set_up_gives_way_to_the_fallback():
    """No server of that name: nothing was attempted, and the item says why another made it."""
    config = image_config("comfyui", fallbacks=(FallbackConfig(engine="painter"),))
    result, record = run(config, {"painter": ScriptedMaker(backend=Backend("procedural_image", "meadow"))})
    (switch,) = items_of(record, "backend_fallback")

    assert result.outputs[0].media == PNG
    assert len(calls_of(record)) == 1
    assert (switch.metadata["from_backend"], switch.metadata["reason"]) == ("comfyui", "EngineNotInstalled")


class ThreePictures:
    """An engine whose one answer holds several files."""

    def backend_for(self, parameters):
        return Backend("comfyui", "sd3.5_large.safetensors")

    def make(self, text, *, seed, parameters, images=(), cancel=None):
        titles = ("Reference", "first half eliminated", "second half eliminated")
        return Made(
            files=[MadeFile(PNG + title.encode(), "image/png", {"node_title": title}) for title in titles],
            passed={"prompt": text, "seed": seed},
            facts={"nodes": 36},
        )


def test_several_files_of_one_answer_are_several_items_of_one_attempt():
    """Each has its own file and title; all have the same counter and the same attempt."""
    result, record = run(image_config("comfyui", seed=7), {"comfyui": ThreePictures()})
    (call,) = calls_of(record)
    pictures = items_of(record, "output_image")

    assert [picture.metadata["node_title"] for picture in pictures] == [
        "Reference",
        "first half eliminated",
        "second half eliminated",
    ]
    assert len({picture.media.sha256 for picture in pictures}) == 3
    assert {(picture.loop_iteration, picture.attempt, picture.metadata["nodes"]) for picture in pictures} == {
        (1, call.span_id, 36)
    }
    assert (record.outputs_generated, len(result.outputs[0].files)) == (1, 3)


HOPS = PipelineConfig(
    name="stillepost",
    translate_first=False,
    interception=InterceptionConfig(
        kind="translation_chain",
        engine="ollama",
        languages=("hi", "pl", "ko", "ar", "ko", "nl", "ar", "en"),
        parameters={"model": MODEL, "temperature": 0.7, "max_tokens": 2048},
        retries=0,
        seed=11,
    ),
)


def translate(prompt):
    """The text at the prompt's end, marked by the language it names."""
    language = prompt.split(" to ")[1].split(".")[0]
    return prompt.split("\n\n", 1)[1] + f" [{language}]"


def test_a_model_translates_hop_by_hop_and_the_chain_is_what_it_was_given():
    """Eight requests, each with what the one before answered; repeats of a language are kept."""
    with OllamaServer(translate) as server, client() as http:
        prompt, engines = "Eine Blume auf der Wiese", {"ollama": Ollama(server.url, client=http)}
        result, record = run(HOPS, engines, language="de", prompt=prompt)
    hops = items_of(record, "interception_iteration")

    assert result.final_text.endswith("[Hindi] [Polish] [Korean] [Arabic] [Korean] [Dutch] [Arabic] [English]")
    assert [hop.input_text for hop in hops] == [prompt, *(hop.content for hop in hops[:-1])]
    assert [sent_bytes(call) for call in calls_of(record)] == server.bodies
    assert {call.not_passed for call in calls_of(record)} == {("max_tokens",)}
    assert server.received[0].json["messages"] == [
        {
            "role": "user",
            "content": "Translate the following text from German to Hindi. Answer with the translation alone, "
            f"without a comment.\n\n{prompt}",
        }
    ]
    assert {request.json["options"]["seed"] for request in server.received} == {11}
    assert [(hop.model_used, hop.backend_used, hop.metadata["to_lang"]) for hop in hops[:2]] == [
        (MODEL, "ollama", "hi"),
        (MODEL, "ollama", "pl"),
    ]
    assert record.used_seed == 11


def test_a_real_500_at_the_fifth_hop_ends_the_run_there():
    """Four hops, the failure with its place, nothing after it; the server's answer is on the failed attempt."""
    with OllamaServer(translate, failures={5: Fails(500, b"")}) as server, client() as http:
        result, record = run(HOPS, {"ollama": Ollama(server.url, client=http)}, language="de", prompt="Eine Blume")
    (error,) = items_of(record, "pipeline_error")
    failed = calls_of(record)[-1]

    assert (result.status, record.status) == ("error", "error")
    assert result.error == "Loop iteration 5 failed: Backend error: Ollama Error: 500"
    assert len(items_of(record, "interception_iteration")) == 4
    assert (error.stage, error.stage_iteration, error.content) == (2, 5, result.error)
    assert items_of(record, "interception_final") == items_of(record, "pipeline_complete") == []
    assert (len(server.received), failed.response["status"], failed.error["error_type"]) == (5, 500, "ServerFailed")
    assert failed.status == "error"


def test_a_real_500_at_the_fifth_hop_may_be_repeated():
    """With one retry the journey goes on, and the failure stays visible."""
    config = PipelineConfig(
        name="stillepost",
        translate_first=False,
        interception=InterceptionConfig(
            kind="translation_chain",
            engine="ollama",
            languages=HOPS.interception.languages,
            parameters={"model": MODEL},
        ),
    )
    with OllamaServer(translate, failures={5: Fails(500)}) as server, client() as http:
        result, record = run(config, {"ollama": Ollama(server.url, client=http)}, language="de", prompt="Eine Blume")
    failed = [call for call in calls_of(record) if call.error]

    assert (result.status, len(items_of(record, "interception_iteration"))) == ("completed", 8)
    assert [(call.stage_iteration, call.error["error_type"]) for call in failed] == [(5, ServerFailed.__name__)]


@pytest.mark.parametrize("languages", ["fixed", "random"])
def test_a_model_needs_no_installed_languages(languages):
    """A journey is planned over what models speak, although no translation engine is on this machine."""
    config = PipelineConfig(
        name="stillepost",
        translate_first=False,
        interception=InterceptionConfig(
            kind="translation_chain", engine="model", languages=languages, hops=8, final_language=None, seed=3
        ),
    )
    engines = {"model": ScriptedMaker(lambda text, seed: translate(text), backend=Backend("ollama", MODEL))}

    result, record = run(
        config, {**engines, "translator": ScriptedTranslator(pairs=())}, language="uk", prompt="Квітка"
    )
    assert (result.status, len(items_of(record, "interception_iteration"))) == ("completed", 8)


def test_runs_that_share_a_client_do_not_share_what_they_sent():
    """Fifteen devices on eight threads, one client, languages mixed: each record holds its own requests alone."""
    prompts = [f"prompt {number}" for number in range(15)]
    sink = RememberingSink()
    config = text_config(parameters={"model": MODEL}, retries=1)
    with (
        OllamaServer(failures={5: Fails(500)}) as server,
        client() as http,
        start_recording([sink], raise_errors=True, journal=False) as recording,
        ThreadPoolExecutor(8) as threads,
    ):
        engines = scripted_engines(language="en", ollama=Ollama(server.url, client=http))
        pipeline = Pipeline(recording.tracker(), engines, find_config=lambda name: config, wait=lambda seconds: None)
        results = list(threads.map(lambda prompt: pipeline.run(Request(prompt=prompt)), prompts))
        assert recording.flush(timeout=30)
    sent = {
        record.items[1].content: {call.passed["body"]["messages"][0]["content"] for call in calls_of(record)}
        for record in sink.records
    }

    assert [result.final_text for result in results] == [f"{prompt}!" for prompt in prompts]
    assert sent == {prompt: {prompt} for prompt in prompts}
    assert sorted(sent_bytes(call) for record in sink.records for call in calls_of(record)) == sorted(server.bodies)
    for record in sink.records:
        assert [item.sequence_number for item in record.items] == list(range(1, len(record.items) + 1))
