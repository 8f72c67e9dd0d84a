"""A folder of an earlier recorder becomes a record that says all that the folder said."""

import datetime as dt
import hashlib
import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorder_stage import RUN_ID, SAMPLES, a_folder, entity, write

from exporters.recorders import find_runs, is_same_run, read_run
from otel_tracking import ItemType, Status, canonical
from otel_tracking.audience import Audience
from otel_tracking.entities import KINDS
from otel_tracking.taxonomy import broken_rules
from otel_tracking.view import view_of

PNG = b"\x89PNG\r\n\x1a\n picture"
FOLDERS = [found.path for found in find_runs(SAMPLES)]
OF_SAMPLES = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def record_of(folder, **options):
    return read_run(folder, **options).record


def types_of(record):
    return [str(item.item_type) for item in record.items]


def only(record, item_type):
    [item] = record.items_of(item_type)
    return item


class TestNothingIsLost:
    @OF_SAMPLES
    def test_the_whole_metadata_is_kept(self, folder):
        assert record_of(folder).metadata["metadata_json"] == json.loads((folder / "metadata.json").read_bytes())

    @OF_SAMPLES
    def test_every_file_is_an_item_with_its_sha256(self, folder):
        run = read_run(folder)
        there = {path for path in folder.rglob("*") if path.is_file() and path.name != "metadata.json"}
        origins = [item.metadata["imported_from"] for item in run.record.items]
        assert {folder / origin["filename"] for origin in origins} == there
        for origin in origins:
            assert hashlib.sha256((folder / origin["filename"]).read_bytes()).hexdigest() == origin["sha256"]

    @OF_SAMPLES
    def test_items_are_numbered_in_their_order(self, folder):
        record = record_of(folder)
        assert [item.sequence_number for item in record.items] == list(range(1, len(record.items) + 1))

    @OF_SAMPLES
    def test_it_is_the_same_record_wherever_the_folder_lies(self, folder, tmp_path):
        moved = shutil.copytree(folder, tmp_path / "2026-02-02" / "another" / "renamed")
        here, there = record_of(folder), record_of(moved)
        assert (here.execution_id, here.trace_id, here.items) == (there.execution_id, there.trace_id, there.items)
        assert is_same_run(here, there)

    def test_a_type_that_nobody_knows_keeps_its_name(self, tmp_path):
        record = record_of(a_folder(tmp_path, entity("hologram_of_v9", {"depth": 3}, mood="blue")))
        [item] = record.items
        assert (item.item_type, item.content, item.metadata["mood"]) == ("hologram_of_v9", {"depth": 3}, "blue")

    def test_a_file_that_nobody_lists_is_an_item(self, tmp_path):
        folder = a_folder(tmp_path, entity("input", "Ein Haus"))
        write(folder / "final" / "02_interception.txt", "Ein stilles Haus")
        last = record_of(folder).items[-1]
        assert (last.item_type, last.content) == (ItemType.INTERCEPTION_FINAL, "Ein stilles Haus")
        assert last.metadata["imported_from"]["is_unlisted"] is True

    @given(text=st.text(st.characters(exclude_categories=["Cs"])))
    def test_texts_are_as_they_were(self, tmp_path_factory, text):
        folder = a_folder(tmp_path_factory.mktemp("run"), entity("input", text))
        assert only(record_of(folder), ItemType.USER_INPUT_TEXT).content == text

    def test_a_text_of_another_encoding_keeps_its_bytes(self, tmp_path):
        written = "Füchse".encode("latin-1")
        folder = a_folder(tmp_path, ({"type": "input", "filename": "input.txt"}, written))
        content = only(record_of(folder), ItemType.USER_INPUT_TEXT).content
        assert content.encode("utf-8", "surrogateescape") == written
        assert canonical.loads(canonical.dumps(content)) == content


