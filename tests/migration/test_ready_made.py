"""`devserver.era_a`: opened by itself, in every process its own, beside the earlier tracker, with earlier records."""

import base64
import json
import os
import threading
from pathlib import Path

import pytest
from children import run_python
from click.testing import CliRunner
from era_a_server import Backends, make_server
from hypothesis import given
from hypothesis import strategies as st
from scenario_of_era_a import items_of

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver import era_a
from devserver.cli.app import command_line
from devserver.errors import DevserverError
from devserver.settings import Settings
from exporters import ParquetSink, StorageError, read_records
from otel_tracking import ExecutionRecord, migration
from otel_tracking.migration.corrections import lift_media
from otel_tracking.values.media_in_texts import SMALLEST_MEDIA

EARLIER_ID = "exec_20251103_224153_608540d5"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000)


def an_earlier_record(execution_id=EARLIER_ID, **changes):
    """What era A wrote, at its worst: no zone, both names of the backend, a type that nobody knows."""
    item = {"timestamp": "2025-11-03T22:41:53.608540", "stage": 2, "media_type": "text", "metadata": {}}
    items = [
        {**item, "item_type": "user_input_text", "stage": 1, "content": "Eine Blume"},
        {**item, "item_type": "interception_iteration", "stage_iteration": 1, "content": "A", "backend_used": "ollama"},
        {**item, "item_type": "interception_final", "content": "A flower", "backend_type": "ollama"},
        {**item, "item_type": "latent_lab_step", "content": "?"},
        {**item, "item_type": "pipeline_complete", "stage": 5, "media_type": "metadata"},
    ]
    return {
        "execution_id": execution_id,
        "config_name": "stillepost",
        "timestamp": "2025-11-03T22:41:53.608540",
        "user_id": "anonymous",
        "session_id": "default",
        "execution_mode": "eco",
        "safety_level": "kids",
        "used_seed": None,
        "total_execution_time": 210.0,
        "items": [{"sequence_number": number, **item} for number, item in enumerate(items, start=1)],
        "taxonomy_version": "1.0",
        **changes,
    }


class TestEarlierRecords:
    def test_they_are_taken_over_and_shown_by_the_same_routes(self, server, tmp_path):
        """`otel-tracking import`, and the list has them by the time of their runs, the detail with every item."""
        later = an_earlier_record("exec_20251104_101500_00000001", timestamp="2025-11-04T10:15:00")
        files = [tmp_path / "b.json", tmp_path / "a.json"]
        for path, record in zip(files, [an_earlier_record(), later], strict=True):
            path.write_text(json.dumps(record))
        arguments = ["import", *map(str, files), "--data", str(server.data_dir)]
        assert CliRunner().invoke(command_line, arguments).exit_code == 0

        listed = server.get("/api/executions?config=stillepost").json["executions"]
        assert [entry["execution_id"] for entry in listed] == [later["execution_id"], EARLIER_ID]
        shown = server.get(f"/api/executions/{EARLIER_ID}").json
        assert [item["item_type"] for item in shown["items"]][3] == "latent_lab_step"
        assert [item["backend_used"] for item in shown["items"]] == [None, "ollama", "ollama", None, None]
        assert shown["timestamp"] == "2025-11-03T22:41:53.608540+00:00"

    def test_a_record_can_be_made_and_saved_by_hand(self, server):
        """`from_dict`, `save_execution_record` and the helper methods work as they did."""
        record = migration.ExecutionRecord.from_dict(an_earlier_record())
        migration.save_execution_record(record)
        again = migration.load_execution_record(EARLIER_ID)

        assert again == record
        assert [item.content for item in again.get_items_by_stage(1)] == ["Eine Blume"]
        assert again.get_items_by_type(migration.ItemType.INTERCEPTION_FINAL) == [again.items[2]]
        assert again.get_items_by_media_type(migration.MediaType.TEXT) == list(again.items[:4])

    def test_what_is_deleted_is_gone_with_its_media(self, server):
        """Of this run nothing is left in any file, of the others everything."""
        for prompt in ("Geheimnis", "Eine Blume"):
            server.ask("bauhaus", prompt, backends=Backends(outputs={1: {"image_data": PNG}}))
        before = {items_of(record, "user_input_text")[0].content: record for record in server.records()}
        secret, other = before["Geheimnis"], before["Eine Blume"]

        assert migration.delete_execution_record(secret.execution_id) is True
        assert migration.delete_execution_record(secret.execution_id) is False
        assert server.records() == [other]
        assert [path.name for path in (server.data_dir / "media").iterdir()] == [other.execution_id]
        assert migration.get_storage_stats()["total_records"] == 1
        for path in server.data_dir.rglob("*.parquet"):
            assert secret.trace_id.encode() not in path.read_bytes()


