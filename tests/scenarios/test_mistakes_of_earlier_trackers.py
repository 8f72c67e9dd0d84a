"""Each mistake that users of earlier trackers reported, or that was found in them, has a test that names it."""

import datetime as dt
import time

import pytest
from scenario_stage import by_hand, failing_at, image_config, images, items_of, log_in_stage_one, play, record_of

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.configs import OutputConfig, PipelineConfig
from devserver.testing import PNG, scripted_engines
from otel_tracking import ExecutionRecord, ItemType, canonical

PROMPT = "Eine Blume auf der Wiese"


class TestIterations:
    def test_iterations_were_not_recorded(self):
        """Eight hops leave eight items, and the final text's count is counted, not written down as 1."""
        _, record = play(prompt=PROMPT)
        assert len(items_of(record, "interception_iteration")) == 8
        assert items_of(record, "interception_final")[0].metadata["total_iterations"] == 8

    def test_every_iteration_was_given_the_original_text(self):
        """The chain is a chain: what a hop is given, word for word on the wire, is what the one before it made."""
        _, record = play(prompt=PROMPT)
        hops = items_of(record, "interception_iteration")
        sent = [span.passed["prompt"] for span in record.attempts if span.stage == 2]
        assert [prompt.split(": ", 1)[1] for prompt in sent] == [PROMPT, *[hop.content for hop in hops[:-1]]]

    def test_from_lang_and_to_lang_were_constants(self):
        """A Turkish prompt is not said to be German or English, in no item of the run."""
        _, record = play(prompt="Kırmızı bir kedi", languages=["en", "de"], engines=scripted_engines(language="tr"))
        hops = items_of(record, "interception_iteration")
        assert [(hop.metadata["from_lang"], hop.metadata["to_lang"]) for hop in hops] == [("tr", "en"), ("en", "de")]
        assert items_of(record, "user_input_text")[0].metadata["input_language"] == "tr"

    def test_the_failing_iteration_was_only_in_the_text_of_the_error(self):
        """`pipeline_error` has the hop as a field, so that it can be counted."""
        _, record = play(prompt=PROMPT, engines=failing_at(3))
        assert record.items[-1].stage_iteration == 3

    def test_stage_iteration_zero_was_taken_for_none(self):
        """Who counts from 0 finds 0 in the record, and health says that it is unusual."""
        sink = RememberingSink()
        with start_recording(sinks=[sink], raise_errors=True, journal=False) as recording:
            with recording.tracker().execution("dada") as run, run.stage(2) as stage, stage.iteration(0) as iteration:
                iteration.item(ItemType.INTERCEPTION_ITERATION, content="first")
            assert recording.flush(timeout=60)
            assert recording.health()["unusual_items"] != {}
        assert items_of(sink.records[0], "interception_iteration")[0].stage_iteration == 0


class TestPlaces:
    def test_loop_iteration_leaked_onto_pipeline_complete(self):
        """The end of the run belongs to no output, however many outputs there were."""
        _, record = images()
        assert [(item.stage, item.loop_iteration) for item in items_of(record, "pipeline_complete")] == [(5, None)]

    def test_loop_iteration_leaked_onto_pipeline_error(self):
        """An exception after an output was made does not carry that output's number."""

        def use(recording):
            with recording.tracker().execution("by hand") as run:
                with run.output(1) as output, output.stage(4) as stage:
                    stage.item(ItemType.OUTPUT_IMAGE, media=PNG)
                raise RuntimeError("afterwards")

        def caught(recording):
            with pytest.raises(RuntimeError):
                use(recording)

        _, record = record_of(caught)
        error = record.items[-1]
        assert (error.item_type, error.stage, error.loop_iteration) == ("pipeline_error", 0, None)

    def test_stage_transition_and_stage1_safety_check_were_never_emitted(self):
        """Each change of stage and each check leaves its item, also when the check finds nothing."""
        _, record = images()
        assert len(items_of(record, "stage_transition")) == 5
        assert items_of(record, "stage1_safety_check")[0].metadata["safe"] is True

    def test_the_order_was_that_of_files_by_time(self):
        """Items carry their number in the run: contiguous from 1, in the order they were logged."""
        _, record = images()
        assert [item.sequence_number for item in record.items] == list(range(1, len(record.items) + 1))


