"""Whatever is called, in whatever order, by whichever thread: nothing is raised, nothing that was logged is lost."""

import datetime as dt
import inspect
import os
import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_of_era_a import items_of, sequence, tree

from collectors import start_recording
from collectors.testing import FailingSink, RememberingSink
from otel_tracking.migration import ExecutionTracker, Home, configure, load_execution_record, save_execution_record
from otel_tracking.record import timestamp_of

MICROSECOND = dt.timedelta(microseconds=1)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000)


@pytest.fixture
def sink():
    return RememberingSink()


@pytest.fixture
def recording(sink):
    recording = start_recording([sink], journal=False)
    tracker = recording.tracker()
    configure(lambda: Home(tracker))
    yield recording
    configure(None)
    recording.close()


def a_tracker(**fields):
    return ExecutionTracker(**{"config_name": "dada", "execution_mode": "eco", "safety_level": "kids", **fields})


def written(recording, sink):
    """The latest revision of the one record."""
    assert recording.flush(timeout=60)
    [record] = sink.latest().values()
    return record


class TestSignatures:
    @pytest.mark.parametrize(
        ("method", "arguments"),
        [
            ("__init__", "config_name execution_mode safety_level user_id session_id"),
            ("set_stage", "stage"),
            ("set_stage_iteration", "iteration"),
            ("set_loop_iteration", "iteration"),
            ("log_pipeline_start", "input_text metadata"),
            ("log_user_input_text", "text"),
            ("log_user_input_image", "file_path metadata"),
            (
                "log_translation_result",
                "translated_text from_lang to_lang model_used execution_time backend_used backend_type",
            ),
            ("log_stage1_safety_check", "safe method execution_time found_terms model_used"),
            ("log_stage1_blocked", "blocked_reason blocked_codes model_used error_message"),
            ("log_interception_iteration", "iteration_num result_text from_lang to_lang model_used config_used"),
            (
                "log_interception_final",
                "final_text total_iterations config_used model_used backend_used execution_time backend_type",
            ),
            (
                "log_stage3_safety_check",
                "loop_iteration safe method config_used model_used backend_used execution_time backend_type",
            ),
            ("log_stage3_blocked", "loop_iteration config_used abort_reason"),
            *[
                (
                    f"log_output_{medium}",
                    "loop_iteration config_used file_path model_used backend_used metadata execution_time backend_type",
                )
                for medium in ("image", "audio", "music")
            ],
            ("log_pipeline_complete", "total_duration outputs_generated"),
            ("log_pipeline_error", "error_type error_message stage"),
            ("log_stage_transition", "from_stage to_stage"),
            ("finalize", ""),
            ("get_execution_record", ""),
            ("get_items_by_stage", "stage"),
            ("get_items_by_type", "item_type"),
        ],
    )
    def test_every_method_takes_what_it_took(self, method, arguments):
        """Names and order are those of the earlier tracker; `backend_type` is the later name of `backend_used`."""
        parameters = list(inspect.signature(getattr(ExecutionTracker, method)).parameters)
        assert parameters == ["self", *arguments.split()]

    def test_everything_can_be_passed_by_position(self, recording, sink):
        """As the earlier signatures allow it."""
        tracker = ExecutionTracker("dada", "eco", "kids", "u1", "s1")
        tracker.log_pipeline_start("Eine Blume", {"request_id": 3})
        tracker.log_user_input_text("Eine Blume")
        tracker.log_translation_result("A flower", "tr", "en", "gpt-oss", 1.5, "ollama")
        tracker.log_stage1_safety_check(True, "fast_filter", 0.001, ["x"], "llama")
        tracker.log_interception_iteration(1, "hop", "en", "hi", "m", "dada")
        tracker.log_interception_final("final", 1, "dada", "m", "ollama", 2.0)
        tracker.log_stage3_safety_check(1, True, "fast_filter", "sd35_large")
        tracker.log_output_audio(1, "stableaudio_open", "prompt id", "m", "stable_audio", {"seed": 3}, 9.0)
        tracker.log_pipeline_complete(2.0, 1)
        record = written(recording, sink)

        assert (record.user_id, record.session_id, record.metadata) == ("u1", "s1", {"request_id": 3})
        [translated] = items_of(record, "translation_result")
        assert (translated.execution_time, translated.metadata) == (1.5, {"from_lang": "tr", "to_lang": "en"})
        [sound] = items_of(record, "output_audio")
        assert (sound.backend_used, sound.config_used, sound.execution_time) == (
            "stable_audio",
            "stableaudio_open",
            9.0,
        )
        assert (record.status, record.used_seed) == ("completed", 3)

    def test_both_names_of_the_backend_are_taken(self, recording, sink):
        """It was renamed in December 2025."""
        tracker = a_tracker()
        tracker.log_output_image(
            loop_iteration=1, config_used="x", file_path="y", model_used="z", backend_type="triton", metadata={}
        )
        tracker.log_interception_final(final_text="t", total_iterations=1, backend_type="ollama")
        tracker.finalize()
        assert [item.backend_used for item in written(recording, sink).items if item.backend_used] == [
            "triton",
            "ollama",
        ]