class TestWhatBecomesWhat:
    @pytest.mark.parametrize("name", KINDS)
    def test_items_lie_where_their_type_belongs(self, name, tmp_path):
        content = PNG if name.startswith("output_") or "image" in name else "text"
        [item] = record_of(a_folder(tmp_path, entity(name, content))).items
        assert item.stage == KINDS[name].stage
        if KINDS[name].item_type:
            assert item.item_type == KINDS[name].item_type
            assert broken_rules(item.item_type, item.stage, None, item.loop_iteration) == ()
        else:
            assert item.item_type == name

    @pytest.mark.parametrize(
        ("name", "item_type", "language"),
        [
            ("context_prompt_de", "context_prompt", {"language": "de"}),
            ("interception_fr", "interception_final", {"language": "fr"}),
            ("translation_en", "translation_result", {"to_lang": "en"}),
            ("hologram_de", "hologram_de", {}),
        ],
    )
    def test_a_language_at_the_end_of_a_name_is_said(self, name, item_type, language, tmp_path):
        [item] = record_of(a_folder(tmp_path, entity(name, "text"))).items
        said = {key: item.metadata[key] for key in ("language", "to_lang") if key in item.metadata}
        assert (str(item.item_type), said) == (item_type, language)

    def test_a_medium_has_its_sha256_and_its_type(self, tmp_path):
        run = read_run(a_folder(tmp_path, entity("output_image", PNG, "01_output_image.png", metadata={"seed": 2**63})))
        item = only(run.record, ItemType.OUTPUT_IMAGE)
        assert (item.media.sha256, item.media.bytes) == (hashlib.sha256(PNG).hexdigest(), len(PNG))
        assert (item.media.type, item.media_type, run.record.used_seed) == ("image/png", "image", 2**63)
        assert item.file_path == f"media/{run.record.execution_id}/001_output_image.png"
        assert run.files[item.file_path].path == tmp_path / RUN_ID / "final" / "01_output_image.png"

    def test_an_edit_stands_before_what_was_saved_after_it(self, tmp_path):
        made = [
            entity("input", "Ein Fuchs", timestamp="2026-01-29T10:15:00"),
            entity("interception", "Ein alter Fuchs", timestamp="2026-01-29T10:15:10"),
            entity("output_image", PNG, timestamp="2026-01-29T10:16:00"),
        ]
        edit = (
            {"type": "interception", "filename": "001_interception.txt", "timestamp": "2026-01-29T10:15:30"},
            "Fuchs",
        )
        record = record_of(a_folder(tmp_path, *made, edits=(edit,)))
        assert types_of(record) == ["user_input_text", "interception_final", "user_edit", "output_image"]
        changed = only(record, ItemType.USER_EDIT)
        assert (changed.content, changed.metadata["field"], changed.stage) == ("Fuchs", "interception", 2)

    def test_a_run_that_nobody_went_on_with_has_its_input_and_its_text(self, tmp_path):
        """The interception of later servers saves its steps alone; entities come with the generation."""
        steps = [
            entity("input", "Ein Fuchs"),
            entity("context_prompt", "Fresko"),
            entity("interception", "Ein alter Fuchs"),
        ]
        edit = entity("interception", "Ein sehr alter Fuchs", "004_interception.txt")
        record = record_of(a_folder(tmp_path, edits=(*steps, edit), current_state={}))
        assert types_of(record) == ["user_input_text", "context_prompt", "interception_final", "user_edit"]
        assert only(record, ItemType.USER_EDIT).metadata["field"] == "interception"

    def test_pictures_of_one_call_are_one_output(self, tmp_path):
        one, other = {"prompt_id": "a"}, {"prompt_id": "b"}
        made = [
            entity("output_image", PNG + bytes([n]), f"{n}.png", metadata=said)
            for n, said in enumerate((one, one, other))
        ]
        record = record_of(a_folder(tmp_path, *made, entity("output_image_composite", PNG)))
        assert [item.loop_iteration for item in record.items] == [1, 1, 2, 2]
        assert record.outputs_generated == 2

    def test_models_are_those_of_the_stages(self, tmp_path):
        models = {"stage2_interception": "gpt-OSS:20b", "stage4_output": "sd3.5"}
        made = [entity("interception", "text"), entity("output_image", PNG, metadata={"model_id": "flux2"})]
        record = record_of(a_folder(tmp_path, *made, models_used=models))
        assert [item.model_used for item in record.items] == ["gpt-OSS:20b", "flux2"]

    def test_a_canvas_says_its_nodes_and_its_batch(self):
        [folder] = [path for path in FOLDERS if "_canvas" in path.name]
        record = record_of(folder)
        assert (record.batch_id, record.total_execution_time) == ("batch_c0ffee", 45.0)
        assert record.metadata["imported_from"]["recorder"] == "CanvasRecorder"
        assert [item.metadata.get("node_id") for item in record.items] == ["n1", "n2", "n3", "n2", "n4", "n5", None]
        assert types_of(record)[-3:] == ["output_music", "output_code", "workflow"]

    def test_a_run_of_the_lab_is_called_after_its_tool(self):
        [folder] = [path for path in FOLDERS if path.name.endswith("1ab1ab")]
        record = record_of(folder)
        assert (record.config_name, record.status) == ("denoising_archaeology", Status.COMPLETED)
        assert record.metadata["imported_from"]["recorder"] == "LatentLabRecorder"
        assert [str(item.media_type) for item in record.items] == ["metadata", "image", "image"]

    def test_a_run_that_rewrote_the_prompt_of_another_continues_it(self):
        first, rewritten = (record_of(path) for path in FOLDERS if RUN_ID in path.name)
        assert rewritten.continues == first.execution_id
        assert (first.continues, first.trace_id == rewritten.trace_id) == (None, False)


