"""Parameters of a request: each engine is handed those it has, and what nobody has is refused before a run starts."""

import pytest

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.configs import InterceptionConfig, OutputConfig, PipelineConfig, load_config
from devserver.configs.model import FallbackConfig
from devserver.embedded import embedded_engines
from devserver.engines import Engines
from devserver.errors import RequestError
from devserver.pipeline import Pipeline, Request
from devserver.stages.parameters import check_parameters, parameters_for
from devserver.testing import ScriptedMaker, scripted_engines
from otel_tracking import ExecutionTracker

EMBEDDED = embedded_engines()


def handed(config_name, asked, *, engines=EMBEDDED):
    """What each engine of a known configuration would be handed, by its place."""
    config = load_config(config_name)
    check_parameters(asked, config, engines)
    places = {output.name: output.engine for output in config.outputs}
    if config.interception.engine:
        places["interception"] = config.interception.engine
    return {place: parameters_for(place, engine, asked, config, engines) for place, engine in places.items()}


def refusal(config_name, asked, *, engines=EMBEDDED):
    with pytest.raises(RequestError) as caught:
        check_parameters(asked, load_config(config_name), engines)
    return str(caught.value)


def attempts_of(request, *, config=None, engines=EMBEDDED):
    """The result of a run, and what was configured for each engine that it asked."""
    sink = RememberingSink()
    known = {"find_config": lambda name: config} if config else {}
    with start_recording([sink], raise_errors=True, journal=False) as recording:
        result = Pipeline(recording.tracker(), engines, **known).run(request)
    (record,) = sink.records
    checks = engines.safety_backend.name
    return result, [call for call in record.attempts if call.backend_used != checks], record


def test_a_parameter_goes_to_the_engines_that_have_it():
    """A width is no affair of a poem, nor of a piece of music."""
    assert handed("dada", {"width": 64, "cut": "lines"}) == {"interception": {"cut": "lines"}, "dessau": {"width": 64}}
    assert handed("image_and_music", {"width": 64, "tempo": 90}) == {"weimar": {"width": 64}, "music": {"tempo": 90}}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"dessau.width": 64}, {"interception": {}, "dessau": {"width": 64}}),
        ({"procedural_image.width": 64}, {"interception": {}, "dessau": {"width": 64}}),
        ({"interception.cut": "lines"}, {"interception": {"cut": "lines"}, "dessau": {}}),
        ({"dada.context": "1", "context": "2"}, {"interception": {"context": "1"}, "dessau": {"context": "2"}}),
        ({"width": 32, "dessau.width": 64}, {"interception": {}, "dessau": {"width": 64}}),
        ({"dessau.width": 64, "width": 32}, {"interception": {}, "dessau": {"width": 64}}),
    ],
)
def test_an_address_says_whose_it_is_and_goes_before_what_is_for_all(asked, wanted):
    """An output's name, an engine's name, or `interception`, and a dot; the order does not matter."""
    assert handed("dada", asked) == wanted


def test_a_model_server_is_handed_everything():
    """What it knows is not known here; a dot that follows no place belongs to the parameter's own name."""
    engines = scripted_engines(comfyui=ScriptedMaker())
    asked = {"width": 64, "sampler.steps": 4}

    assert handed("comfyui_sd35", asked, engines=engines) == {"sd35_large": asked}


def test_a_fallback_is_handed_what_it_has():
    """Who takes over is asked with its own parameters, and with those of the request that it knows."""
    config, asked = load_config("ollama_dada"), {"temperature": 0.5, "cut": "lines"}
    engines = Engines(**{**vars_of(EMBEDDED), "makers": {**EMBEDDED.makers, "ollama": ScriptedMaker()}})

    assert parameters_for("interception", "ollama", asked, config, engines) == asked
    assert parameters_for("interception", "dada", asked, config, engines) == {"cut": "lines"}