class TestTheEnd:
    def test_finalize_twice_writes_one_record(self, recording, sink):
        """The second changes nothing."""
        tracker = a_tracker()
        tracker.log_pipeline_complete(1.0, 0)
        tracker.finalize()
        tracker.user_id = "too late"
        tracker.finalize()
        written(recording, sink)

        assert (len(sink.records), tracker.finalized) == (1, True)

    def test_a_run_that_was_never_finalized_is_interrupted(self, sink):
        """With everything that was logged."""
        with start_recording([sink], journal=False) as recording:
            configure(lambda: Home(recording.tracker()))
            a_tracker().log_user_input_text("Eine Blume")
        configure(None)

        [record] = sink.records
        assert (record.status, len(items_of(record, "user_input_text"))) == ("interrupted", 1)

    def test_completion_alone_ends_a_run(self, recording, sink):
        """Who forgets `finalize` loses nothing."""
        a_tracker().log_pipeline_complete(total_duration=1.0, outputs_generated=0)
        assert written(recording, sink).status == "completed"

    def test_another_thread_may_finalize(self, recording, sink):
        """A tracker belongs to a run, not to a thread."""
        tracker = a_tracker()
        tracker.set_stage(1)
        for work in (lambda: tracker.log_user_input_text("Eine Blume"), tracker.finalize):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert sequence(written(recording, sink)) == [
            ("pipeline_start", 0, None, None),
            ("user_input_text", 1, None, None),
            ("pipeline_complete", 5, None, None),
        ]

    def test_what_is_logged_after_the_end_is_kept_as_late(self, recording, sink):
        """A higher revision of the record has it, with its place."""
        tracker = a_tracker()
        tracker.finalize()
        tracker.log_output_image(2, "sd35_large", "prompt id", "m", "comfyui", {"seed": 1})
        tracker.log_pipeline_error("TypeError", "bytes is not JSON serializable", 0)
        tracker.set_stage(3)
        record = written(recording, sink)

        assert sequence(record)[2:] == [("output_image", 4, None, 2), ("pipeline_error", 0, None, None)]
        assert record.revision > 1
        assert record.error["error_type"] == "TypeError"

    def test_a_sink_that_refuses_is_asked_again(self):
        """The old `finalize` caught the failure and dropped the record."""
        sink = FailingSink([OSError("disk full"), OSError("disk full")])
        with start_recording([sink], journal=False, retry_seconds=0.001) as recording:
            configure(lambda: Home(recording.tracker()))
            a_tracker().finalize()
            assert recording.flush(timeout=60)
        configure(None)
        assert len(sink.records) == 1

    def test_who_asked_may_be_known_later(self, recording, sink):
        """The attributes of the tracker count as they are at the end."""
        tracker = a_tracker()
        tracker.user_id = "group 3"
        tracker.finalize()
        assert (written(recording, sink).user_id, written(recording, sink).session_id) == ("group 3", "default")


