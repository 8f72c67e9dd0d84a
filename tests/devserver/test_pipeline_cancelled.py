"""A run that somebody stops, or whose reader leaves: it ends as cancelled, once, with everything until then."""

import threading

import pytest

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.backends.http import open_client
from devserver.backends.ollama import Ollama
from devserver.configs import FallbackConfig, InterceptionConfig, OutputConfig, PipelineConfig
from devserver.pipeline import Pipeline, Request
from devserver.testing import ScriptedMaker, scripted_engines
from tests.model_servers import Fails, OllamaServer, Stalls

MODEL = "mistral-nemo:latest"
CODE = OutputConfig(name="p5js", engine="ollama", medium="code", parameters={"model": MODEL})
TWO_OUTPUTS = PipelineConfig(name="code", translate_first=False, outputs=(CODE, CODE))


def a_pipeline(recording, config, **engines):
    engines = scripted_engines(language="en", **engines)
    return Pipeline(recording.tracker(), engines, find_config=lambda name: config, wait=lambda seconds: None)


def types_of(record):
    return [item.item_type for item in record.items]


@pytest.mark.parametrize("stopped_in", [1, 2, 3])
def test_a_cancelled_run_stops_before_the_next_step(stopped_in):
    """Outputs that were made stay, the next is not begun, and no output is said to have failed."""
    sink, cancel, calls = RememberingSink(), threading.Event(), []

    def paint(text, seed):
        calls.append(seed)
        if len(calls) == stopped_in:
            cancel.set()
        return b"picture"

    config = PipelineConfig(name="three", outputs=(OutputConfig(name="one", engine="painter"),) * 3)
    with start_recording([sink], raise_errors=True, journal=False) as recording:
        pipeline = a_pipeline(recording, config, painter=ScriptedMaker(paint))
        result = pipeline.run(Request(prompt="A flower"), cancel=cancel)
    (record,) = sink.records

    assert result.status == ("cancelled" if stopped_in < 3 else "completed")
    assert record.status == result.status
    assert (len(calls), types_of(record).count("output_image")) == (stopped_in, stopped_in)
    assert types_of(record)[-1] == ("pipeline_error" if stopped_in < 3 else "pipeline_complete")
    assert "output_failed" not in types_of(record)


def test_a_run_that_was_cancelled_before_it_began_has_a_record_without_a_prompt():
    """Somebody was quicker than the first stage."""
    sink, cancel = RememberingSink(), threading.Event()
    cancel.set()
    with start_recording([sink], raise_errors=True, journal=False) as recording:
        pipeline = a_pipeline(recording, TWO_OUTPUTS, ollama=ScriptedMaker())
        result = pipeline.run(Request(prompt="A flower"), cancel=cancel)
    (record,) = sink.records
    assert (result.status, record.status, "user_input_text" in types_of(record)) == ("cancelled", "cancelled", False)


def test_a_journey_stops_between_two_hops():
    """The hop that was under way is kept, the next is not begun."""
    sink, cancel, hops = RememberingSink(), threading.Event(), []

    def translate(text, seed):
        hops.append(text)
        if len(hops) == 3:
            cancel.set()
        return f"{len(hops)}"

    interception = InterceptionConfig(kind="translation_chain", engine="model", seed=1)
    config = PipelineConfig(name="stillepost", translate_first=False, interception=interception)
    with start_recording([sink], raise_errors=True, journal=False) as recording:
        pipeline = a_pipeline(recording, config, model=ScriptedMaker(translate))
        result = pipeline.run(Request(prompt="A flower"), cancel=cancel)
    (record,) = sink.records
    assert (result.status, record.status, types_of(record).count("interception_iteration")) == (
        "cancelled",
        "cancelled",
        3,
    )


