"""What a later server's recorder is told, by several requests, is one trace with the record that scopes make."""

import asyncio
import dataclasses
import threading

import pytest
from era_c_recorder import PNG, Recorders

from collectors import start_recording
from collectors.testing import RememberingSink
from otel_tracking import ItemType, Status
from otel_tracking.migration import Home
from otel_tracking.migration.recorder import RunRules, place
from otel_tracking.migration.recorder.hearing import hear
from otel_tracking.migration.recorder.runs import ServerRuns

RUN_ID = "run_1769678100123_a1b2c3"
DEVICE = "tablet-7_2026-01-29"
TEXT, MADE = "Ein Fuchs schläft", "Unter dem Mond ruht ein Fuchs, gemalt wie ein Fresko"


class TellingSink(RememberingSink):
    """A sink that says when it has something."""

    def __init__(self):
        super().__init__()
        self.written = threading.Event()

    def write(self, record):
        super().write(record)
        self.written.set()


class Server:
    """A server's process: its recorders, heard by us, and the records that came of it."""

    def __init__(self, base, **rules):
        self.sink = TellingSink()
        self.recording = start_recording([self.sink], journal=False)
        self.runs = ServerRuns(RunRules(**rules), find_home=lambda: Home(self.recording.tracker()))
        self.recorders = Recorders(base)

    def interception(self, run_id=RUN_ID, **more):
        """What the route of that name does; the answer is shown to a person."""
        recorder = self.recorders.get_recorder(run_id, "renaissance", "eco", "kids", device_id=DEVICE)
        hear(recorder, self.runs, **more)
        recorder.metadata["models_used"] = {"stage2_interception": "gpt-OSS:20b"}
        recorder.save_to_prompting_process("input", TEXT)
        recorder.save_to_prompting_process("context_prompt", "Male wie ein Fresko.")
        recorder.save_to_prompting_process("interception", MADE)
        return recorder

    def generation(self, run_id=RUN_ID, text=MADE, seed=42):
        """What the route of that name does, with the texts that the page sends back."""
        recorder = hear(self.recorders.load_recorder(run_id), self.runs)
        recorder.metadata["models_used"]["stage4_output"] = "sd35_large"
        recorder.save_entity("input", TEXT)
        recorder.save_entity("context_prompt", "Male wie ein Fresko.")
        recorder.save_entity("interception", text)
        recorder.save_entity("safety_pre_output", {"safe": True, "method": "llm"})
        recorder.save_entity("translation_en", "A fox rests beneath the moon")
        recorder.save_entity("generation_prompt", "A fox rests beneath the moon")
        recorder.save_entity("output_image", PNG, {"config": "sd35_large", "backend": "diffusers", "seed": seed})
        return recorder

    def records(self):
        """The records of all runs, in the order in which they began; those under way end as they stand."""
        for run in list(self.runs._runs.values()):
            run.end()
        return self.ended_records()

    def ended_records(self):
        self.runs.settle()
        assert self.recording.flush(timeout=30)
        health = self.recording.health()
        assert (health["guarded_errors"], health["dropped"]) == ({}, 0)
        return sorted(self.sink.latest().values(), key=lambda record: record.timestamp)

    def record(self):
        [record] = self.records()
        return record


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.runs.close()
    server.recording.close()


def in_a_thread(work, *args, **kwargs):
    thread = threading.Thread(target=work, args=args, kwargs=kwargs)
    thread.start()
    thread.join()


def types_of(record):
    return [str(item.item_type) for item in record.items]


def without_ids_and_times(record):
    """A record as it would be at any other time under any other id."""
    names = {span.span_id: number for number, span in enumerate(record.spans)}
    items = tuple(
        dataclasses.replace(item, timestamp=None, span_id=names[item.span_id], file_path=None, metadata=_steady(item))
        for item in record.items
    )
    spans = tuple(
        dataclasses.replace(
            span,
            span_id=names[span.span_id],
            parent_span_id=names.get(span.parent_span_id),
            timestamp=None,
            execution_time=None,
        )
        for span in record.spans
    )
    own = {"execution_id": "", "trace_id": "", "timestamp": None, "total_execution_time": None}
    return dataclasses.replace(record, items=items, spans=spans, **own)


def _steady(item):
    return {key: value for key, value in item.metadata.items() if key not in ("execution_id", "total_duration_seconds")}


def with_scopes(tracker):
    """The same run, as a server with scopes would tell of it."""
    head = {"execution_mode": "eco", "safety_level": "kids", "user_id": "anonymous", "device_id": DEVICE}
    with tracker.execution("renaissance", **head, metadata={"run_id": RUN_ID}) as run:
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content=TEXT)
        with run.stage(2) as stage:
            stage.item("context_prompt", content="Male wie ein Fresko.", media_type="text")
            stage.item(ItemType.INTERCEPTION_FINAL, content=MADE, model_used="gpt-OSS:20b")
        with run.output(1) as output:
            with output.stage(3) as stage:
                stage.item(ItemType.STAGE3_SAFETY_CHECK, metadata={"safe": True, "method": "llm"})
                text = "A fox rests beneath the moon"
                stage.item(ItemType.TRANSLATION_RESULT, content=text, metadata={"to_lang": "en"})
            with output.stage(4) as stage:
                stage.item("generation_prompt", content=text, media_type="text")
                stage.item(
                    ItemType.OUTPUT_IMAGE,
                    media=PNG,
                    media_format="image/png",
                    config_used="sd35_large",
                    backend_used="diffusers",
                    model_used="sd35_large",
                    metadata={"config": "sd35_large", "backend": "diffusers", "seed": 42},
                )


