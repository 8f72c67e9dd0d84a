"""The process that makes and writes records is killed at any moment: the pipeline goes on, each run is stored once.

`OTEL_TRACKING_TEST_KILLS` says how often (5; 200 for a long look).
"""

import contextlib
import os
import random
import select
import signal
import threading
from collections import Counter
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fault_stage import PATIENCE

from collectors import start_recording
from exporters import ParquetSink, read_records

KILLS = int(os.environ.get("OTEL_TRACKING_TEST_KILLS", "5"))
STEPS = ("media", "blobs", "items", "executions", "written")


def run_of(tracker, number):
    """A small run with a medium and a value that is large enough to be cut out of its row."""
    with tracker.execution("stillepost", safety_level="kids") as run, run.stage(2) as stage:
        for hop in range(1, 4):
            with stage.iteration(hop) as iteration:
                iteration.item("interception_iteration", content=hop, metadata={"graph": "x" * 9000, "run": number})
        with run.output(1) as output, output.stage(4) as last:
            last.item("output_image", media=bytes([number % 256]) * 100)
    return run.trace_id


def stored_rows(data):
    """How often each trace has a row, whoever reads it: a run that was stored twice has two."""
    paths = [path for path in (data / "executions").rglob("*.parquet") if not path.name.startswith(".")]
    return Counter(
        trace for path in paths for trace in pq.read_table(path, columns=["trace_id"])["trace_id"].to_pylist()
    )


def process_of(recording):
    return recording.health()["sinks"][0]["process"]


def kill(process):
    """Kill a process that may have ended already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def test_each_run_is_stored_once_however_often_its_process_is_killed(ram, tmp_path):
    draw, runs, killed = random.Random(KILLS), [], set()
    with start_recording([ParquetSink(tmp_path)], journal=ram, assembly="process", retry_seconds=0.001) as recording:
        tracker = recording.tracker()
        while len(killed) < KILLS:
            runs += [run_of(tracker, number) for number in range(draw.randrange(1, 40))]
            process = process_of(recording)
            if process is not None and process not in killed:
                # While it starts, reads, builds or writes: what it is at now depends on how many runs came.
                kill(process)
                killed.add(process)
            runs += [run_of(tracker, number) for number in range(draw.randrange(3))]
            if draw.random() < 0.5:
                assert recording.flush(PATIENCE), recording.health()
        assert recording.flush(PATIENCE), recording.health()
        health = recording.health()
    assert health["sinks"][0]["restarts"] >= KILLS / 2  # some were told twice, or had nothing to do when they died
    assert health["records"] == len(runs)
    assert stored_rows(tmp_path) == Counter(runs)
    for record in read_records(tmp_path):
        assert [item.content for item in record.items if item.stage == 2] == [1, 2, 3]
        assert (record.status, record.dropped) == ("completed", 0)
    assert list(ram.rglob("*.journal")) == []


def die_once(marker, at, step):
    """A step at which the process that writes kills itself, the first time."""
    if step == at and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("at", STEPS)
def test_each_run_is_stored_once_at_whichever_step_its_process_dies(at, ram, tmp_path):
    data = tmp_path / "data"
    sink = ParquetSink(data, step=partial(die_once, str(tmp_path / "died"), at))
    with start_recording([sink], journal=ram, assembly="process", retry_seconds=0.001) as recording:
        runs = [run_of(recording.tracker(), number) for number in range(5)]
        assert recording.flush(PATIENCE), recording.health()
        assert recording.health()["sinks"][0]["restarts"] == 1
    assert stored_rows(data) == Counter(runs)


def test_the_pipelines_process_is_killed_and_that_of_its_sink_ends_with_it(ram, tmp_path):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        recording = start_recording([ParquetSink(tmp_path)], journal=ram, assembly="process")
        run_of(recording.tracker(), 1)
        recording.flush(PATIENCE)
        os.write(writer, f"{process_of(recording)}\n".encode())
        threading.Event().wait()
    process = int(os.read(reader, 20))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):  # it may be gone, and forgotten, by now
        pidfd = os.pidfd_open(process)
        assert select.select([pidfd], [], [], PATIENCE)[0], "it goes on"
        os.close(pidfd)
    assert len(stored_rows(tmp_path)) == 1
