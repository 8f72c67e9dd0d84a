"""Whatever a recorder is told, in whatever order: nothing raises, nothing said is lost, and no two runs mix."""

import base64
import threading

import pytest
from era_c_recorder import PNG, Recorders
from hypothesis import given, settings
from hypothesis import strategies as st
from test_runs_of_a_recorder import DEVICE, MADE, RUN_ID, TEXT, Server, types_of

from otel_tracking import ItemType, Status, canonical, migration
from otel_tracking.entities import KINDS
from otel_tracking.migration import Home, recorder
from otel_tracking.migration.recorder.hearing import hear

texts = st.text(max_size=30)
names = st.sampled_from([*KINDS, "error", "context_prompt_de", "hologram_of_v9", "input_image2"]) | texts
contents = texts | st.binary(max_size=30) | st.dictionaries(texts, st.integers() | texts, max_size=3) | st.none()
metadata = st.none() | st.dictionaries(st.sampled_from(["config", "seed", "format", "prompt_id", "file_index"]), texts)
calls = st.one_of(
    st.tuples(st.sampled_from(["save_entity", "save_to_prompting_process"]), names, contents, metadata),
    st.tuples(st.just("set_state"), st.integers(-1, 5) | st.just("vlm"), texts),
    st.tuples(st.just("save_prompt_id"), texts),
    st.tuples(st.just("mark_complete")),
)


class Silent:
    """A recorder that keeps nothing itself."""

    def __init__(self, run_id):
        self.run_id, self.config_name, self.device_id, self.metadata = run_id, "renaissance", DEVICE, {}

    def save_entity(self, entity_type, content, metadata=None): ...
    def save_to_prompting_process(self, entity_type, content, metadata=None): ...
    def set_state(self, stage, step): ...
    def save_prompt_id(self, prompt_id, media_type="image"): ...
    def mark_complete(self): ...


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.runs.close()
    server.recording.close()


@pytest.fixture
def server(started):
    started.sink.records.clear()
    started.runs._runs.clear()
    return started


@settings(max_examples=60, deadline=None)
@given(told=st.lists(calls, max_size=12))
def test_nothing_raises_and_every_word_is_in_the_record(started, told):
    started.sink.records.clear()
    started.runs._runs.clear()
    heard = hear(Silent(RUN_ID), started.runs, begins=True)
    for name, *arguments in told:
        getattr(heard, name)(*arguments)
    kept = [canonical.dumps(record.to_dict()) for record in started.records()]
    for name, *arguments in told:
        if name.startswith("save_") and len(arguments) > 1 and isinstance(arguments[1], str) and len(arguments[1]) > 3:
            quoted = canonical.dumps(arguments[1]).strip('"')
            assert any(quoted in one for one in kept)


@settings(max_examples=20, deadline=None)
@given(turns=st.lists(st.integers(0, 2), min_size=1, max_size=30))
def test_interleaved_runs_never_mix(started, turns):
    """The calls of three runs come in any order, each by a thread of its own."""
    started.sink.records.clear()
    started.runs._runs.clear()
    recorders = [hear(Silent(f"run_{number}"), started.runs, begins=True) for number in range(3)]
    for step, number in enumerate(turns):
        save = recorders[number].save_to_prompting_process
        thread = threading.Thread(target=save, args=("interception", f"run_{number} step {step}"))
        thread.start()
        thread.join()
    for record in started.records():
        said = [item.content for item in record.items if isinstance(item.content, str)]
        assert all(text.startswith(f"{record.metadata['run_id']} ") for text in said)