class TestWhoAndHowLong:
    def test_model_backend_and_time_were_null_or_unknown(self):
        """Whatever a backend made names its model, its backend and its time."""
        for _, record in (play(prompt=PROMPT), images()):
            made = [item for item in record.items if item.attempt]
            assert len(made) >= 5
            for item in made:
                assert item.model_used not in (None, "unknown")
                assert item.backend_used not in (None, "unknown")
                assert item.execution_time > 0

    def test_config_name_was_null(self):
        """The configuration is named in the record, in its first item and on each output."""
        _, record = images()
        assert (record.config_name, record.items[0].metadata["config_name"]) == ("image_comparison",) * 2
        assert [image.config_used for image in items_of(record, "output_image")] == ["sd35_large", "gpt5_image"]

    def test_execution_time_was_the_constant_zero(self):
        """Times are measured: no two attempts took exactly as long, and none took nothing."""
        _, record = play(prompt=PROMPT)
        times = [span.execution_time for span in record.attempts]
        assert min(times) > 0
        assert len(set(times)) > 1

    def test_total_duration_was_that_of_stage_two(self):
        """The run's duration covers all of its stages, in the record and in `pipeline_complete`."""
        _, record = images()
        total = items_of(record, "pipeline_complete")[0].metadata["total_duration_seconds"]
        stages = [span.execution_time for span in record.spans if span.name.startswith("stage.")]
        assert sum(stages) <= total <= record.total_execution_time

    def test_times_were_naive_and_local(self, monkeypatch):
        """On a machine in India the record still has UTC, and says so."""
        monkeypatch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        before = dt.datetime.now(dt.UTC) - dt.timedelta(milliseconds=1)
        try:
            _, record = play(prompt=PROMPT)
        finally:
            monkeypatch.undo()
            time.tzset()
        times = [record.timestamp, *(item.timestamp for item in record.items)]
        assert all(moment.tzinfo is dt.UTC for moment in times)
        assert before <= times[0]
        assert times[-1] <= dt.datetime.now(dt.UTC)
        assert record.execution_id.startswith(f"exec_{record.timestamp:%Y%m%d_%H%M%S}_")

    def test_nobody_could_tell_which_device_it_was(self):
        """The device is a field of its own, beside user and session."""
        _, record = play(prompt=PROMPT, device_id="ipad-3_2025-11-03", session_id="s1")
        assert (record.device_id, record.session_id, record.user_id) == ("ipad-3_2025-11-03", "s1", None)


class TestCounts:
    def test_outputs_generated_counted_blocked_and_failed_outputs(self):
        """Only what was really made counts."""
        _, failed = images(fails_at=[1])
        _, blocked = images(answers=[False, True])
        assert [record.outputs_generated for record in (failed, blocked)] == [1, 1]
        assert [items_of(r, "pipeline_complete")[0].metadata["outputs_generated"] for r in (failed, blocked)] == [1, 1]

    def test_stages_completed_was_a_constant(self):
        """Stages that never began, were blocked or failed are not among the completed ones."""
        _, text_only = play(prompt=PROMPT)
        _, all_blocked = images(answers=[False, False])
        _, broken = play(prompt=PROMPT, engines=failing_at(1))
        assert [r.stages_completed for r in (text_only, all_blocked, broken)] == [(1, 2, 3), (1, 2), (1,)]

    def test_a_failed_output_left_no_trace(self):
        """It leaves an item with the reason, a span with an error, and a status that is not `completed`."""
        _, record = images(fails_at=[2])
        (failed,) = items_of(record, "output_failed")
        assert (failed.loop_iteration, failed.stage, failed.config_used) == (2, 4, "gpt5_image")
        assert failed.metadata["error_type"] == "EngineFailed"
        assert record.status == "partial"


