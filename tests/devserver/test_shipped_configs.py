"""Every configuration that comes along runs, and its record says what the engines really received."""

import io
import re
import wave
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.configs import list_configs, load_config
from devserver.configs.schema import FALLBACK, INTERCEPTION, OUTPUT, PIPELINE
from devserver.embedded import embedded_engines
from devserver.engines import InputImage
from devserver.pipeline import Pipeline, Request
from devserver.readiness import needs_of
from devserver.remote_engines import remote_engines
from devserver.settings import Settings
from devserver.testing import PNG
from otel_tracking import ItemType
from tests.model_servers import OllamaServer, OpenAIServer

PROMPT = "Eine alte Frau auf der Wiese"
SMALL = {"width": 64, "height": 64, "steps": 4, "duration_seconds": 2.0, "sample_rate": 8000, "longest_side": 64}
ENGINES = embedded_engines()
"""Of this machine. One for all tests: what Apertium can translate is asked once."""

NAMES = [config.name for config in list_configs()]
OF_SERVERS = [name for name in NAMES if name.startswith(("ollama_", "openrouter_", "comfyui_"))]
EMBEDDED = [name for name in NAMES if name not in OF_SERVERS]
WITH_OUTPUTS = [name for name in EMBEDDED if load_config(name).outputs]


def a_picture():
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "orange").save(buffer, "PNG")
    return InputImage("bild.png", buffer.getvalue(), "image/png")


class Witness:
    """An engine that notes what it is handed, and lets the real one do the work."""

    def __init__(self, maker, received):
        self._maker, self._received = maker, received

    def backend_for(self, parameters):
        return self._maker.backend_for(parameters)

    def make(self, text, *, seed, parameters, images=(), cancel=None):
        names = {"images": [image.name for image in images]} if images else {}
        self._received.append({"prompt": text, "seed": seed, **parameters, **names})
        return self._maker.make(text, seed=seed, parameters=parameters, images=images, cancel=cancel)


class TranslationWitness:
    """The translators of this machine, with a note of each text and each pair."""

    def __init__(self, translator, received):
        self._translator, self._received = translator, received

    def pairs(self):
        return self._translator.pairs()

    def backend_for(self, from_lang, to_lang):
        return self._translator.backend_for(from_lang, to_lang)

    def translate(self, text, *, from_lang, to_lang):
        self._received.append((text, from_lang, to_lang))
        return self._translator.translate(text, from_lang=from_lang, to_lang=to_lang)


def small(config):
    """The configuration with small sizes in the place of its own; no other parameter is touched."""

    def with_small(wanted):
        return {name: SMALL.get(name, value) for name, value in wanted.parameters.items()}

    outputs = tuple(replace(output, parameters=with_small(output)) for output in config.outputs)
    return replace(config, outputs=outputs)


def play(name, *, engines=None, prompt=PROMPT, **fields):
    """Result and record of a small run, what makers received, and what the translator received."""
    made, translated, sink = [], [], RememberingSink()
    engines = engines or ENGINES
    watched = replace(
        engines,
        makers={maker: Witness(engines.makers[maker], made) for maker in engines.makers},
        translator=TranslationWitness(engines.translator, translated),
    )
    config = small(load_config(name))
    if any(output.images_at_least for output in config.outputs):
        fields.setdefault("images", (a_picture(),))
    with start_recording([sink], raise_errors=True, journal=False) as recording:
        pipeline = Pipeline(recording.tracker(), watched, find_config=lambda _: config)
        result = pipeline.run(Request(prompt=prompt, config_name=str(name), **fields))
        assert recording.flush(timeout=30)
    (record,) = sink.records
    return result, record, made, translated


def needs_its_engines(name):
    missing = [need for need in needs_of(load_config(name), ENGINES) if not need.is_met]
    needs_english = load_config(name).translate_first or "translation" in str(missing)
    if missing or (needs_english and ("de", "en") not in ENGINES.translator.pairs()):
        pytest.skip(f"no translation engines here for {name}; tools/install_engines.sh installs them")


