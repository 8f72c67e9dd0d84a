"""A run of a server goes over requests, pauses and restarts: it is gone on with, or another one continues it."""

import json
import stat
import time
from pathlib import Path

import pytest
from children import run_python, start_python
from hypothesis import given
from hypothesis import strategies as st
from test_runs_of_a_recorder import RUN_ID, Server, types_of

from devserver.erasing import places_of
from devserver.settings import Settings
from otel_tracking import ItemType, Status
from otel_tracking.erasure import RunId
from otel_tracking.migration.recorder import RunIds, run_ids_in
from otel_tracking.migration.recorder.run_ids import Remembered

OTHER_ID = "run_1769678200456_d4e5f6"


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_runs_of_a_recorder import Server
from otel_tracking.erasure import RunId
from otel_tracking.migration.recorder import RunIds, run_ids_in
server = Server(Path(sys.argv[2]), run_ids=RunIds(Path(sys.argv[3])))
server.interception()
server.runs.settle()
os.kill(os.getpid(), 9)
"""


FORKED = """
import os, sys
from collectors import start_recording
from collectors.testing import RememberingSink
from otel_tracking import migration
from otel_tracking.migration import recorder
sink = RememberingSink()
recording = start_recording([sink], journal=False)
migration.configure(lambda: migration.Home(recording.tracker()))
recorder.get_recorder("run_1", "dada", base_path=sys.argv[1]).save_entity("input", "a")
runs = recorder.server_runs()
child = os.fork()
if not child:
    recording = start_recording([sink], journal=False)
    assert recorder.server_runs() is not runs
    recorder.get_recorder("run_2", "dada", base_path=sys.argv[1]).save_entity("input", "b")
    recorder.server_runs().find("run_2").end()
    recording.flush(timeout=30)
    print(len(sink.records), "ended", flush=True)
    os._exit(0)