class TestHowItEnded:
    @pytest.mark.parametrize(
        ("ending", "status"),
        [
            ("a1b2c3", Status.COMPLETED),
            ("a1b2c3_opt", Status.COMPLETED),
            ("b10c4d", Status.BLOCKED),
            ("fa11ed", Status.ERROR),
            ("1e5707", Status.INTERRUPTED),
            ("5eed00", Status.BLOCKED),
            ("c0ffee_canvas_batch_001", Status.COMPLETED),
            ("d22e8c3b7a10", Status.COMPLETED),
        ],
    )
    def test_each_sample_ended_as_it_did(self, ending, status):
        [folder] = [path for path in FOLDERS if path.name.endswith(ending)]
        assert record_of(folder).status == status

    def test_an_error_names_its_stage_and_its_message(self, tmp_path):
        failed = {"stage": "stage4", "error_type": "Timeout", "message": "no answer"}
        error = only(record_of(a_folder(tmp_path, entity("error", failed))), ItemType.PIPELINE_ERROR)
        assert (error.stage, error.content, error.metadata["error_type"]) == (4, "no answer", "Timeout")

    @pytest.mark.parametrize(
        ("stage", "so_far", "item_type"),
        [(1, 1, "stage1_blocked"), (3, 2, "stage3_blocked"), ("vlm_safety", 3, "output_blocked")],
    )
    def test_a_check_that_said_no_is_no_error(self, stage, so_far, item_type, tmp_path):
        blocked = {"stage": stage, "error_type": "safety_blocked", "message": "no"}
        made = [entity("input", "x"), entity("interception", "y"), entity("output_image", PNG)][:so_far]
        record = record_of(a_folder(tmp_path, *made, entity("error", blocked), current_state={"stage": stage}))
        assert (record.status, types_of(record)[-1]) == (Status.BLOCKED, item_type)

    @pytest.mark.parametrize(
        ("state", "status"),
        [
            ({"stage": "complete"}, "completed"),
            ({"stage": 4, "step": "output_image", "progress": "6/6"}, "completed"),
            ({"stage": 4, "step": "output_image", "progress": "4/6"}, "interrupted"),
            ({"stage": None, "progress": "0/0"}, "interrupted"),
            ("broken", "interrupted"),
        ],
    )
    def test_a_state_that_is_not_complete_is_an_interruption(self, state, status, tmp_path):
        assert record_of(a_folder(tmp_path, entity("input", "x"), current_state=state)).status == status

    def test_a_check_that_said_no_at_the_end_is_a_block_though_nobody_wrote_it_down(self, tmp_path):
        made = [entity("input", "Verbotenes"), entity("safety", {"safe": False})]
        record = record_of(a_folder(tmp_path, *made, current_state={"stage": 1}))
        assert (record.status, types_of(record)[-1]) == (Status.BLOCKED, "stage1_blocked")
        assert record.items[-1].metadata["imported_from"] == {"concluded_from": 2}