class TestReadAndWritten:
    def test_what_is_read_equals_what_was_built(self, tmp_path):
        """The record that a remembering sink was given comes back from Parquet, whatever the run was like."""
        sink = RememberingSink()
        with start_recording([sink, ParquetSink(tmp_path)], journal=False) as recording:
            migration.configure(lambda: migration.Home(recording.tracker()))
            for backends in (
                Backends(),
                Backends(fails_at_hop=5),
                Backends(outputs={1: {"image_data": PNG, "t": (1,)}}),
            ):
                for schema in ("stillepost", "bauhaus"):
                    request = {"schema": schema, "input_text": "Eine Blume"}
                    make_server(backends).test_client().post("/api/schema/pipeline/execute", json=request)
            assert recording.flush(timeout=30)
        migration.configure(None)

        stored = {record.trace_id: record for record in read_records(tmp_path)}
        assert len(stored) == 6
        assert stored == {record.trace_id: record for record in sink.records}

    @given(st.dictionaries(st.text(max_size=5), st.one_of(st.binary(max_size=40), st.text(max_size=40), st.integers())))
    def test_media_are_lifted_without_loss(self, metadata):
        """Whoever puts the media back where their numbers stand has the metadata again."""
        large = {**metadata, "large": b"x" * SMALLEST_MEDIA, "image": "data:image/png;base64,iVBORw0KGgo="}
        large["loose"] = "iVBORw0KGgoAAAANAAB="  # read, it is the same as with A at the end
        slim, media = lift_media(large)

        def put_back(value):
            if not isinstance(value, dict):
                return value
            assert value.keys() <= {"media_index", "base64"}
            data = media[value["media_index"] - 1][0]
            return value["base64"] + base64.b64encode(data).decode() if "base64" in value else data

        assert {key: put_back(value) for key, value in slim.items()} == large


