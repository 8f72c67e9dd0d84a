"""Mistakes of earlier trackers about media, about keeping what was logged, and about who depends on whom."""

import pytest
from opentelemetry.trace import NoOpTracerProvider
from scenario_stage import failing_at, image_config, images, items_of, play, record_of

from collectors import start_recording
from collectors.testing import FailingSink, RememberingSink
from devserver.configs import OutputConfig, PipelineConfig
from devserver.pipeline import Pipeline, Request
from devserver.testing import PNG, ScriptedMaker, ScriptedSafety, scripted_engines
from otel_tracking import ExecutionRecord, ExecutionTracker, ItemType, MediaType, canonical

PROMPT = "Eine Blume auf der Wiese"


class TestMedia:
    def test_there_were_two_ids_per_run(self):
        """Result, record, trace, first item and media folder are found from one another."""
        result, record = images()
        assert result.execution_id == record.execution_id == record.items[0].metadata["execution_id"]
        assert result.trace_id == record.trace_id
        assert record.execution_id.endswith(f"_{record.trace_id[:8]}")
        (image, _) = items_of(record, "output_image")
        assert image.file_path.startswith(f"media/{record.execution_id}/")

    def test_images_were_base64_inside_the_json(self):
        """A picture is a file beside the record; in the record are its hash, its size and its type."""
        large = PNG + bytes(1_000_000)
        engines = scripted_engines(comfyui=ScriptedMaker(large))
        _, record = play(prompt=PROMPT, config=image_config("sd35_large"), engines=engines, seed=1)
        (image,) = items_of(record, "output_image")
        assert (image.media.bytes, image.media.type) == (len(large), "image/png")
        assert record.attachments[image.media.sha256] == large
        assert len(canonical.dumps(record.to_dict())) < 30_000

    @pytest.mark.parametrize("medium", ["image", "audio", "music", "video", "3d", "code"])
    def test_every_medium_was_logged_as_output_image(self, medium):
        """Item type and media type say what it is."""
        output = OutputConfig(name="one", engine="engine", medium=medium, seed=1)
        engines = scripted_engines(engine=ScriptedMaker(b"...", media_format="application/octet-stream"))
        _, record = play(prompt=PROMPT, config=PipelineConfig(name="one", outputs=(output,)), engines=engines)
        made = [item for item in record.items if item.stage == 4 and item.media]
        assert [(item.item_type, item.media_type) for item in made] == [(f"output_{medium}", MediaType(medium))]


class TestSafeKeeping:
    def test_entities_were_saved_only_at_the_end(self):
        """An item is there for others while its run still goes on."""
        with (
            start_recording(sinks=[RememberingSink()], journal=False) as recording,
            recording.tracker().execution("stillepost") as run,
        ):
            with run.stage(1) as stage:
                stage.item(ItemType.USER_INPUT_TEXT, content=PROMPT)
            events = recording.live.follow(run.trace_id, timeout=60)
            seen = next(event for event in events if event.name == "user_input_text")
        assert seen.fields["content"] == PROMPT

    def test_finalize_dropped_what_it_could_not_write(self):
        """A sink that refuses is asked again; the record arrives, and health tells of the trouble."""
        sink = FailingSink([OSError("disk full"), OSError("disk full")])
        with start_recording(sinks=[sink], journal=False, retry_seconds=0.001) as recording:
            Pipeline(recording.tracker(), scripted_engines()).run(Request(prompt=PROMPT))
            assert recording.flush(timeout=60)
            retries = recording.health()["sinks"][0]["retries"]
        assert len({record.trace_id for record in sink.records}) == 1
        assert retries >= 1

    def test_a_client_that_left_took_its_record_along(self):
        """A generator that is closed in stage 4 leaves one record, with status `cancelled`."""

        def stream(recording):
            with recording.tracker().execution("wan22_video") as run, run.output(1) as output, output.stage(4):
                yield "progress"
                yield "never"

        def leave(recording):
            events = stream(recording)
            next(events)
            events.close()

        _, record = record_of(leave)
        assert record.status == "cancelled"
        assert items_of(record, "output_failed") == []

    def test_runs_that_belong_together_could_not_be_found(self):
        """A repetition, a continuation and a batch are fields that name the other execution."""
        _, first = play(prompt=PROMPT)
        _, again = play(prompt=PROMPT, repeats=first.execution_id, batch_id="b1", study_id="s1")
        assert (again.repeats, again.batch_id, again.study_id) == (first.execution_id, "b1", "s1")
        assert again.trace_id != first.trace_id

    def test_old_records_no_longer_loaded_after_a_field_was_renamed(self):
        """`backend_type` and `backend_used` are both read, unknown item types too."""
        for name in ("backend_type", "backend_used"):
            item = {"sequence_number": 1, "timestamp": "2025-12-08T10:00:00", "item_type": "new_thing", name: "ollama"}
            old = {"execution_id": "exec_20251208_100000_00000000", "config_name": "dada", "items": [item]}
            assert ExecutionRecord.from_dict(old).items[0].backend_used == "ollama"


class TestTelemetryNeverFeedsThePipeline:
    def test_the_result_needs_no_tracking(self):
        """With a tracker that records nothing, the result says the same as with one that records all."""
        for engines in (scripted_engines(), failing_at(5), scripted_engines(check_safety=_block_everything())):
            watched, record = play(prompt=PROMPT, engines=engines)
            assert watched.status == record.status
        for engines in (scripted_engines(), failing_at(5), scripted_engines(check_safety=_block_everything())):
            blind = Pipeline(ExecutionTracker(NoOpTracerProvider()), engines).run(Request(prompt=PROMPT))
            assert blind.status in ("completed", "error", "blocked")

    def test_a_tracker_that_breaks_at_every_item_breaks_nothing(self):
        """Every item is refused, and the prompt still travels through eight languages."""

        def refuse(span, frame):
            raise MemoryError("no item is taken")

        tracker = ExecutionTracker(NoOpTracerProvider(), emit=refuse)
        result = Pipeline(tracker, scripted_engines()).run(Request(prompt=PROMPT))
        assert (result.status, result.final_text.count("[")) == ("completed", 8)
        assert tracker.troubles.counts["item"] > 8


def _block_everything():
    return ScriptedSafety(terms={"Blume": "scripted"})