_, code = os.waitpid(child, 0)
recorder.get_recorder("run_1").save_entity("interception", "b")
runs.find("run_1").end()
recording.flush(timeout=30)
print(code, len([item for item in sink.records[0].items if item.content]), flush=True)
"""


class Clock:
    """A clock that waits to be told."""

    def __init__(self):
        self.seconds = 1_000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def ids_path(tmp_path):
    return tmp_path / "state" / "run_ids.jsonl"


@pytest.fixture
def start(tmp_path, ids_path):
    """Starts a process of the server; all of them have the same files."""
    servers = []

    def started(**rules):
        server = Server(tmp_path / "exports", run_ids=RunIds(ids_path), **rules)
        server.clock = server.runs.clock = Clock()
        servers.append(server)
        return server

    yield started
    for server in servers:
        server.runs.close()
        server.recording.close()


class TestIdleRuns:
    def test_a_run_that_nobody_goes_on_with_ends(self, start):
        server = start(idle_seconds=600)
        server.interception()
        server.clock.seconds += 599
        server.runs.end_idle()
        assert server.ended_records() == []
        server.clock.seconds += 1
        server.runs.end_idle()
        [record] = server.ended_records()
        assert (record.status, record.items[-1].item_type) == (Status.COMPLETED, ItemType.PIPELINE_COMPLETE)
        assert record.spans[0].facts["ended_idle"] == {"idle_seconds": 600}

    def test_each_call_is_a_sign_of_life(self, start):
        server = start(idle_seconds=600)
        recorder = server.interception()
        for text in ("a", "b", "c"):
            server.clock.seconds += 599
            recorder.save_to_prompting_process("interception", text)
            server.runs.end_idle()
        assert types_of(server.record()).count("user_edit") == 3

    def test_the_pause_is_no_time_of_the_run(self, start):
        server = start(idle_seconds=600)
        server.interception()
        server.runs.find(RUN_ID).execution._run.offset_ns += 600 * 10**9  # what the pause does to the run's own clock
        server.clock.seconds += 600
        server.runs.end_idle()
        [record] = server.ended_records()
        assert (record.items[-1].timestamp - record.items[-2].timestamp).total_seconds() < 600
        assert record.total_execution_time < 600
        assert list(record.items) == sorted(record.items, key=lambda item: item.timestamp)

    def test_what_is_saved_later_is_another_run_that_continues_it(self, start):
        server = start(idle_seconds=600)
        server.interception()
        server.clock.seconds += 600
        server.runs.end_idle()
        server.generation()
        first, second = server.records()
        assert (second.continues, second.metadata["run_id"]) == (first.execution_id, RUN_ID)
        assert (second.outputs_generated, second.config_name) == (1, "renaissance")

    def test_of_too_many_open_runs_the_one_that_was_idle_the_longest_ends(self, start):
        server = start(most_open=2)
        for number in range(4):
            server.clock.seconds += 1
            server.interception(f"run_{number}")
        assert [record.metadata["run_id"] for record in server.ended_records()] == ["run_0", "run_1"]

    def test_a_thread_ends_them_by_itself(self, tmp_path):
        server = Server(tmp_path, idle_seconds=0.0)
        server.interception()
        assert server.sink.written.wait(30)
        server.runs.close()
        server.recording.close()


class TestRestarts:
    def test_a_run_that_died_with_its_server_is_continued_by_the_next_one(self, start):
        first = start()
        first.interception()
        assert first.runs.settle()
        died = first.runs.find(RUN_ID).execution.execution_id

        second = start()
        second.generation()
        assert second.runs.settle()
        assert second.record().continues == died

    def test_a_process_that_is_killed_has_written_down_what_had_begun(self, ids_path, tmp_path):
        child = start_python(KILLED, Path(__file__).parent, tmp_path, ids_path)
        child.communicate(timeout=60)
        assert child.returncode == -9
        assert RunIds(ids_path).latest(RUN_ID).execution_id.startswith("exec_")

    def test_a_run_under_another_id_continues_the_one_that_is_named(self, start):
        server = start()
        server.interception()
        server.generation()
        server.interception(OTHER_ID, continues=RUN_ID)
        first, second = server.records()
        assert (first.continues, second.continues) == (None, first.execution_id)

    def test_also_where_that_one_was_another_process(self, start):
        first = start()
        first.interception()
        first.runs.settle()
        second = start()
        second.interception(OTHER_ID, continues=RUN_ID)
        assert second.record().continues == first.runs.find(RUN_ID).execution.execution_id

    def test_without_a_file_nothing_is_written_and_memory_still_knows(self, tmp_path):
        server = Server(tmp_path)
        server.interception().mark_complete()
        server.generation()
        first, second = server.records()
        assert second.continues == first.execution_id
        server.runs.close()
        server.recording.close()

    def test_a_file_that_cannot_be_written_costs_the_link_alone(self, tmp_path):
        (tmp_path / "file").write_text("")
        server = Server(tmp_path / "exports", run_ids=RunIds(tmp_path / "file" / "run_ids.jsonl"))
        server.interception()
        server.generation()
        for run in list(server.runs._runs.values()):
            run.end()
        server.runs.settle()
        assert server.recording.flush(timeout=30)
        [record] = server.sink.latest().values()
        assert (record.status, record.outputs_generated) == (Status.COMPLETED, 1)
        assert server.recording.health()["guarded_errors"] == {"recorder upkeep": 1}
        server.runs.close()
        server.recording.close()


class TestWorkers:
    def test_a_forked_worker_has_runs_of_its_own(self, tmp_path):
        """Those of its parent go on there, and their thread is not in it."""
        assert run_python(FORKED, tmp_path).split() == ["1", "ended", "0", "2"]


class TestTheFileOfRunIds:
    def test_is_private(self, start, ids_path):
        server = start()
        server.interception()
        server.runs.settle()
        assert stat.S_IMODE(ids_path.stat().st_mode) == 0o600
        assert stat.S_IMODE(ids_path.parent.stat().st_mode) == 0o700
        said = json.loads(ids_path.read_text())
        assert set(said) == {"run_id", "execution_id", "trace_id", "began_at"}

    def test_is_bounded(self, ids_path):
        run_ids = RunIds(ids_path, most=10)
        for number in range(100):
            run_ids.add(an_entry(f"run_{number}"))
        assert len(ids_path.read_bytes().splitlines()) <= 21
        again = RunIds(ids_path, most=10)
        assert (again.latest("run_0"), again.latest("run_99").execution_id) == (None, "exec_run_99")

    def test_forgets_after_some_days(self, ids_path):
        run_ids = RunIds(ids_path, days=1)
        run_ids.add(an_entry("run_1", began_at=time.time() - 100_000))
        assert run_ids.latest("run_1") is None

    def test_forgets_what_was_erased(self, ids_path):
        run_ids = RunIds(ids_path)
        for run_id in ("run_1", "run_2"):
            run_ids.add(an_entry(run_id))
        run_ids.forget(["exec_run_1"])
        assert b"run_1" not in ids_path.read_bytes()
        assert RunIds(ids_path).latest("run_2").execution_id == "exec_run_2"

    def test_is_a_place_of_an_erasure(self, tmp_path):
        path = run_ids_in(tmp_path)
        for run_id in ("run_1", "run_2"):
            RunIds(path).add(an_entry(run_id))
        left_by_a_death = path.with_name(f"{path.name}.7.new")
        left_by_a_death.write_bytes(path.read_bytes())
        [place] = [place for place in places_of(Settings(data_dir=tmp_path)) if place.name == "run_ids"]
        erased = frozenset({RunId("exec_run_1", "0" * 32)})
        assert len(list(place.left(erased))) == 2
        [removed] = place.erase(erased, lambda step: None)
        assert (removed.path, list(place.left(erased))) == (str(path), [])
        assert list(place.erase(erased, lambda step: None)) == []
        assert RunIds(path).latest("run_2") is not None

    def test_two_processes_share_it(self, ids_path):
        one, other = RunIds(ids_path, most=3), RunIds(ids_path, most=3)
        for number in range(20):
            (one, other)[number % 2].add(an_entry(f"run_{number}"))
            assert one.latest(f"run_{number}") == other.latest(f"run_{number}") != None  # noqa: E711

    @given(torn=st.binary(max_size=40))
    def test_a_torn_line_is_nobodys(self, torn, tmp_path_factory):
        path = tmp_path_factory.mktemp("ids") / "run_ids.jsonl"
        RunIds(path).add(an_entry("run_1"))
        with path.open("ab") as file:
            file.write(torn + b"\n")
        run_ids = RunIds(path)
        run_ids.add(an_entry("run_2"))
        assert run_ids.latest("run_1").execution_id == "exec_run_1"
        assert run_ids.latest("run_2").execution_id == "exec_run_2"

    def test_is_no_way_to_another_file(self, ids_path, tmp_path):
        ids_path.parent.mkdir()
        (tmp_path / "elsewhere").write_text("")
        ids_path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(OSError, match="symbolic links"):
            RunIds(ids_path).add(an_entry("run_1"))
        assert (tmp_path / "elsewhere").read_text() == ""


def an_entry(run_id, began_at=None):
    return Remembered(run_id, f"exec_{run_id}", "0" * 32, time.time() if began_at is None else began_at)
