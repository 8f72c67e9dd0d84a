"""The server of era A runs with one changed import in each of its two files, and its records are right."""

import base64
import datetime as dt
import json

import pytest
from click.testing import CliRunner
from era_a_server import MODEL, Backends
from scenario_of_era_a import items_of, sequence, tree

from devserver.cli.app import command_line
from devserver.verify import is_right, verify
from otel_tracking.migration import load_execution_record

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000)
WAV = b"RIFF\x00\x00\x00\x00WAVE" + bytes(2_000)
HOP_FIVE = "Loop iteration 5 failed: Backend error: Ollama Error: 500"

BEGINNING = [
    ("pipeline_start", 0, None, None),
    ("user_input_text", 1, None, None),
    ("translation_result", 1, None, None),
    ("stage_transition", 2, None, None),
]
SITUATIONS = {
    "eight hops": ("stillepost", {}),
    "a hop fails": ("stillepost", {"backends": Backends(fails_at_hop=5)}),
    "blocked": ("bauhaus", {"text": "Zeichne eine ISIS Flagge", "backends": Backends(forbidden="ISIS")}),
    "one of two blocked": ("image_comparison", {"backends": Backends(unsafe_outputs=(2,))}),
    "one of two fails": ("image_comparison", {"backends": Backends(outputs={2: "CUDA out of memory"})}),
    "an output raises": ("bauhaus", {"backends": Backends(outputs={1: ValueError("no such model")})}),
    "fast mode": ("bauhaus", {"execution_mode": "fast"}),
    "nothing is checked": ("image_comparison", {"safety_level": "off"}),
    "the executor raises": ("bauhaus", {"backends": Backends(raises="unknown chunk")}),
    "bytes in metadata": ("bauhaus", {"backends": Backends(outputs={1: {"media_files": [PNG], "seed": 7}})}),
    "an output configuration": ("sd35_large", {}),
}


class TestStillePost:
    def test_eight_hops_come_in_order_with_their_stage_and_number(self, server):
        """Each change of stage is logged once; nothing carries a counter that is not its own."""
        record = server.run("stillepost")

        assert sequence(record) == [
            *BEGINNING,
            *[("interception_iteration", 2, hop, None) for hop in range(1, 9)],
            ("interception_final", 2, None, None),
            ("pipeline_complete", 5, None, None),
        ]
        assert (record.status, record.stages_completed, record.outputs_generated) == ("completed", (1, 2), 0)
        assert (record.config_name, record.execution_mode, record.safety_level) == ("stillepost", "eco", "kids")
        assert (record.user_id, record.session_id) == ("anonymous", "default")

    def test_each_hop_has_a_span_with_its_own_time(self, server):
        """Hops lie side by side in their stage; the time of one is from the end of the one before to its own."""
        record = server.run("stillepost")

        assert tree(record) == [
            "execution",
            "  stage.translation_safety",
            "  stage.interception",
            *[f"    iteration {hop}" for hop in range(1, 9)],
        ]
        hops = [span for span in record.spans if span.name == "iteration"]
        stage = next(span for span in record.spans if span.name == "stage.interception")
        assert sum(hop.execution_time for hop in hops) <= stage.execution_time
        assert all(hop.execution_time > 0 for hop in hops)

    def test_a_hop_that_fails_is_named_by_number_and_stage(self, server):
        """Only the text said which hop failed; the record says it in fields, and its span is an error."""
        answer = server.ask("stillepost", backends=Backends(fails_at_hop=5))
        record = server.record()

        assert (answer.status_code, record.status) == (500, "error")
        assert sequence(record) == [
            *BEGINNING,
            *[("interception_iteration", 2, hop, None) for hop in range(1, 5)],
            ("pipeline_error", 2, 5, None),
        ]
        assert record.error == {
            "error_type": "PipelineExecutionError",
            "error_message": HOP_FIVE,
            "stage": 2,
            "stage_iteration": 5,
            "loop_iteration": None,
        }
        assert tree(record) == [
            "execution ERROR",
            "  stage.translation_safety",
            "  stage.interception ERROR",
            *[f"    iteration {hop}" for hop in range(1, 5)],
            "    iteration 5 ERROR",
        ]
        assert record.stages_completed == (1,)

    def test_the_constants_of_the_routes_are_no_measurements(self, server):
        """Languages and time that nobody measured are null; what was passed stands beside, under its own name."""
        record = server.run("stillepost")
        [translated], [first, second, *_] = (items_of(record, f"{t}") for t in ("translation_result", HOP))

        assert (translated.execution_time, translated.metadata["from_lang"], translated.metadata["to_lang"]) == (
            None,
        ) * 3
        assert translated.metadata["not_measured"] == {"from_lang": "de", "to_lang": "en", "execution_time": 0.0}
        assert (translated.model_used, translated.backend_used) == ("gpt-oss", "ollama")
        assert items_of(record, "user_input_text")[0].metadata == {"char_count": 24}
        assert first.metadata == {"from_lang": None, "to_lang": "hi", "not_measured": {"from_lang": "en"}}
        assert (second.metadata, second.model_used) == ({"from_lang": "hi", "to_lang": "pl"}, MODEL)


