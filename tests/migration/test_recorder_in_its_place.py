"""Our recorder in the place of a server's own: its calls, its folder and its downloads, and the record of its runs."""

import asyncio
import json
import os
import threading

import pytest
from era_c_recorder import PNG
from test_runs_of_a_recorder import DEVICE, MADE, RUN_ID, TEXT, Server, types_of

from devserver.cli.importing import Importing, ImportResult, found_at
from exporters import ParquetSink
from exporters.recorders import read_run
from otel_tracking import ItemType, Status, migration
from otel_tracking.migration import Home, recorder
from otel_tracking.migration.recorder import LivePipelineRecorder, RunRules, recorders


class Ours:
    """`get_recorder` and `load_recorder` as they are imported here."""

    def __init__(self, base):
        self.base = base

    def get_recorder(self, *args, **kwargs):
        return recorder.get_recorder(*args, base_path=self.base, **kwargs)

    def load_recorder(self, run_id):
        return recorder.load_recorder(run_id, base_path=self.base)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    server.runs.close()
    migration.configure(lambda: Home(server.recording.tracker()))
    server.runs = recorder.keep_runs(RunRules())
    server.recorders = Ours(tmp_path / "exports")
    restart()
    yield server
    recorder.keep_runs(RunRules())
    migration.configure(None)
    server.recording.close()


def restart():
    """What a process has in memory is gone."""
    recorders._active.clear()


class TestItsRecord:
    def test_is_the_one_of_a_recorder_that_is_heard(self, server, tmp_path):
        heard = Server(tmp_path / "heard")
        for one in (server, heard):
            one.interception()
            one.generation()
        assert types_of(server.record()) == types_of(heard.record())
        assert [item.content for item in server.record().items] == [item.content for item in heard.record().items]
        heard.runs.close()
        heard.recording.close()

    def test_is_whole_where_no_folder_can_be_written(self, server, tmp_path):
        (tmp_path / "full").write_text("")
        server.recorders = Ours(tmp_path / "full")
        server.interception()
        server.generation()
        for run in list(server.runs._runs.values()):
            run.end()
        recorder.place.folder_writer().settle()
        assert server.recording.flush(timeout=30)
        [record] = server.sink.latest().values()
        assert (record.status, record.outputs_generated) == (Status.COMPLETED, 1)

    def test_is_made_while_the_disk_hangs(self, server, tmp_path):
        """A pipe that nobody reads stands where a file is to be written: whoever opens it waits."""
        saved = server.recorders.get_recorder(RUN_ID, "renaissance", "eco", "kids", device_id=DEVICE)
        pipe = saved.final_folder / ".01_input.txt.new"
        pipe.parent.mkdir(parents=True)
        os.mkfifo(pipe)
        saved.save_entity("input", TEXT)
        saved.save_entity("output_image", PNG)
        record = server.record()
        assert types_of(record).count("output_image") == 1
        threading.Thread(target=pipe.read_bytes, daemon=True).start()
        assert recorder.place.folder_writer().settle(30)

    def test_counts_what_cannot_be_done_and_raises_nothing(self, server):
        saved = server.interception()
        saved.metadata = None
        assert saved.save_entity("input", TEXT) is None
        saved.mark_complete()
        assert recorder.load_recorder("run_of_nobody", base_path="\0") is None
        assert "recorder save_entity" in server.recording.health()["guarded_errors"]