class TestPlaces:
    def test_counters_belong_to_their_own_items_only(self, recording, sink):
        """Neither counter leaks onto the end of the run, the final text or a later error."""
        tracker = a_tracker()
        tracker.set_stage(2)
        for hop in (0, 1):
            tracker.set_stage_iteration(hop)
            tracker.log_interception_iteration(hop, f"hop {hop}", "en", "hi", "m")
        tracker.log_interception_final("final", 2)
        tracker.set_loop_iteration(0)
        tracker.set_stage(4)
        tracker.log_output_image(0, "sd35_large", "x", "m", "comfyui", {})
        tracker.log_pipeline_error("TypeError", "no", 0)
        record = written(recording, sink)

        assert [place for place in sequence(record) if place[0] != "stage_transition"] == [
            ("pipeline_start", 0, None, None),
            ("interception_iteration", 2, 0, None),
            ("interception_iteration", 2, 1, None),
            ("interception_final", 2, None, None),
            ("output_image", 4, None, 0),
            ("pipeline_error", 0, None, None),
        ]
        assert (record.status, record.outputs_generated, record.stages_completed) == ("error", 1, (2, 4))

    def test_an_error_within_an_output_is_the_runs_and_the_outputs(self, recording, sink):
        """Each has an item of its own; the number of the output is on the output's."""
        tracker = a_tracker()
        for number in (1, 2):
            tracker.set_loop_iteration(number)
            tracker.set_stage(4)
            if number == 1:
                tracker.log_output_image(None, "sd35_large", "x", "m", "comfyui", {})
        tracker.log_pipeline_error("MemoryError", "CUDA out of memory", 0)
        record = written(recording, sink)

        assert [place for place in sequence(record) if place[0] != "stage_transition"][1:] == [
            ("output_image", 4, None, 1),
            ("output_failed", 4, None, 2),
            ("pipeline_error", 4, None, None),
        ]
        assert [item.content for item in record.items[-2:]] == ["CUDA out of memory"] * 2
        assert tree(record)[-2:] == ["  output 2 ERROR", "    stage.output ERROR"]

    def test_announced_hops_are_spans_while_they_go_on(self, recording, sink):
        """`set_stage_iteration` opens a hop; what is logged in it closes it."""
        tracker = a_tracker()
        tracker.set_stage(2)
        for hop in (1, 2):
            tracker.set_stage_iteration(hop)
            tracker.log_interception_iteration(hop, f"hop {hop}", "en", "hi", "m")
        tracker.finalize()
        assert tree(written(recording, sink)) == [
            "execution",
            "  stage.interception",
            "    iteration 1",
            "    iteration 2",
        ]

    def test_a_hop_begins_when_the_one_before_it_ends(self, recording, sink):
        """It is told of when it is over; its span covers the time in which it was made."""
        tracker = a_tracker()
        tracker.set_stage(2)
        moments = []
        for hop in (1, 2, 3):
            moments.append(timestamp_of(tracker.scope._run.now()))
            tracker.log_interception_iteration(hop, f"hop {hop}", "en", "hi", "m")
        tracker.finalize()
        hops = [span for span in written(recording, sink).spans if span.name == "iteration"]

        assert all(hop.timestamp <= moment for hop, moment in zip(hops, moments, strict=True))
        for before, after in pairwise(hops):
            assert before.timestamp + dt.timedelta(seconds=before.execution_time) <= after.timestamp + MICROSECOND

    def test_without_a_state_the_items_say_where_they_belong(self, recording, sink):
        """A pipeline that never calls `set_…` has the same tree."""
        tracker = a_tracker()
        tracker.log_user_input_text("Eine Blume")
        tracker.log_interception_final("final", 1)
        for number in (1, 2):
            tracker.log_stage3_safety_check(number, True, "fast_filter", "sd35_large")
            tracker.log_output_image(number, "sd35_large", "x", "m", "comfyui", {})
        tracker.finalize()
        assert tree(written(recording, sink)) == [
            *("execution", "  stage.translation_safety", "  stage.interception"),
            *("  output 1", "    stage.output_safety", "    stage.output"),
            *("  output 2", "    stage.output_safety", "    stage.output"),
        ]

    def test_backend_calls_find_their_place(self, recording, sink):
        """The next step: calls are told of where they happen, and the items of that place are theirs."""
        tracker = a_tracker()
        tracker.set_stage(2)
        tracker.set_stage_iteration(1)
        with tracker.scope.backend_call("ollama", model="mistral-nemo", configured={"temperature": 0.7}) as call:
            call.passed({"prompt": "A flower"})
        tracker.log_interception_iteration(1, "Una flor", "en", "es", "unknown")
        tracker.finalize()
        record = written(recording, sink)

        [hop], [attempt] = items_of(record, "interception_iteration"), record.attempts
        assert (hop.attempt, hop.model_used, hop.backend_used) == (attempt.span_id, "mistral-nemo", "ollama")
        assert (attempt.stage_iteration, attempt.not_passed) == (1, ("temperature",))

    def test_a_transition_that_is_logged_by_hand_is_there_once(self, recording, sink):
        """The change of stage is logged when it happens, by whoever says it first."""
        tracker = a_tracker()
        tracker.set_stage(1)
        tracker.log_stage_transition(1, 2)
        tracker.set_stage(2)
        tracker.finalize()
        assert [place[0] for place in sequence(written(recording, sink))].count("stage_transition") == 1


