"""What happens while a run of very many items is being written: an end, a full disk, an erasure, a fork."""

import os
import threading

import large_run_stage
import pytest
from disks import fill, small_disk
from fault_stage import PATIENCE, join_threads
from large_run_stage import HOOK, HOPS, OTHERS, Gate, check_readers_see_whole_runs, hooked, run_of, stored_rows

from collectors import recover, start_recording
from collectors.building import pieces
from collectors.recording import assembly
from exporters import ParquetSink, read_records
from exporters.erasure import erase
from exporters.storage.writing import large_record


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    for module, name in ((pieces, "PIECE"), (large_record, "ROWS_TOGETHER"), (assembly, "LARGE")):
        monkeypatch.setattr(module, name, getattr(module, name))
    large_run_stage.make_small()
    monkeypatch.setattr(HOOK, "act", None)


@pytest.fixture(params=["thread", "process"])
def mode(request):
    return request.param


@pytest.fixture
def started(ram, mode):
    """A function that starts a recording into a data directory; those are closed in the end."""
    recordings, others = [], set(threading.enumerate())

    def start(data):
        sink = ParquetSink(data, step=hooked)
        options = {"journal": ram, "spill": ram / "files", "assembly": mode, "retry_seconds": 0.001}
        recordings.append(start_recording([sink], **options))
        return recordings[-1]

    yield start
    for recording in recordings:
        recording.close(PATIENCE)
    join_threads(others)


def stopped_at(recording, step):
    """A large run whose write waits at a step, and the gate that it waits at."""
    gate = HOOK.act = Gate(step)
    run = run_of(recording.tracker(), HOPS)
    assert gate.reached.wait(PATIENCE)
    return run, gate


def left_in(ram):
    return [path for path in ram.rglob("*") if path.suffix in (".journal", ".record")]


@pytest.mark.parametrize("at", ["items", "executions"])
def test_an_end_with_time_waits_for_it(tmp_path, ram, started, at):
    recording = started(tmp_path)
    run, gate = stopped_at(recording, at)
    done = []
    closing = threading.Thread(target=lambda: done.append(recording.close(PATIENCE)))
    closing.start()
    gate.opened.set()
    closing.join(PATIENCE)
    assert done == [True]
    assert check_readers_see_whole_runs(tmp_path, {run: HOPS}) == {run}
    assert left_in(ram) == []


@pytest.mark.parametrize("at", ["items", "executions"])
def test_an_end_without_time_leaves_it_to_the_next_start(tmp_path, ram, started, at):
    """Also where the write goes on after all, and ends after that of the next start: nobody reads the run twice."""
    recording = started(tmp_path)
    run, gate = stopped_at(recording, at)
    assert recording.close(0.2) is False
    assert recording.health()["put_aside"] == 0  # to make it whole for a file takes ten times the time there is
    assert check_readers_see_whole_runs(tmp_path, {}) == set()
    again = started(tmp_path)
    assert again.wait_until_recovered(PATIENCE)
    assert check_readers_see_whole_runs(tmp_path, {run: HOPS}) == {run}
    gate.opened.set()
    again.close(PATIENCE)
    for thread in threading.enumerate():
        if thread.name == "otel-tracking ParquetSink":
            thread.join(PATIENCE)
    assert check_readers_see_whole_runs(tmp_path, {run: HOPS}) == {run}
    assert left_in(ram) == []


def test_without_a_journal_an_end_without_time_puts_it_into_a_file(tmp_path, mode):
    others = set(threading.enumerate())
    files = tmp_path / "files"
    sink = ParquetSink(tmp_path / "data", step=hooked)
    recording = start_recording([sink], journal=False, spill=files, assembly=mode)
    run, gate = stopped_at(recording, "executions")
    assert recording.close(0.2) is False
    assert recording.health()["put_aside"] == 1
    recover([sink], journals=False, spill=files)
    assert check_readers_see_whole_runs(tmp_path / "data", {run: HOPS}) == {run}
    gate.opened.set()
    join_threads(others)
    assert check_readers_see_whole_runs(tmp_path / "data", {run: HOPS}) == {run}