class TestItsFolder:
    def test_is_what_its_routes_read(self, server):
        saved = server.interception()
        server.generation()
        assert saved.get_entity_path("output_image").read_bytes() == PNG
        assert (saved.prompting_folder / "003_interception.txt").read_text() == MADE
        said = json.loads((saved.run_folder / "metadata.json").read_text())
        assert said["models_used"]["stage4_output"] == "sd35_large"
        assert [entry["type"] for entry in said["entities"]] == [
            entry["type"] for entry in saved.get_status()["entities"]
        ]
        assert saved.get_status()["current_state"]["progress"] == "7/6"

    def test_is_private(self, server):
        path = server.interception().prompting_folder / "001_input.txt"
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)

    def test_is_found_by_a_restarted_server(self, server):
        server.interception()
        restart()
        loaded = recorder.load_recorder(RUN_ID, base_path=server.recorders.base)
        assert (loaded.config_name, loaded.safety_level, loaded.prompting_sequence) == ("renaissance", "kids", 3)
        assert loaded.save_to_prompting_process("interception", "anders") == "004_interception.txt"
        assert recorder.load_recorder("run_of_nobody", base_path=server.recorders.base) is None

    @pytest.mark.parametrize("name", ["../../../outside", "/etc/cron.d/x", "a\0b", "..", "ä" * 500])
    def test_no_name_leads_out_of_it(self, server, tmp_path, name):
        saved = recorder.get_recorder(name, "c", "eco", "kids", device_id=name, base_path=tmp_path / "deep" / "base")
        saved.save_to_prompting_process(name, TEXT)
        saved.save_entity(name, TEXT)
        assert saved.run_folder.is_relative_to(tmp_path / "deep" / "base")
        written = [path for path in tmp_path.rglob("*.txt") if path.is_file()]
        assert len(written) == 2
        assert all(path.is_relative_to(saved.run_folder) for path in written)

    def test_becomes_the_same_items_where_it_is_imported(self, server):
        folder = server.interception().run_folder
        server.generation()
        recorder.place.folder_writer().settle()
        imported = read_run(folder).record
        picture, [recorded] = (
            imported.items_of(ItemType.OUTPUT_IMAGE)[0],
            server.record().items_of(ItemType.OUTPUT_IMAGE),
        )
        for name in ("item_type", "stage", "loop_iteration", "config_used", "model_used", "backend_used"):
            assert getattr(picture, name) == getattr(recorded, name)
        assert picture.media.sha256 == recorded.media.sha256

    def test_is_not_taken_over_where_its_record_is_stored(self, server, tmp_path):
        folder = server.interception().run_folder
        recorder.place.folder_writer().settle()
        data = tmp_path / "data"
        [first] = Importing(tmp_path / "empty").each(found_at([folder]))
        assert first.result is ImportResult.IMPORTED
        ParquetSink(data).write(server.record())
        [second] = Importing(data).each(found_at([folder]))
        assert second.result is ImportResult.KNOWN


class TestDownloads:
    class Fetching:
        """The server's own clients."""

        async def from_comfyui(self, prompt_id, media_type):
            return [PNG, PNG + b"2"]

        async def from_swarmui(self, image_paths, media_type):
            raise OSError("the backend is gone")

        async def from_url(self, url, media_type):
            return []

    @pytest.fixture
    def saved(self, server, monkeypatch):
        monkeypatch.setattr(LivePipelineRecorder, "downloads", self.Fetching())
        return server.interception()

    def test_are_made_by_whoever_was_handed_in(self, server, saved):
        name = asyncio.run(saved.download_and_save_from_comfyui("3f2a", "image", "flux2", seed=7))
        assert name == "01_output_image.png"
        pictures = server.record().items_of(ItemType.OUTPUT_IMAGE)
        assert [(item.loop_iteration, item.metadata["seed"]) for item in pictures] == [(1, 7), (1, 7)]

    def test_that_fail_answer_none_as_they_did(self, server, saved):
        assert asyncio.run(saved.download_and_save_from_swarmui(["a.png"], "image", "sd35")) is None
        assert asyncio.run(saved.download_and_save_from_url("http://localhost/key=1", "image", "gpt")) is None
        assert server.recording.health()["guarded_errors"] == {"recorder download from_swarmui": 1}

    def test_without_anybody_are_none(self, server):
        saved = server.interception()
        assert asyncio.run(saved.download_and_save_from_comfyui("3f2a", "image", "flux2")) is None