def vars_of(engines):
    return {name: getattr(engines, name) for name in engines.__slots__}


@pytest.mark.parametrize(
    ("config_name", "asked", "complaint"),
    [
        ("dada", {"widht": 64}, "no parameter 'widht' of dada or procedural_image (configuration dada); closest"),
        ("dada", {"dessau.cut": "words"}, "no parameter 'cut' of procedural_image (configuration dada); known"),
        ("stillepost", {"width": 64}, "the engines of stillepost take no parameters here, and 'width' was given"),
        ("bauhaus", {"seed": 7}, "; a seed is asked for with --seed, or the request's own seed"),
    ],
)
def test_what_no_engine_has_is_refused_with_what_would_have_worked(config_name, asked, complaint):
    """The sentence names the engines that were meant and the closest names."""
    assert complaint in refusal(config_name, asked)


def test_a_server_that_is_not_set_up_cannot_take_a_parameter():
    """It is not lost in silence: the refusal says how the engine would come to be there."""
    engines = Engines(**{**vars_of(EMBEDDED), "missing": {"ollama": "set OLLAMA_HOST to its address"}})

    assert refusal("ollama_stillepost", {"temperature": 1}, engines=engines).endswith(
        "; ollama is not set up here: set OLLAMA_HOST to its address"
    )


def test_the_refusal_comes_before_the_run():
    """Nothing is recorded of a request that could not be run as it stood."""
    started = []
    with pytest.raises(RequestError, match="closest are width, height"):
        Pipeline(ExecutionTracker(), EMBEDDED).run(
            Request(prompt="Eine Blume", config_name="dada", parameters={"widht": 64}), on_start=started.append
        )
    assert started == []


def test_what_went_where_is_in_the_record():
    """Each attempt has what it was configured with, the run what was asked for."""
    asked = {"width": 64, "height": 96, "dessau.steps": 3, "cut": "lines"}
    request = Request(prompt="Eine Blume", config_name="dada", seed=5, parameters=asked)
    result, calls, record = attempts_of(request)

    assert result.status == "completed"
    assert [(call.backend_used, call.configured) for call in calls] == [
        ("dada", {"cut": "lines", "seed": 5}),
        ("procedural_image", {"palette": "dessau", "width": 64, "height": 96, "steps": 3, "cfg": 5.5, "seed": 5}),
    ]
    assert [call.not_passed for call in calls] == [(), ()]
    assert record.metadata["parameters"] == asked


def test_a_model_that_translates_is_handed_them_too():
    """In a chain each hop is asked with what the request wants."""
    config = PipelineConfig(
        name="one",
        translate_first=False,
        interception=InterceptionConfig(
            kind="translation_chain", languages=("es",), engine="ollama", fallbacks=(FallbackConfig(engine="other"),)
        ),
        outputs=(OutputConfig(name="picture", engine="comfyui"),),
    )
    model = ScriptedMaker("Una flor", media_format="text/plain")
    engines = scripted_engines(ollama=model, other=model, comfyui=ScriptedMaker())
    request = Request(prompt="Eine Blume", seed=5, parameters={"interception.temperature": 0.1})
    _, calls, _ = attempts_of(request, config=config, engines=engines)

    assert [call.configured for call in calls] == [{"temperature": 0.1, "seed": 5}, {"seed": 5}]


def test_a_key_among_them_does_not_reach_the_record():
    """Whoever passes a key as a parameter by mistake finds a marker in the record."""
    config = PipelineConfig(name="one", outputs=(OutputConfig(name="picture", engine="comfyui"),))
    request = Request(prompt="A flower", parameters={"api_key": "s3cret-value"})
    _, calls, record = attempts_of(request, config=config, engines=scripted_engines(comfyui=ScriptedMaker()))

    assert record.metadata["parameters"] == {"api_key": "[removed: api_key]"}
    assert calls[-1].configured["api_key"] == "[removed: api_key]"
