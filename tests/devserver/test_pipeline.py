"""The pipeline as its callers see it: what they hand in, what they get back, what is refused before anything runs."""

import pytest

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.configs import InterceptionConfig, OutputConfig, PipelineConfig
from devserver.configs.model import INTERCEPTION_KINDS, MEDIA
from devserver.errors import RequestError, UnknownConfig
from devserver.pipeline import Pipeline, Request
from devserver.settings import Settings
from devserver.stages.interception import INTERCEPTIONS
from devserver.stages.output import ITEM_TYPES
from devserver.testing import PNG, ScriptedMaker, ScriptedTranslator, scripted_engines
from devserver.wiring import open_devserver
from otel_tracking import ExecutionTracker

PROMPT = "Eine Blume auf der Wiese"


def a_pipeline(*, tracker=None, config=None, **engines):
    known = {} if config is None else {"find_config": lambda name: config}
    return Pipeline(tracker or ExecutionTracker(), scripted_engines(**engines), **known)


def test_the_caller_learns_the_ids_before_the_first_stage():
    """`on_start` gets the execution, whose ids are those of the result."""
    started = []
    result = a_pipeline().run(Request(prompt=PROMPT), on_start=started.append)

    assert [(run.execution_id, run.trace_id) for run in started] == [(result.execution_id, result.trace_id)]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"prompt": "  "}, "the prompt is empty"),
        (
            {"prompt": PROMPT, "safety_level": "kid"},
            "safety_level is 'kid'; closest is kids; known are kids, off, youth",
        ),
        ({"prompt": PROMPT, "execution_mode": "slow"}, "execution_mode is 'slow'"),
        ({"prompt": PROMPT, "languages": "es,fr"}, "allowed are 'fixed', 'random' or a list"),
        ({"prompt": PROMPT, "languages": []}, "languages is an empty list"),
    ],
)
def test_a_request_that_cannot_be_run_is_refused_before_a_run_starts(fields, complaint):
    """One sentence says what came and what is allowed; no execution is started."""
    started = []
    with pytest.raises(RequestError, match=complaint):
        a_pipeline().run(Request(**fields), on_start=started.append)
    assert started == []


def test_an_unknown_configuration_is_refused_before_a_run_starts():
    """A misspelt name is an answer to the caller, not a failed run in the dataset."""
    sink = RememberingSink()
    with start_recording(sinks=[sink], journal=False) as recording:
        with pytest.raises(UnknownConfig, match="closest are stillepost, "):
            a_pipeline(tracker=recording.tracker()).run(Request(prompt=PROMPT, config_name="stilepost"))
        assert recording.flush(timeout=60)
    assert sink.records == []


def test_parameters_of_the_request_go_before_those_of_the_configuration():
    """What the caller asks for is what the engine is handed; the configuration fills the rest."""
    sink = RememberingSink()
    output = OutputConfig(name="a", engine="painter", seed=3, parameters={"steps": 25, "cfg": 5.5})
    with start_recording(sinks=[sink], raise_errors=True, journal=False) as recording:
        pipeline = a_pipeline(
            tracker=recording.tracker(),
            config=PipelineConfig(name="one", outputs=(output,)),
            painter=ScriptedMaker(),
        )
        result = pipeline.run(Request(prompt=PROMPT, parameters={"steps": 4}))
    call = sink.records[0].attempts[-1]

    assert result.outputs[0].media == PNG
    assert call.configured == {"steps": 4, "cfg": 5.5, "seed": 3}
    assert {name: call.passed[name] for name in ("steps", "cfg", "seed")} == {"steps": 4, "cfg": 5.5, "seed": 3}


def test_a_text_engine_makes_the_text_that_outputs_are_made_from():
    """The interception kind `engine` hands the prompt to a maker; its seed and its words are in the record."""
    sink = RememberingSink()
    config = PipelineConfig(
        name="dada", translate_first=False, interception=InterceptionConfig(kind="engine", engine="dada", seed=5)
    )
    with start_recording(sinks=[sink], raise_errors=True, journal=False) as recording:
        cut_up = ScriptedMaker(
            lambda text, seed: f"{seed} Wiese der auf Blume", media_format="text/plain", facts={"seed": "5", "words": 4}
        )
        result = a_pipeline(tracker=recording.tracker(), config=config, dada=cut_up).run(Request(prompt=PROMPT))
    (final,) = [item for item in sink.records[0].items if item.item_type == "interception_final"]

    assert (result.final_text, final.content) == ("5 Wiese der auf Blume",) * 2
    assert (final.input_text, final.metadata["seed"], sink.records[0].used_seed) == (PROMPT, 5, 5)
    assert (final.backend_used, final.metadata["words"]) == ("comfyui", 4)