def test_nothing_is_tried_again_for_somebody_who_has_left():
    """Neither a retry nor a fallback follows a failure once the run is cancelled."""
    sink, cancel = RememberingSink(), threading.Event()
    fallback = FallbackConfig(engine="painter")
    output = OutputConfig(name="one", engine="ollama", parameters={"model": MODEL}, retries=3, fallbacks=(fallback,))
    config = PipelineConfig(name="one", translate_first=False, outputs=(output,))
    failing = dict.fromkeys(range(1, 9), Fails(500))
    with OllamaServer(failures=failing) as server, open_client() as client:
        with start_recording([sink], raise_errors=True, journal=False) as recording:
            engines = {"ollama": Ollama(server.url, client=client), "painter": ScriptedMaker()}
            pipeline = Pipeline(
                recording.tracker(),
                scripted_engines(language="en", **engines),
                find_config=lambda name: config,
                wait=lambda seconds: cancel.set(),
            )
            result = pipeline.run(Request(prompt="A flower"), cancel=cancel)
        assert len(server.received) == 1
    (record,) = sink.records
    assert (result.status, record.status) == ("cancelled", "cancelled")
    assert "backend_fallback" not in types_of(record)


def test_a_reader_who_leaves_in_the_middle_of_stage_4_leaves_one_whole_record():
    """A web page's generator is closed while the model still writes: the run ends at the next piece that comes, its
    record is there once, cancelled, with the attempt and what had arrived of its answer.
    """
    sink, stall = RememberingSink(), Stalls(after=2)

    with (
        OllamaServer("one two three four", failures={1: stall}) as server,
        open_client() as client,
        start_recording([sink], raise_errors=True, journal=False) as recording,
    ):
        pipeline = a_pipeline(recording, TWO_OUTPUTS, ollama=Ollama(server.url, client=client))
        results = []

        def events():
            """What a route answers: events of the run, which goes on in a thread of its own."""
            cancel = threading.Event()
            worker = threading.Thread(
                target=lambda: results.append(pipeline.run(Request(prompt="A flower"), cancel=cancel))
            )
            worker.start()
            try:
                assert stall.reached.wait(30)
                yield "stage 4 has begun"
                yield "never reached"
            finally:
                cancel.set()
                stall.released.set()
                worker.join()

        reader = events()
        assert next(reader) == "stage 4 has begun"
        reader.close()
        assert recording.flush(timeout=30)
    (record,) = sink.records
    call = record.attempts[-1]

    assert [result.status for result in results] == ["cancelled"]
    assert (record.status, record.revision, record.dropped, len(server.received)) == ("cancelled", 1, 0, 1)
    assert (call.passed["body"]["model"], call.response["complete"]) == (MODEL, False)
    assert [span.loop_iteration for span in record.spans if span.name == "output"] == [1]
    assert not {"output_code", "output_failed", "pipeline_complete"} & set(types_of(record))
    assert types_of(record).count("pipeline_error") == 1
    assert record.error["error_type"] == "Cancelled"


def test_a_generator_that_runs_the_stages_itself_and_is_closed_is_cancelled_once():
    """GeneratorExit passes through the scopes: each ends once, and closing again changes nothing."""
    sink = RememberingSink()
    body = {"model": MODEL, "messages": [{"role": "user", "content": "A flower"}]}
    with (
        OllamaServer("one two three four") as server,
        open_client() as client,
        start_recording([sink], raise_errors=True, journal=False) as recording,
    ):
        tracker = recording.tracker()

        def route():
            with (
                tracker.execution("code") as run,
                run.output(1) as output,
                output.stage(4) as stage,
                stage.backend_call("ollama", model=MODEL) as call,
                call.current(),
                client.stream("POST", f"{server.url}/api/chat", json=body) as answer,
            ):
                yield from answer.iter_raw()

        reader = route()
        assert b"one" in next(reader)
        reader.close()
        reader.close()
        assert recording.flush(timeout=30)
    (record,) = sink.records
    (call,) = record.attempts

    assert (record.status, record.revision, record.outputs_generated) == ("cancelled", 1, 0)
    assert call.passed["body"] == body
    assert call.response["complete"] is False
