"""The pipeline with the engines of this machine: real translations where they are installed, real pictures always."""

import inspect
from pathlib import Path

import pytest

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.embedded import embedded_engines
from devserver.embedded.makers import EMBEDDED_MAKERS
from devserver.embedded.translation.translator import EmbeddedTranslator
from devserver.engines import Backend
from devserver.pipeline import Pipeline, Request
from otel_tracking import ExecutionTracker


def compare(**fields):
    """Result and record of a comparison of two small real pictures."""
    sink = RememberingSink()
    size = {"width": 96, "height": 64, "steps": 3}
    with start_recording(sinks=[sink], raise_errors=True, journal=False) as recording:
        pipeline = Pipeline(recording.tracker(), embedded_engines())
        request = Request(
            prompt="A red flower on the meadow", config_name="image_comparison", parameters=size, **fields
        )
        result = pipeline.run(request)
    (record,) = sink.records
    return result, record


def test_the_comparison_paints_two_real_pictures():
    """Both are PNG files of the size that was asked for; the palette is the model, and all parameters are kept."""
    result, record = compare(seed=7)
    pictures = [item for item in record.items if item.item_type == "output_image"]

    assert result.status == "completed"
    assert all(output.media.startswith(b"\x89PNG") for output in result.outputs)
    assert [picture.model_used for picture in pictures] == ["weimar", "dessau"]
    for picture in pictures:
        wanted = {"seed": 7, "width": 96, "height": 64, "steps": 3, "cfg": 5.5, "prompt": "A red flower on the meadow"}
        assert wanted.items() <= picture.metadata.items()
        assert picture.metadata["palette"]
    assert [call.not_passed for call in record.attempts] == [()] * len(record.attempts)


def test_the_same_seed_paints_the_same_bytes():
    """The picture depends on prompt, seed and parameters alone."""
    (first, _), (second, _), (other, _) = compare(seed=7), compare(seed=7), compare(seed=8)

    assert first.outputs == second.outputs
    assert first.outputs[0].media != other.outputs[0].media


def test_a_parameter_that_no_painter_has_is_named(tmp_path: Path):
    """The output fails with the closest name, instead of being painted without it."""
    config = tmp_path / "one.toml"
    config.write_text(
        'name = "one"\n[[outputs]]\nname = "a"\nengine = "procedural_image"\n[outputs.parameters]\nwidht = 64\n',
        encoding="utf-8",
    )
    pipeline = Pipeline(ExecutionTracker(), embedded_engines())
    result = pipeline.run(Request(prompt="A flower", config_name=str(config)))

    assert result.error.startswith("no parameter 'widht' of procedural_image; closest are width, ")


def test_the_translator_names_who_will_translate_before_it_is_asked():
    """What `backend_for` says is what `translate` does, for every pair that is installed."""
    translator = EmbeddedTranslator()

    assert translator.backend_for("de", "de").name == "none"
    assert translator.backend_for("ja", "tr") == Backend("none", "no engine for this pair")
    for pair in [("de", "en"), ("en", "es")]:
        if pair not in translator.pairs():
            pytest.skip(f"no engine here for {pair}; tools/install_engines.sh installs it")
        assert (
            translator.translate("robot", from_lang=pair[0], to_lang=pair[1]).engine
            == translator.backend_for(*pair).name
        )


@pytest.mark.parametrize("maker", EMBEDDED_MAKERS.values(), ids=EMBEDDED_MAKERS)
def test_the_parameters_of_an_engine_are_those_it_lists(maker):
    """A parameter that an engine gains must be listed, or nobody could use it."""
    assert set(maker.parameters) == set(inspect.signature(maker.function).parameters) - {"text", "images", "seed"}