def test_an_engine_that_is_not_there_is_named_with_those_that_are():
    """The output fails with help in its message; the result does not pretend that it was made."""
    config = PipelineConfig(name="one", outputs=(OutputConfig(name="a", engine="comfy"),))
    result = a_pipeline(config=config, comfyui=ScriptedMaker()).run(Request(prompt=PROMPT))

    assert (result.status, result.outputs[0].status) == ("error", "failed")
    assert result.error == "output a wants engine 'comfy'; closest is comfyui; known are comfyui"


def test_an_interruption_is_not_swallowed():
    """Ctrl-C ends the run as cancelled and reaches the caller."""
    sink = RememberingSink()

    def interrupt(text, seed):
        raise KeyboardInterrupt

    config = PipelineConfig(name="one", outputs=(OutputConfig(name="a", engine="painter"),))
    with start_recording(sinks=[sink], raise_errors=True, journal=False) as recording:
        pipeline = a_pipeline(tracker=recording.tracker(), config=config, painter=ScriptedMaker(interrupt))
        with pytest.raises(KeyboardInterrupt):
            pipeline.run(Request(prompt=PROMPT))
    assert sink.records[0].status == "cancelled"


def test_every_kind_and_every_medium_that_a_file_may_name_has_its_row():
    """What configurations may say and what the stages can do are the same words."""
    assert set(INTERCEPTION_KINDS) == set(INTERCEPTIONS)
    assert set(MEDIA) == set(ITEM_TYPES)


def test_an_open_devserver_leaves_a_durable_record(tmp_path):
    """Leaving the block is enough: the dataset holds the run, with its configuration as it was."""
    from exporters import read_records

    settings = Settings(data_dir=tmp_path / "data", journal=False)
    with open_devserver(settings, engines=scripted_engines()) as devserver:
        result = devserver.pipeline.run(Request(prompt=PROMPT))
        assert devserver.settings is settings
    (record,) = read_records(tmp_path / "data")

    assert (record.execution_id, len(record.items)) == (result.execution_id, 16)
    assert record.metadata["config"]["interception"]["hops"] == 8


def test_settings_come_from_arguments_then_environment_then_defaults(tmp_path):
    """Whoever is nearer to the person decides."""
    environment = {
        "DEVSERVER_DATA_DIR": "/from/environment",
        "DEVSERVER_JOURNAL": "off",
        "DEVSERVER_FORMATS": "pdf, xml",
    }
    near = Settings.from_environment(data_dir=tmp_path, formats=(), environment=environment)
    far = Settings.from_environment(environment=environment)
    default = Settings.from_environment(environment={})

    assert (near.data_dir, near.journal, near.formats) == (tmp_path, False, ())
    assert (str(far.data_dir), far.journal, far.formats) == ("/from/environment", False, ("pdf", "xml"))
    assert default == Settings()


def test_a_journey_that_nobody_can_translate_is_refused_with_the_way_out():
    """With no language pair installed the run ends before its first hop, and the message says what to install."""
    result = a_pipeline(translator=ScriptedTranslator(pairs=())).run(Request(prompt=PROMPT))

    assert result.status == "error"
    assert "tools/install_engines.sh" in result.error


def test_a_text_engine_that_fails_ends_the_run_with_its_words():
    """Without a text there is nothing to make outputs from."""
    config = PipelineConfig(name="dada", interception=InterceptionConfig(kind="engine", engine="dada"))
    broken = ScriptedMaker(fails_at=[1], error="no words left")
    result = a_pipeline(config=config, language="en", dada=broken).run(Request(prompt="A flower"))

    assert result.error == "Interception failed: Backend error: no words left"