class TestTwoRequestsAreOneTrace:
    def test_on_two_threads_they_are_the_record_that_scopes_would_make(self, server):
        in_a_thread(server.interception)
        in_a_thread(server.generation)
        told = server.record()

        with_scopes(server.recording.tracker())
        [scoped] = [record for record in server.records() if record.trace_id != told.trace_id]
        assert without_ids_and_times(told) == without_ids_and_times(scoped)
        assert (told.status, told.used_seed, told.stages_completed) == (Status.COMPLETED, 42, (1, 2, 3, 4))

    def test_the_earlier_recorder_answers_and_writes_as_it_did(self, server, tmp_path):
        alone = Server(tmp_path / "alone")
        for one in (server, alone):
            recorder = one.interception() if one is server else _unheard_interception(one)
            assert recorder.save_entity("input", TEXT) == "01_input.txt"
            assert (recorder.final_folder / "01_input.txt").read_text() == TEXT
        alone.recording.close()

    def test_a_text_that_comes_back_changed_was_changed_by_a_person(self, server):
        server.interception()
        server.generation(text="Ein Fuchs, ganz anders")
        edits = server.record().items_of(ItemType.USER_EDIT)
        assert [(edit.content, edit.metadata["field"], edit.stage) for edit in edits] == [
            ("Ein Fuchs, ganz anders", "interception", 2)
        ]

    def test_an_edit_between_the_requests_is_no_second_interception(self, server):
        server.interception().save_to_prompting_process("interception", "Ein Fuchs, ganz anders")
        server.generation(text="Ein Fuchs, ganz anders")
        record = server.record()
        assert (types_of(record).count("interception_final"), types_of(record).count("user_edit")) == (1, 1)

    def test_what_a_download_saves_is_heard_as_one_output(self, server):
        recorder = server.interception()
        recorder.save_prompt_id("3f2a", "image")
        asyncio.run(recorder.download_and_save_from_comfyui("3f2a", "image", "flux2", seed=7))
        record = server.record()
        assert [item.loop_iteration for item in record.items_of(ItemType.OUTPUT_IMAGE)] == [1, 1]
        assert (record.outputs_generated, record.used_seed) == (1, 7)

    def test_two_runs_at_once_never_mix(self, server):
        names = [f"run_176967810012{n}_aaaaaa" for n in range(6)]

        def both_requests(name):
            server.interception(name)
            server.generation(name)

        threads = [threading.Thread(target=both_requests, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        records = server.records()
        assert {record.metadata["run_id"] for record in records} == set(names)
        assert {tuple(types_of(record)) for record in records} == {tuple(types_of(records[0]))}


class TestOutcomes:
    def test_a_block_at_the_door_ends_the_run(self, server):
        recorder = server.interception()
        recorder.save_error(1, "safety_blocked", "nicht erlaubt", {"codes": ["§86a"]})
        [record] = server.ended_records()
        assert record.status == Status.BLOCKED

    def test_a_blocked_output_is_no_error_and_the_next_one_is_another(self, server):
        recorder = server.interception()
        for safe in (False, True):
            recorder.save_entity("safety_pre_output", {"safe": safe})
            if safe:
                recorder.save_entity("output_image", PNG)
            else:
                recorder.save_error(3, "safety_blocked", "zu gruselig")
        record = server.record()
        assert record.status == Status.PARTIAL
        assert [item.loop_iteration for item in record.items if item.stage in (3, 4) and item.loop_iteration] == [
            1,
            1,
            2,
            2,
        ]
        [check, _] = record.items_of(ItemType.STAGE3_SAFETY_CHECK)
        assert MADE in check.input_text

    def test_an_error_of_an_output_is_a_failed_output(self, server):
        recorder = server.interception()
        recorder.save_entity("generation_prompt", "A fox")
        recorder.save_error(4, "ComfyUIError", "no model", {})
        record = server.record()
        assert record.status == Status.ERROR
        assert [item.content for item in record.items_of(ItemType.OUTPUT_FAILED)] == ["no model"]

    def test_any_other_error_ends_the_run(self, server):
        server.interception().save_error(2, "OllamaError", "500", {})
        [record] = server.ended_records()
        assert (record.status, record.items[-1].item_type, record.items[-1].stage) == ("error", "pipeline_error", 2)

    def test_an_abort_is_cancelled(self, server, monkeypatch):
        monkeypatch.setattr(place, "server_runs", lambda: server.runs)
        server.interception()
        place.abort_run(RUN_ID, "the person pressed stop")
        place.abort_run("run_that_nobody_knows")
        [record] = server.ended_records()
        assert (record.status, record.items[-1].content) == (Status.CANCELLED, "the person pressed stop")

    def test_what_was_under_way_when_it_was_aborted_is_no_failure(self, server):
        server.interception().save_entity("generation_prompt", "A fox")
        server.runs.find(RUN_ID).abort("the client left")
        [record] = server.ended_records()
        assert (record.status, record.items_of(ItemType.OUTPUT_FAILED)) == (Status.CANCELLED, ())
        assert "error" not in {span.status for span in record.spans}

    def test_complete_is_the_end_and_said_twice_it_is_one(self, server):
        recorder = server.interception()
        recorder.mark_complete()
        recorder.mark_complete()
        [record] = server.ended_records()
        assert record.status == Status.COMPLETED


def _unheard_interception(server):
    return server.recorders.get_recorder(RUN_ID, "renaissance", "eco", "kids", device_id=DEVICE)