class TestParameters:
    def test_seeds_were_missing(self):
        """A seed that was drawn, configured or asked for is in the item, in the call and in the record."""
        _, record = images(seeds=(101, 102))
        assert [image.metadata["seed"] for image in items_of(record, "output_image")] == [101, 102]
        assert [span.passed["seed"] for span in record.attempts if span.stage == 4] == [101, 102]
        assert record.used_seed == 101

    @pytest.mark.parametrize("seed", [0, -687734797039316, 898471028164125, 2**64 - 1])
    def test_odd_seeds_were_lost(self, seed):
        """Zero, negative ones and those of 64 bits come back as they went in."""
        config = image_config("sd35_large")
        _, record = play(prompt=PROMPT, config=config, seed=seed)
        assert items_of(record, "output_image")[0].metadata["seed"] == seed
        assert record.used_seed == seed

    def test_what_was_configured_was_taken_for_what_was_passed(self):
        """A parameter that the backend never got is named as such."""
        output = OutputConfig(name="a", engine="comfyui", seed=1)
        config = PipelineConfig(
            name="stille", translate_first=False, interception=_chain(temperature=0.7), outputs=(output,)
        )
        _, record = play(prompt=PROMPT, config=config)
        call = next(span for span in record.attempts if span.stage_iteration == 1)
        assert call.configured == {"temperature": 0.7}
        assert call.not_passed == ("temperature",)
        assert "temperature" not in call.passed

    def test_a_large_graph_was_cut_at_128_attributes(self):
        """Graphs with hundreds of keys, mixed lists, nulls and empty tables are kept whole."""
        graph = {str(n): {"inputs": {"model": ["10", 0], "seed": None, "cfg": n / 2}, "_meta": {}} for n in range(300)}
        record = by_hand(lambda run: log_in_stage_one(run, {"graph": graph}))
        assert record.items[1].metadata == {"graph": graph}
        assert (record.dropped, record.lossy_values) == (0, 0)

    def test_bytes_in_metadata_lost_the_whole_record(self):
        """Bytes are a value like any other: the record can be written and read back equal."""
        raw = {"media_files": [b"\x89PNG\x00\xff"], "mask": bytearray(b"\x00")}
        record = by_hand(lambda run: log_in_stage_one(run, raw))
        read = ExecutionRecord.from_dict(canonical.loads(canonical.dumps(record.to_dict())))
        assert read == record
        assert read.items[1].metadata["media_files"] == [b"\x89PNG\x00\xff"]

    def test_a_silent_fallback_hid_the_first_attempt(self):
        """Each attempt is a span; the output belongs to the one that succeeded, with its model and backend."""

        def use(run):
            with run.output(1, config_used="sd35_large") as output, output.stage(4) as stage:
                with pytest.raises(OSError), stage.backend_call("diffusers", model="sd3.5"):
                    raise OSError("connection refused")
                with stage.backend_call("comfyui", model="sd3.5_large.safetensors") as second:
                    second.passed({"prompt": {"3": {"class_type": "KSampler"}}})
                stage.item(ItemType.OUTPUT_IMAGE, media=PNG)

        record = by_hand(use)
        assert [(span.backend_used, span.status) for span in record.attempts] == [
            ("diffusers", "error"),
            ("comfyui", "unset"),
        ]
        (image,) = items_of(record, "output_image")
        assert (image.backend_used, image.attempt) == ("comfyui", record.attempts[1].span_id)


def _chain(**parameters):
    from devserver.configs import InterceptionConfig

    return InterceptionConfig(kind="translation_chain", languages=("en",), parameters=parameters)