@pytest.mark.parametrize("name", EMBEDDED)
def test_it_runs_without_a_server_and_the_record_says_what_the_engines_received(name):
    """Completed; `passed` of each attempt is what its engine was handed, and nothing configured was left out."""
    needs_its_engines(name)
    result, record, made, translated = play(name, seed=123456789)
    asked = [call for call in record.attempts if call.backend_used != "term_lists"]
    makers = [call for call in asked if call.backend_used in ENGINES.makers]

    assert (result.status, record.status) == ("completed", "completed")
    assert [call.passed for call in makers] == made
    assert [call.passed["text"] for call in asked if call not in makers] == [text for text, _, _ in translated]
    assert [call.not_passed for call in asked] == [()] * len(asked)
    assert record.config_name == name


@pytest.mark.parametrize("name", WITH_OUTPUTS)
def test_each_output_has_its_own_medium_and_says_what_its_file_holds(name):
    """A file for each output, in order; its item has the facts of the file beside the parameters that made it."""
    needs_its_engines(name)
    result, record, _, _ = play(name, seed=5)
    items = [item for item in record.items if item.stage == 4 and item.media]
    config = small(load_config(name))

    assert [item.item_type for item in items] == [f"output_{output.medium}" for output in config.outputs]
    assert [item.config_used for item in items] == [output.name for output in config.outputs]
    for item, output, wanted in zip(items, result.outputs, config.outputs, strict=True):
        assert wanted.parameters.items() <= item.metadata.items()
        assert item.metadata["file"] == about(output.media)
        assert item.metadata["engine_version"].startswith(wanted.engine)


def about(content):
    """What a reader of the file finds in it."""
    if content[:4] == b"RIFF":
        with wave.open(io.BytesIO(content)) as file:
            return {
                "format": "audio/wav",
                "duration_seconds": file.getnframes() / file.getframerate(),
                "sample_rate": file.getframerate(),
                "channels": file.getnchannels(),
                "bit_depth": 16,
            }
    width, height = Image.open(io.BytesIO(content)).size
    return {"format": "image/png", "width": width, "height": height, "mode": "RGB", "frames": 1}


@pytest.mark.parametrize("name", [*WITH_OUTPUTS, "theopposite"])
def test_the_same_seed_makes_the_same_again(name):
    """Texts and files, byte for byte."""
    needs_its_engines(name)
    (first, *_), (second, *_) = play(name, seed=7), play(name, seed=7)

    assert (first.final_text, first.outputs) == (second.final_text, second.outputs)


def test_dada_makes_a_picture_of_the_poem_not_of_the_prompt():
    """What the painter receives is what left the bag; the words are those of the prompt, in their language."""
    result, record, made, _ = play("dada", seed=4)
    final = next(item for item in record.items if item.item_type == ItemType.INTERCEPTION_FINAL)

    assert sorted(result.final_text.split()) == sorted(PROMPT.split())
    assert [call["prompt"] for call in made] == [PROMPT, result.final_text]
    assert (final.metadata["cut"], final.metadata["pieces"], final.metadata["language"]) == ("words", 6, "de")


def test_the_opposite_keeps_the_language_and_tells_the_words():
    """German in, German out."""
    result, record, _, _ = play("theopposite")
    final = next(item for item in record.items if item.item_type == ItemType.INTERCEPTION_FINAL)

    assert result.final_text == "Eine junge Frau auf der Wüste"
    assert final.metadata["turned"] == [["alte", "junge"], ["Wiese", "Wüste"]]


def test_the_journey_across_scripts_is_written_in_four_of_them():
    """Arabic, Greek, Japanese and Latin letters, hop by hop, each of what came before."""
    needs_its_engines("journey_across_scripts")
    _, record, _, _ = play("journey_across_scripts", prompt="A flower on the meadow")
    hops = [item for item in record.items if item.item_type == ItemType.INTERCEPTION_ITERATION]

    assert [hop.metadata["to_lang"] for hop in hops] == ["ar", "en", "el", "en", "ja", "en", "pl", "en"]
    assert [hop.input_text for hop in hops[1:]] == [hop.content for hop in hops[:-1]]
    for number, (first, last) in {0: "؀ۿ", 2: "Ͱ῿", 4: "぀鿿"}.items():
        assert any(first <= character <= last for character in hops[number].content)


def test_image_input_wants_a_picture():
    """Without one nothing is run, and the sentence says how many it takes."""
    from devserver.errors import RequestError

    with pytest.raises(RequestError, match="0 images were given; for image_input 1 to 3 are allowed"):
        play("image_input", images=())