def test_a_route_that_says_its_stages_is_the_same_record(server):
    """The whole pipeline in one request, with `set_state` before each stage."""
    heard = hear(Silent(RUN_ID), server.runs, begins=True)
    heard.set_state(0, "pipeline_starting")
    heard.save_entity("config_used", {"pipeline": "text_transformation"})
    heard.set_state(1, "translation_and_safety")
    heard.save_entity("input", TEXT)
    heard.save_entity("safety", {"safe": True, "method": "llm"})
    heard.set_state(2, "interception")
    heard.save_entity("interception", MADE, {"model_used": "gpt-OSS:20b"})
    for config in ("sd35_large", "flux2"):
        heard.set_state(3, "pre_output_safety")
        heard.save_entity("safety_pre_output", {"safe": True})
        heard.set_state(4, "media_generation")
        heard.save_entity("output_image", PNG, {"config": config})
    heard.set_state(5, "complete")
    [record] = server.ended_records()
    assert (record.status, record.outputs_generated, record.stages_completed) == (Status.COMPLETED, 2, (1, 2, 3, 4))
    names = [span.name for span in record.spans]
    assert (names.count("stage.output"), names.count("stage.output_safety"), names.count("stage.interception")) == (
        2,
        2,
        1,
    )
    assert record.spans[0].facts["config_used"] == {"pipeline": "text_transformation"}
    assert record.items_of(ItemType.INTERCEPTION_FINAL)[0].model_used == "gpt-OSS:20b"


def test_a_picture_in_a_text_is_a_picture(server):
    heard = hear(Silent(RUN_ID), server.runs)
    in_text = "data:image/png;base64," + base64.b64encode(PNG).decode()
    heard.save_entity("output_image", in_text, {"thumbnail": in_text, "seed": 7})
    record = server.record()
    pictures = record.items_of(ItemType.OUTPUT_IMAGE)
    assert [(item.media.type, item.media.bytes, item.loop_iteration) for item in pictures] == [
        ("image/png", len(PNG), 1)
    ] * 2
    assert len(canonical.dumps(record.to_dict())) < len(in_text) * 3


def test_a_second_generation_of_a_request_continues_the_run_that_it_looked_at(server, tmp_path):
    """The route loads the run that the page names, sees its picture, and begins another one."""
    recorders = Recorders(tmp_path)
    migration.configure(lambda: Home(server.recording.tracker()))
    runs = recorder.keep_runs(recorder.RunRules())
    get_recorder, load_recorder = recorder.beside(recorders.get_recorder, recorders.load_recorder)

    def first(environ, start_response):
        get_recorder("run_1", "sd35_large", "eco", "kids", device_id=DEVICE).save_entity("output_image", PNG)
        return []

    def again(environ, start_response):
        assert load_recorder("run_1").metadata["entities"]
        get_recorder("run_2", "sd35_large", "eco", "kids", device_id=DEVICE).save_entity("output_image", PNG)
        return []

    def another(environ, start_response):
        get_recorder("run_3", "sd35_large", "eco", "kids", device_id=DEVICE).save_entity("output_image", PNG)
        return []

    for application in (first, again, another):
        recorder.one_request(application)({}, None)
    for name in ("run_1", "run_2", "run_3"):
        runs.find(name).end()
    assert server.recording.flush(timeout=30)
    by_id = {record.metadata["run_id"]: record for record in server.sink.latest().values()}
    assert [by_id[name].continues for name in ("run_1", "run_2", "run_3")] == [None, by_id["run_1"].execution_id, None]
    recorder.keep_runs(recorder.RunRules())
    migration.configure(None)


def test_a_recorder_that_is_none_of_ours_stays_what_it_is(server):
    """No object of another kind, and no recorder that is there not, is hurt by being heard."""

    class Closed:
        __slots__ = ("run_id",)

        def save_entity(self, entity_type, content): ...

    closed = Closed()
    assert hear(closed, server.runs) is closed
    assert hear(None, server.runs) is None
    assert server.runs.troubles.counts["recorder hearing"] == 1


def test_what_the_earlier_recorder_raises_is_its_own(server):
    class Full(Silent):
        def save_entity(self, entity_type, content, metadata=None):
            raise OSError("no space left on device")

    heard = hear(Full(RUN_ID), server.runs)
    with pytest.raises(OSError, match="no space"):
        heard.save_entity("input", TEXT)
    for run in list(server.runs._runs.values()):
        run.end()
    assert server.recording.flush(timeout=30)
    [record] = server.sink.latest().values()
    assert types_of(record)[1] == "user_input_text"