def test_a_write_that_ends_after_an_end_without_time_leaves_nothing_to_do(tmp_path, ram, started):
    others = set(threading.enumerate())
    recording = started(tmp_path)
    run, gate = stopped_at(recording, "executions")
    assert recording.close(0.2) is False
    gate.opened.set()
    join_threads(others)
    recover([ParquetSink(tmp_path)], directory=ram, spill=ram / "files")
    assert stored_rows(tmp_path) == {run: 1}
    assert left_in(ram) == []


@pytest.mark.parametrize("at", ["items", "media", "executions"])
def test_a_disk_that_is_full_in_the_middle_of_it(tmp_path, ram, started, at):
    """Nothing of it is visible; it is written once there is space."""
    with small_disk(tmp_path / "disk", 4096) as disk:
        recording = started(disk / "data")
        small = run_of(recording.tracker(), OTHERS)
        assert recording.flush(PATIENCE)
        fillers, failed = [], threading.Event()

        def act(step):
            if fillers:
                failed.set()
            elif step == at:
                fillers.append(fill(disk))

        HOOK.act = act
        run = run_of(recording.tracker(), HOPS)
        assert failed.wait(PATIENCE)  # it is tried again
        assert check_readers_see_whole_runs(disk / "data", {small: OTHERS}) == {small}
        fillers[0].unlink()
        assert recording.flush(PATIENCE), recording.health()
        assert check_readers_see_whole_runs(disk / "data", {small: OTHERS, run: HOPS}) == {small, run}
        assert recording.close(PATIENCE)
        assert list((disk / "data").rglob("*.tmp")) == left_in(ram) == []


@pytest.mark.parametrize("at", ["items", "executions", "written"])
def test_an_erasure_while_it_is_written(tmp_path, ram, started, at):
    """It waits until the write is over, and nothing of the run is left, in journals neither."""
    recording = started(tmp_path)
    small = run_of(recording.tracker(), OTHERS)
    assert recording.flush(PATIENCE)
    run, gate = stopped_at(recording, at)
    places = erasable(tmp_path, ram)
    reports = []
    erasing = threading.Thread(
        target=lambda: reports.append(
            erase(tmp_path, lambda record: record.trace_id == run, places=places, reason="query")
        )
    )
    erasing.start()
    gate.opened.set()
    erasing.join(PATIENCE)
    assert recording.close(PATIENCE)
    assert check_readers_see_whole_runs(tmp_path, {small: OTHERS}) == {small}
    assert [path for path in tmp_path.rglob("*.parquet") if run[:8] in path.name] == []
    assert list((tmp_path / "media").rglob(f"*{run[:8]}*")) == left_in(ram) == []
    assert [erased.trace_id for report in reports for erased in report.runs] == [run]


def erasable(data, ram):
    from collectors.recording.erasing import ErasableJournals, ErasableSpill, namespace_of

    namespace = namespace_of([ParquetSink(data)])
    return [ErasableJournals(ram, namespace), ErasableSpill(ram / "files", namespace)]


@pytest.mark.parametrize("at", ["items", "executions"])
def test_a_fork_while_it_is_written(tmp_path, started, at):
    """The child neither writes nor keeps anybody from erasing, and has runs of its own."""
    recording = started(tmp_path)
    run, gate = stopped_at(recording, at)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        HOOK.act = None
        with start_recording([ParquetSink(tmp_path)], journal=False, assembly="thread") as own:
            own_run = run_of(own.tracker(), HOPS)
        os.write(writer, own_run.encode())
        threading.Event().wait()
    try:
        own_run = os.read(reader, 32).decode()
        gate.opened.set()
        assert recording.flush(PATIENCE)
        assert check_readers_see_whole_runs(tmp_path, {run: HOPS, own_run: HOPS}) == {run, own_run}
        erasing = threading.Thread(
            target=erase,
            args=(tmp_path, lambda record: record.trace_id == run),
            kwargs={"reason": "query"},
            daemon=True,
        )
        erasing.start()
        erasing.join(PATIENCE)
        assert not erasing.is_alive(), "the child holds the lock of writes"
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)
    assert [record.trace_id for record in read_records(tmp_path)] == [own_run]