HOP = "interception_iteration"


class TestOutputs:
    def test_a_blocked_prompt_ends_the_run_without_an_error(self, server):
        """403 for the caller, `blocked` for the record: an outcome, and no stage 2."""
        answer = server.ask("bauhaus", "Zeichne eine ISIS Flagge", backends=Backends(forbidden="ISIS"))
        record = server.record()

        assert (answer.status_code, record.status, record.error) == (403, "blocked", None)
        assert sequence(record)[-1] == ("stage1_blocked", 1, None, None)
        assert items_of(record, "stage1_blocked")[0].metadata["blocked_codes"] == ["§86a"]
        assert tree(record) == ["execution", "  stage.translation_safety"]

    def test_a_blocked_output_is_not_counted_as_made(self, server):
        """Two were wanted, one was blocked: one was made, whatever the route counts."""
        record = server.run("image_comparison", backends=Backends(unsafe_outputs=(2,)))

        assert sequence(record)[len(BEGINNING) :] == [
            ("interception_final", 2, None, None),
            ("stage_transition", 3, None, None),
            ("stage3_safety_check", 3, None, 1),
            ("stage_transition", 4, None, None),
            ("output_image", 4, None, 1),
            ("stage_transition", 3, None, None),
            ("stage3_safety_check", 3, None, 2),
            ("stage3_blocked", 3, None, 2),
            ("pipeline_complete", 5, None, None),
        ]
        assert (record.status, record.outputs_generated, record.stages_completed) == ("partial", 1, (1, 2, 3, 4))
        assert items_of(record, "pipeline_complete")[0].metadata["outputs_generated"] == 1
        assert record.spans[0].facts["told"] == {"total_duration": 0.0595, "outputs_generated": 2}

    def test_a_failed_output_leaves_a_trace(self, server):
        """The route logs nothing of it; that stage 4 was entered and led to nothing is enough."""
        for outputs in ({2: "CUDA out of memory"}, {2: ValueError("no such model")}):
            server.ask("image_comparison", backends=Backends(outputs=outputs))

        for record in server.records():
            [failed] = items_of(record, "output_failed")
            assert (failed.stage, failed.loop_iteration) == (4, 2)
            assert failed.content == "output 2 was begun, and neither made nor blocked"
            assert (record.status, record.outputs_generated) == ("partial", 1)
            assert tree(record)[-3:] == ["  output 2 ERROR", "    stage.output_safety", "    stage.output ERROR"]

    def test_the_only_output_fails_and_with_it_the_run(self, server):
        """Nothing was made: that is an error, and stage 4 was not completed."""
        record = server.run("bauhaus", backends=Backends(outputs={1: "timeout"}))

        assert (record.status, record.outputs_generated, record.stages_completed) == ("error", 0, (1, 2, 3))

    def test_a_stage_in_which_nothing_was_checked_was_not_completed(self, server):
        """With safety off the route enters stage 3 and does nothing there."""
        record = server.run("bauhaus", safety_level="off")

        assert record.stages_completed == (1, 2, 4)
        assert tree(record)[-2:] == ["  output 1", "    stage.output"]

    def test_the_model_is_the_one_that_the_backend_named(self, server):
        """`unknown` was what the route wrote where it looked for the wrong key."""
        record = server.run("bauhaus", execution_mode="fast")
        [image] = items_of(record, "output_image")

        assert (image.model_used, image.backend_used, image.execution_time) == ("sd3.5_large", "comfyui", 0.22)
        assert (image.file_path, image.metadata["given_file_path"]) == (None, "workflow_prepared")
        assert (record.used_seed, record.execution_mode) == (123456789, "fast")

    @pytest.mark.parametrize(
        ("metadata", "item_type", "kind"),
        [
            ({"media_type": "music", "seed": 1}, "output_music", None),
            ({"audio_data": WAV}, "output_audio", "audio/wav"),
            ({"image_data": base64.b64encode(PNG).decode()}, "output_image", "image/png"),
            ({"image_data": "data:image/png;base64," + base64.b64encode(PNG).decode()}, "output_image", "image/png"),
        ],
    )
    def test_a_medium_is_logged_as_what_it_is(self, server, metadata, item_type, kind):
        """Every medium came as `output_image`; metadata and bytes say better."""
        record = server.run("bauhaus", backends=Backends(outputs={1: metadata}))
        [made] = items_of(record, item_type)

        assert (made.media and made.media.type) == kind
        if kind:
            assert (server.data_dir / made.file_path).read_bytes() in (PNG, WAV)

    def test_bytes_in_metadata_become_files_and_lose_nothing(self, server):
        """The old record was lost with them; now each medium is an item with a file, and the parameters stay."""
        graph = {"3": {"inputs": {"model": ["10", 0], "seed": 7}}}
        metadata = {"media_files": [PNG, PNG + b"2"], "workflow_json": graph, "seed": 7, "token": b"\x00\x01"}
        record = server.run("bauhaus", backends=Backends(outputs={1: metadata}))
        first, second = items_of(record, "output_image")

        assert [(server.data_dir / item.file_path).read_bytes() for item in (first, second)] == [PNG, PNG + b"2"]
        assert first.metadata == {
            "media_files": [{"media_index": 1}, {"media_index": 2}],
            "workflow_json": graph,
            "seed": 7,
            "token": b"\x00\x01",
            "given_file_path": "workflow_prepared",
        }
        assert second.metadata == {"media_index": 2}
        assert (record.outputs_generated, record.status) == (1, "completed")

    def test_an_exception_of_the_executor_ends_the_run_where_it_was(self, server):
        """The route says stage 0 of every exception; it was stage 2, which was not done."""
        record = server.run("image_comparison", backends=Backends(raises="unknown chunk"))

        assert sequence(record)[-1] == ("pipeline_error", 2, None, None)
        assert record.error["error_type"] == "RuntimeError"
        assert record.spans[0].facts["told"] == {"error_type": "RuntimeError", "stage": 0}

    def test_a_run_that_skips_stage_one_keeps_what_it_was_given(self, server):
        """The route logs the input in stage 1 only; `log_pipeline_start` had it."""
        record = server.run("sd35_large", "A flower")

        assert [item.content for item in items_of(record, "user_input_text")] == ["A flower"]
        assert tree(record) == ["execution", "  stage.interception"]