class TestOpening:
    def test_the_first_run_opens_no_file_on_its_own_thread(self, tmp_path, monkeypatch):
        """The dataset is opened by the thread that writes the first record."""
        era_a.stop()
        monkeypatch.setenv("DEVSERVER_DATA_DIR", str(tmp_path / "data"))
        monkeypatch.setenv("DEVSERVER_JOURNAL", "off")
        era_a.start().flush(0)
        era_a.stop()
        here, opened, real_open = threading.get_ident(), [], os.open

        def watched(path, *arguments, **more):
            if threading.get_ident() == here:
                opened.append(path)
            return real_open(path, *arguments, **more)

        monkeypatch.setattr(os, "open", watched)
        era_a.ExecutionTracker("dada", "eco", "kids").finalize()
        assert opened == []
        monkeypatch.undo()
        assert era_a.stop()
        assert len(list(read_records(tmp_path / "data"))) == 1

    def test_a_program_that_ends_at_once_has_its_record(self, tmp_path):
        """The interpreter's end waits until it is stored."""
        program = (
            "from devserver.era_a import ExecutionTracker\n"
            "tracker = ExecutionTracker('dada', 'eco', 'kids')\n"
            "tracker.log_user_input_text('Eine Blume')\n"
            "tracker.finalize()\n"
            "print(tracker.execution_id)"
        )
        told = run_python(program, DEVSERVER_DATA_DIR=str(tmp_path), DEVSERVER_JOURNAL="off").strip()
        [record] = read_records(tmp_path)
        assert (record.execution_id, record.status) == (told, "completed")

    def test_each_forked_worker_records_its_own_runs(self, tmp_path):
        """A recording is not inherited: the child opens another, and both runs are stored."""
        program = (
            "import os\n"
            "from devserver.era_a import ExecutionTracker, stop\n"
            "ExecutionTracker('parent', 'eco', 'kids').finalize()\n"
            "child = os.fork()\n"
            "if child == 0:\n"
            "    ExecutionTracker('child', 'eco', 'kids').finalize()\n"
            "    os._exit(0 if stop() else 1)\n"
            "assert os.waitpid(child, 0)[1] == 0"
        )
        run_python(program, DEVSERVER_DATA_DIR=str(tmp_path), DEVSERVER_JOURNAL="off")
        assert {record.config_name for record in read_records(tmp_path)} == {"parent", "child"}

    def test_a_data_directory_that_cannot_be_used_is_found_at_the_start(self, tmp_path):
        """For servers that call `start`; without it the records wait until it can."""
        (tmp_path / "file").write_text("")
        with pytest.raises((StorageError, DevserverError), match="data directory"):
            era_a.start(Settings(data_dir=tmp_path / "file" / "data", journal=False))

    def test_a_storage_that_cannot_be_read_raises_nothing(self, server):
        """The routes answer as if there were nothing, and the figures say why."""
        server.ask("stillepost")
        [record] = server.records()
        for path in server.data_dir.glob("executions/*/*.parquet"):
            path.write_bytes(b"broken")

        assert migration.load_execution_record(record.execution_id) is None
        assert migration.list_execution_records() == []
        assert migration.get_storage_stats()["error"] == "some files cannot be read; otel-tracking verify names them"

    def test_pages_of_the_list_follow_one_another(self, server):
        """`limit` and `offset` as before; loading in another order than listed works too."""
        for _ in range(3):
            server.ask("stillepost")
        assert len(server.records()) == 3
        ids = migration.list_execution_records()
        assert [migration.list_execution_records(1, offset) for offset in (0, 1, 2, 3)] == [[i] for i in ids] + [[]]
        migration.list_execution_records()
        loaded = [migration.load_execution_record(execution_id) for execution_id in (ids[0], ids[2], ids[1], ids[0])]
        assert [record.execution_id for record in loaded] == [ids[0], ids[2], ids[1], ids[0]]


class Earlier:
    """An earlier tracker as far as it is needed beside ours."""

    stored: list = []  # noqa: RUF012

    def __init__(self, config_name, execution_mode, safety_level, user_id="anonymous", session_id="default"):
        self.execution_id, self.calls = EARLIER_ID, []

    def log_user_input_text(self, text):
        self.calls.append(text)

    def finalize(self):
        self.stored.append(self.calls)


def test_both_trackers_are_told_of_the_same_run(server):
    """The earlier one answers, ours keeps its id: the two records of a run can be compared."""
    tracker = era_a.beside(Earlier)(config_name="dada", execution_mode="eco", safety_level="kids")
    tracker.log_user_input_text("Eine Blume")
    tracker.finalize()
    [record] = server.records()

    assert (tracker.execution_id, Earlier.stored) == (EARLIER_ID, [["Eine Blume"]])
    assert record.spans[0].facts["earlier_execution_id"] == EARLIER_ID
    assert [item.content for item in items_of(record, "user_input_text")] == ["Eine Blume"]


SAMPLES = Path(os.environ.get("ERA_A_SAMPLES", Path(__file__).parents[1] / "samples" / "era_a"))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("exec_*.json")), ids=lambda path: path.stem)
def test_real_records_of_era_a_are_shown_item_by_item(server, path):
    """Imported, listed, and every item as it was."""
    old = json.loads(path.read_text("utf-8"))
    migration.save_execution_record(ExecutionRecord.from_dict(old))
    shown = server.get(f"/api/executions/{old['execution_id']}").json
    assert [item["content"] for item in shown["items"]] == [item["content"] for item in old["items"]]


PLAN = (Path(__file__).parents[2] / "docs" / "migration-plan.md").read_text("utf-8")
PUBLIC = [name for name in dir(migration.ExecutionTracker) if name[0] != "_"]


@pytest.mark.parametrize(
    "name", [*PUBLIC, *(name for name in migration.__all__ if "_record" in name or "beside" in name)]
)
def test_every_call_stands_in_the_plan(name):
    """Who moves over finds each name."""
    assert f"`{name}" in PLAN or f".{name}" in PLAN or f"{name}(" in PLAN