class TestStudentsAreShownNothingThatWasBlocked:
    def hidden(self, record):
        view = view_of(record, Audience.STUDENT)
        return [item.content for item in record.items if isinstance(item.content, str) and not view.shows(item)]

    def test_not_the_prompt_that_was_blocked(self, tmp_path):
        made = [entity("input", "Verbotenes"), entity("safety", {"safe": False})]
        assert self.hidden(record_of(a_folder(tmp_path, *made))) == ["Verbotenes"]

    @pytest.mark.parametrize(
        "end", [("safety_pre_output", {"safe": False}), ("error", {"stage": 3, "error_type": "safety_blocked"})]
    )
    def test_no_text_that_the_second_check_may_have_looked_at(self, end, tmp_path):
        made = [
            entity("input", "Ein Vampir"),
            entity("interception", "Ein blutiger Vampir"),
            entity("translation_en", "Gore"),
        ]
        record = record_of(a_folder(tmp_path, *made, entity(*end)))
        assert record.status == Status.BLOCKED
        assert self.hidden(record) == ["Ein blutiger Vampir", "Gore"]

    def test_no_picture_that_was_blocked_afterwards(self, tmp_path):
        blocked = {"stage": "vlm_safety", "error_type": "safety_blocked"}
        record = record_of(a_folder(tmp_path, entity("output_image", PNG), entity("error", blocked)))
        assert not view_of(record, Audience.STUDENT).shows(record.items[0])


class TestTimesAndIds:
    def test_a_time_without_zone_is_utc_and_a_missing_one_is_that_before(self, tmp_path):
        made = [entity("input", "x", timestamp="2026-01-29T10:15:05"), entity("interception", "y", timestamp="soon")]
        record = record_of(a_folder(tmp_path, *made))
        moment = dt.datetime(2026, 1, 29, 10, 15, 5, tzinfo=dt.UTC)
        assert [item.timestamp for item in record.items] == [moment, moment]
        assert record.timestamp == moment.replace(second=0)

    @pytest.mark.parametrize("timestamp", [None, "soon", 7, {"a": 1}, "9999-12-31T23:59:59-14:00"])
    def test_a_run_that_does_not_say_when_it_began_began_when_its_id_says(self, timestamp, tmp_path):
        record = record_of(a_folder(tmp_path, entity("input", "x"), timestamp=timestamp))
        assert record.timestamp == dt.datetime(2026, 1, 29, 9, 15, 0, 123000, tzinfo=dt.UTC)

    def test_an_id_without_a_time_takes_that_of_the_run(self, tmp_path):
        record = record_of(a_folder(tmp_path, run_id="3f2a9c41-0b7d-4c22-9e8e-d22e8c3b7a10"))
        assert record.execution_id == f"exec_20260129_101500_{record.trace_id[:8]}"

    def test_a_run_without_an_id_is_called_after_its_folder(self, tmp_path):
        folder = a_folder(tmp_path, run_id=None)
        assert record_of(folder).metadata["imported_from"]["run_id"] == folder.name