class TestItself:
    def test_a_tracker_shows_what_was_logged_as_it_will_be_stored(self, recording, sink):
        """`items` and `get_execution_record` before the end; what differs afterwards is where media are kept."""
        tracker = a_tracker()
        tracker.set_stage(1)
        tracker.log_user_input_text("Eine Blume")
        so_far = tracker.get_execution_record()
        assert (so_far.status, so_far.execution_id, so_far.config_name) == ("interrupted", tracker.execution_id, "dada")
        assert so_far.get_items_by_type("user_input_text") == tracker.get_items_by_stage(1)

        tracker.log_interception_final("final", 1)
        tracker.finalize()
        record = written(recording, sink)
        assert tuple(tracker.items) == record.items
        assert tracker.sequence_counter == len(record.items)
        assert tracker.get_execution_record().status == record.status == "completed"

    def test_without_a_home_a_run_is_not_kept_and_nobody_is_disturbed(self, caplog):
        """The log says once what would work; storing on request raises, as it always did."""
        tracker = a_tracker()
        tracker.log_user_input_text("Eine Blume")
        tracker.finalize()
        assert len(tracker.items) == 3
        assert load_execution_record(tracker.execution_id) is None
        with pytest.raises(Exception, match=r"otel_tracking\.migration\.era_a"):
            save_execution_record(tracker.get_execution_record())
        assert "Eine Blume" not in caplog.text

    def test_a_home_that_cannot_be_opened_disturbs_nobody(self):
        """The run goes on without a record."""

        def broken():
            raise OSError("no disk")

        configure(broken)
        tracker = a_tracker()
        tracker.finalize()
        configure(None)
        assert len(tracker.execution_id) == 29

    def test_wrong_arguments_are_counted_not_raised(self, recording):
        """A call that would have raised a TypeError leaves the pipeline alone."""
        tracker = a_tracker()
        tracker.log_stage3_blocked("only one")
        tracker.log_user_input_text(text=None)
        tracker.log_output_image(1, metadata=7)
        tracker.finalize()
        assert recording.health()["guarded_errors"] == {
            "migration log_stage3_blocked": 1,
            "migration log_user_input_text": 1,
        }

    def test_nothing_is_written_on_the_pipelines_thread(self, recording, monkeypatch):
        """Neither a file is opened nor anything synced between the first call and the last."""
        here = threading.get_ident()
        opened = []
        real_open = os.open
        monkeypatch.setattr(
            os,
            "open",
            lambda *args, **kw: (threading.get_ident() == here and opened.append(args)) or real_open(*args, **kw),
        )
        tracker = a_tracker()
        tracker.log_output_image(1, "sd35_large", "x", "m", "comfyui", {"image_data": PNG})
        tracker.finalize()
        assert opened == []


NUMBERS = st.one_of(st.none(), st.integers(-1, 9), st.text(max_size=2))
VALUES = st.one_of(
    st.none(), st.text(max_size=5), st.binary(max_size=5), st.floats(), st.dictionaries(NUMBERS, NUMBERS)
)
CALLS = st.sampled_from([name for name in dir(ExecutionTracker) if name.startswith(("set_", "log_"))] + ["finalize"])


@given(st.lists(st.tuples(CALLS, st.lists(st.one_of(NUMBERS, VALUES), max_size=7)), max_size=25))
@settings(max_examples=60)
def test_any_calls_with_any_arguments_give_one_whole_record(calls):
    """No call raises; the record is complete, and every item that the tracker shows is in it."""
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording:
        configure(lambda: Home(recording.tracker()))
        tracker = a_tracker()
        for name, arguments in calls:
            getattr(tracker, name)(*arguments)
        tracker.finalize()
        record = written(recording, sink)
    configure(None)

    assert (record.dropped, record.item_count) == (0, len(tracker.items))
    assert [item.sequence_number for item in record.items] == list(range(1, len(record.items) + 1))
    assert [item.item_type for item in tracker.items] == [item.item_type for item in record.items]
    assert all(item.loop_iteration is None for item in record.items if item.item_type == "pipeline_complete")