class TestRecords:
    @pytest.mark.parametrize("situation", SITUATIONS)
    def test_every_record_is_right(self, server, situation):
        """`verify` finds nothing wrong, on the command line too."""
        schema, request = SITUATIONS[situation]
        record = server.run(schema, **request)

        assert is_right(verify(record, server.data_dir))
        ended = CliRunner().invoke(command_line, ["verify", "--all", "--data", str(server.data_dir)])
        assert (ended.exit_code, "1 run checked, nothing wrong" in ended.output) == (0, True)
        assert (record.dropped, record.lossy_values, record.late_spans, record.revision) == (0, 0, 0, 1)
        assert record.timestamp.tzinfo is dt.UTC
        assert record.execution_id.endswith(f"_{record.trace_id[:8]}")

    @pytest.mark.parametrize("situation", SITUATIONS)
    def test_the_earlier_routes_show_every_record(self, server, situation):
        """What `jsonify` makes of a record is the record."""
        schema, request = SITUATIONS[situation]
        record = server.run(schema, **request)
        answer = server.get(f"/api/executions/{record.execution_id}")

        assert answer.status_code == 200
        assert json.loads(answer.text)["items"] == json.loads(
            json.dumps(load_execution_record(record.execution_id).to_dict()["items"])
        )
        assert answer.json["total_execution_time"] == record.total_execution_time

    def test_the_list_is_by_the_time_of_the_run(self, server):
        """Latest first, with every field that a list shows; the statistics count what is there."""
        for schema in ("stillepost", "bauhaus", "stillepost"):
            server.ask(schema)
        latest, earlier = server.get("/api/executions?config=stillepost").json["executions"]

        assert latest["timestamp"] > earlier["timestamp"]
        assert latest["items_count"] == 14
        assert latest["user_id"] == "anonymous"
        assert server.get("/api/executions/stats").json["total_records"] == 3
        assert server.get("/api/executions/exec_20251103_000000_00000000").status_code == 404

    def test_the_duration_is_that_of_the_whole_run(self, server):
        """Not that of stage 2: it covers every span."""
        record = server.run("image_comparison")

        assert record.total_execution_time >= sum(
            span.execution_time for span in record.spans if span.parent_span_id == record.spans[0].span_id
        )