def remote(**settings):
    """The engines of this machine, and of a server that settings name."""
    found = remote_engines(Settings(**settings))
    embedded = ENGINES
    return replace(embedded, makers={**embedded.makers, **found.makers}, missing=found.missing)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("ollama_")])
def test_those_for_ollama_pass_everything_that_they_configure(name):
    """What is in the file arrives at the server; the one attempt after another is in the record."""
    with OllamaServer("ein kurzes Gedicht") as server:
        result, record, _, _ = play(name, engines=remote(ollama_url=server.url), seed=3)
    asked = [call for call in record.attempts if call.backend_used == "ollama"]

    assert result.status == "completed"
    assert len(server.bodies) == len(asked) == (8 if name == "ollama_stillepost" else 1)
    assert [call.not_passed for call in asked] == [()] * len(asked)


def test_ollama_dada_is_cut_by_scissors_where_there_is_no_ollama():
    """The fallback answers, and the record says that it did."""
    result, record, _, _ = play("ollama_dada", seed=3)

    assert result.status == "completed"
    assert [item.backend_used for item in record.items if item.item_type == ItemType.BACKEND_FALLBACK] == ["dada"]
    assert sorted(result.final_text.split()) == sorted(PROMPT.split())


def test_the_one_for_openrouter_gets_a_picture_and_passes_everything():
    """Over the protocol that OpenRouter speaks; the picture of the answer is the output."""
    with OpenAIServer("Here it is.", key="sk-shipped", draws=True) as server:
        settings = Settings()
        provider = replace(settings.providers[0], base_url=f"{server.url}/v1")
        engines = remote(providers=(provider,), keys={provider.key_variable: "sk-shipped"})
        result, record, _, _ = play("openrouter_image", engines=engines, prompt="A flower", seed=3)
    (call,) = (call for call in record.attempts if call.backend_used == "openrouter")

    assert result.status == "completed", result
    assert (result.outputs[0].media, call.not_passed) == (PNG, ())


def test_what_a_configuration_needs_is_known_before_it_runs():
    """Embedded ones need engines of this machine; those for servers say how to set the server up."""
    engines = remote()
    needs = {config.name: needs_of(config, engines) for config in list_configs()}

    assert [need.name for need in needs["dada"]] == ["dada", "procedural_image"]
    assert (needs["ollama_dada"][0].is_there, needs["ollama_dada"][0].instead) == (False, "dada")
    assert all(need.is_met for need in needs["ollama_dada"])
    assert needs["ollama_stillepost"][0].how == "set OLLAMA_HOST to its address"
    assert "OPENROUTER_API_KEY" in needs["openrouter_image"][0].how
    assert [need.name for need in needs["stillepost"]] == ["translation"]


def test_a_journey_that_no_engine_makes_names_the_packages():
    """Fixed, random or listed: what is missing is said with the command that helps."""

    class NoTranslator:
        def pairs(self):
            return (("en", "es"), ("es", "en"))

    engines = replace(ENGINES, translator=NoTranslator())
    (listed,), (fixed,) = (needs_of(load_config(name), engines) for name in ("journey_across_scripts", "stillepost"))

    assert not listed.is_there and "dict-freedict-eng-ara" in listed.how and "dict-freedict-jpn-eng" in listed.how
    assert not fixed.is_there and "install_engines.sh" in fixed.how


PAGE = (Path(__file__).parents[2] / "docs" / "configurations.md").read_text("utf-8")


def test_the_page_has_every_configuration_every_key_and_every_parameter():
    """Whoever adds one describes it in docs/configurations.md."""
    parameters = {name for maker in ENGINES.makers.values() for name in maker.parameters}
    wanted = {*NAMES, *PIPELINE, *INTERCEPTION, *OUTPUT, *FALLBACK, *ENGINES.makers, *parameters}

    assert {word for word in wanted if f"`{word}`" not in PAGE} == set()


def test_the_configuration_of_the_page_runs(tmp_path):
    """As it stands there: a poem, a poster and a song."""
    file = tmp_path / "shaken.toml"
    file.write_text(re.search(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1], "utf-8")
    result, record, _, _ = play(file, prompt="Eine Blume auf der Wiese")

    assert (result.status, record.config_name) == ("completed", "shaken")
    assert [output.media_format for output in result.outputs] == ["image/png", "audio/wav"]
