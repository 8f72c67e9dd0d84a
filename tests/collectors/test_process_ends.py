"""The process dies, forks or just ends: every item whose call had returned is in a record, once."""

import os
import random
import signal
import subprocess
import sys

import pytest
from builders import finished, items_of
from children import ROOT, run_python, start_python

from collectors import recover, start_recording
from collectors.testing import RememberingSink, WaitingSink
from otel_tracking import FinishReason, Status

MOMENTS = int(os.environ.get("OTEL_TRACKING_TEST_KILLS", "20"))
"""How many moments to kill at; 200 for a long night."""

THREADS = 3
SECONDS = 60

LOGGING = """
import os, sys, threading
from collectors import start_recording

recording = start_recording([], journal=sys.argv[1])
run = recording.tracker().execution("stillepost", safety_level="kids")
stage = run.stage(2)

def work(worker):
    for number in range(1, 100_000):
        stage.item("interception_iteration", content=[worker, number], metadata={"seed": number, "text": "x" * 300})
        os.write(1, f"{worker} {number}\\n".encode())

for worker in range(int(sys.argv[2])):
    threading.Thread(target=work, args=(worker,)).start()
"""


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_every_item_whose_call_had_returned_survives_a_kill(ram, seed):
    acknowledged = random.Random(seed).randrange(1, 1500)
    child = start_python(LOGGING, ram, THREADS)
    told = [child.stdout.readline() for _ in range(acknowledged)]
    os.kill(child.pid, signal.SIGKILL)
    told += child.stdout.readlines()
    child.wait()

    sink = RememberingSink()
    report = recover([sink], directory=ram)
    [record] = sink.records
    assert (record.status, record.finish_reason) == (Status.INTERRUPTED, FinishReason.RECOVERED)
    assert (report.recovered, report.failed) == ((record.execution_id,), 0)
    assert [item.sequence_number for item in record.items] == sorted({item.sequence_number for item in record.items})

    logged = [tuple(item.content) for item in items_of(record, "interception_iteration")]
    for worker in range(THREADS):
        returned = [int(line.split()[1]) for line in told if line.endswith(b"\n") and int(line.split()[0]) == worker]
        kept = [number for of, number in logged if of == worker]
        assert kept == list(range(1, len(kept) + 1))
        assert len(kept) >= len(returned)

    assert recover([sink], directory=ram).recovered == ()
    assert len(sink.records) == 1


def test_a_run_that_was_over_keeps_its_status_when_it_is_recovered(ram):
    run_python(
        """
import os, sys
from collectors import start_recording
from collectors.testing import WaitingSink

recording = start_recording([WaitingSink()], journal=sys.argv[1])
with recording.tracker().execution("dada") as run, run.output(1) as output, output.stage(4) as stage:
    stage.item("output_image", media=b"png bytes")
recording._recorder.settle()
os._exit(0)
""",
        ram,
    )
    sink = RememberingSink()
    recover([sink], directory=ram)
    [record] = sink.records
    assert (record.status, record.finish_reason) == (Status.COMPLETED, FinishReason.RECOVERED)
    [image] = items_of(record, "output_image")
    assert record.attachments == {image.media.sha256: b"png bytes"}
    assert image.file_path.startswith("media/exec_")


def test_media_of_a_run_that_was_written_and_went_on_are_in_its_recovered_revision(ram):
    run_python(
        """
import os, sys
from collectors import start_recording
from collectors.testing import RememberingSink

recording = start_recording([RememberingSink()], journal=sys.argv[1])
with recording.tracker().execution("dada") as run, run.output(1) as output:
    stage = output.stage(4)
    stage.item("output_image", media=b"png bytes")
recording._open_runs.take_overdue(grace=0, max_age=100)
recording.flush(timeout=60)
stage.item("user_edit", content="late")
recording._recorder.settle()
os._exit(0)
""",
        ram,
    )
    sink = RememberingSink()
    recover([sink], directory=ram)
    [record] = sink.records
    assert (record.revision, record.dropped) == (2, 0)
    [image] = items_of(record, "output_image")
    assert record.attachments == {image.media.sha256: b"png bytes"}
    assert len(items_of(record, "user_edit")) == 1


def test_what_a_sink_has_already_is_not_written_again(ram):
    with start_recording([RememberingSink()], journal=False) as recording:
        with recording.tracker().execution("dada"):
            pass
        recording.flush(timeout=60)
    run_python(LOGGING_ONE, ram)
    sink = RememberingSink()
    sink.contains = lambda trace_id, revision: True  # type: ignore[method-assign]
    assert recover([sink], directory=ram).already_durable == 1
    assert sink.records == []


def test_what_cannot_be_written_stays_for_the_next_time(ram):
    run_python(LOGGING_ONE, ram)

    class Refusing(RememberingSink):
        def write(self, record):
            raise OSError("disk full")

    assert recover([Refusing()], directory=ram).failed == 1
    sink = RememberingSink()
    assert len(recover([sink], directory=ram).recovered) == 1
    assert sink.records[0].status == Status.INTERRUPTED


def test_a_start_that_closes_at_once_recovers_first(ram):
    """A program that is over in a moment finds what died before it, and writes it before its sinks are closed."""
    for _ in range(5):
        run_python(LOGGING_ONE, ram)

    class Closing(RememberingSink):
        def write(self, record):
            assert not self.closed
            super().write(record)

    sink = Closing()
    recording = start_recording([sink], journal=ram)
    assert recording.close(timeout=60)
    assert len(sink.records) == 5 and sink.closed
    assert (recording.health()["recovered"], recording.recovery.failed) == (5, 0)


def test_what_a_start_has_no_time_to_recover_is_left_to_the_next(ram):
    """The sink hangs in the first of them; nothing is written once the recording is closed."""
    for _ in range(3):
        run_python(LOGGING_ONE, ram)
    hanging = WaitingSink()
    recording = start_recording([hanging], journal=ram)
    assert hanging.entered.wait(SECONDS)
    recording.close(timeout=0.1)
    hanging.release()
    recording._recovery.end(SECONDS)
    assert len(hanging.records) == 1

    sink = RememberingSink()
    recover([sink], directory=ram)
    assert len(sink.records) == 2


@pytest.mark.parametrize("journal", [False, True])
def test_a_start_recovers_records_that_wait_in_files_with_and_without_a_journal(ram, tmp_path, journal):
    hanging = WaitingSink()
    recording = start_recording([hanging], journal=False, spill=tmp_path / "files")
    with recording.tracker().execution("waits"):
        pass
    assert hanging.entered.wait(SECONDS)
    recording.close(timeout=0.1)

    sink = RememberingSink()
    start_recording([sink], journal=ram if journal else False, spill=tmp_path / "files").close()
    assert [record.config_name for record in sink.records] == ["waits"]
    hanging.release()


LOGGING_ONE = """
import os, sys
from collectors import start_recording

recording = start_recording([], journal=sys.argv[1])
run = recording.tracker().execution("dada")
run.item("user_input_text", content="a")
os._exit(0)
"""


def test_an_interpreter_that_ends_in_the_middle_of_a_run_leaves_a_record():
    told = run_python(
        """
from collectors import start_recording
from collectors.testing import RememberingSink

class Telling(RememberingSink):
    def write(self, record):
        print(record.status, record.finish_reason, [item.content for item in record.items][1:], flush=True)

def tracker():
    return start_recording([Telling()], journal=False).tracker()

kept = tracker()
run = kept.execution("dada")
run.item("user_input_text", content="a")
"""
    )
    assert told == "interrupted closed ['a']\n"


@pytest.mark.skipif(sys.platform != "linux", reason="fork")
def test_a_forked_child_is_inert_and_the_parents_run_intact(recording, sink):
    tracker = recording.tracker()
    with tracker.execution("dada") as run, run.stage(1) as stage:
        stage.item("user_input_text", content="before")
        child = os.fork()
        if child == 0:
            os._exit(_use_everything(recording, tracker, stage))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stage.item("user_input_text", content="after")
    record = finished(recording, sink)
    assert [item.content for item in items_of(record, "user_input_text")] == ["before", "after"]
    assert (record.dropped, record.revision) == (0, 1)


def _use_everything(recording, tracker, stage):
    """In the child: 0 where every inherited handle is a counted no-op."""
    try:
        stage.item("user_input_text", content="in the child")
        with tracker.execution("in the child") as run:
            run.item("user_input_text")
        stage.end()
        harmless = recording.flush(timeout=1) and recording.close(timeout=1)
        return 0 if harmless and recording.health()["guarded_errors"]["after fork"] >= 2 else 1
    except BaseException:
        return 2


def test_a_recording_started_in_a_forked_child_works():
    told = run_python(
        """
import os
from collectors import start_recording
from collectors.testing import RememberingSink

inherited = start_recording([], journal=False)
child = os.fork()
if child == 0:
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording, recording.tracker().execution("dada"):
        pass
    print(sink.records[0].status, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    )
    assert told == "completed\n"


CHILDREN = """
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from collectors import start_recording
from collectors.testing import RememberingSink

class Telling(RememberingSink):
    def write(self, record):
        with open(os.environ["TOLD"], "a") as told:
            told.write(f"{record.config_name} {record.status}\\n")

def work(name="child"):
    recording = start_recording([Telling()], journal=False)
    tracker = recording.tracker()
    with tracker.execution(name) as run:
        run.item("user_input_text", content="a")
    open_run = tracker.execution(f"{name} open")
    kept.append((recording, open_run))

def log_after_the_main_thread():
    import threading
    recording = start_recording([Telling()], journal=False)
    tracker = recording.tracker()
    is_last = threading.Event()
    def later():
        threading.main_thread().join()
        with tracker.execution("later"):
            pass
    threading.Thread(target=later).start()
    kept.append(recording)

kept = []
if __name__ == "__mp_main__" and sys.argv[1] == "import":
    work("import")

if __name__ == "__main__":
    act, method = sys.argv[1:]
    context = multiprocessing.get_context(method if method != "os.fork" else None)
    inherited = start_recording([Telling()], journal=False)
    if act == "import":
        child = context.Process(target=print)
        child.start()
        child.join()
    elif act == "process":
        child = context.Process(target=work)
        child.start()
        child.join()
    elif act == "thread":
        child = context.Process(target=log_after_the_main_thread)
        child.start()
        child.join()
    elif act == "pool":
        pool = context.Pool(1)
        pool.apply(work)
        pool.close()
        pool.join()
    elif act == "executor":
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            pool.submit(work).result()
    elif os.fork():
        assert os.wait()[1] == 0
    else:
        work()
        sys.exit()
"""

METHODS = ("fork", "forkserver", "spawn")
ENDS = [(act, method) for act in ("process", "pool", "executor", "thread") for method in METHODS]
ENDS += [("import", "forkserver"), ("import", "spawn"), ("exit", "os.fork")]


@pytest.mark.parametrize(("act", "method"), ENDS)
def test_a_child_that_ends_in_order_writes_what_it_recorded(tmp_path, act, method):
    """However it was made, without a journal; also what is logged after the main thread, or while importing."""
    program = tmp_path / "program.py"
    program.write_text(CHILDREN)
    told = tmp_path / "told"
    told.touch()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOLD": str(told)}
    child = subprocess.run([sys.executable, program, act, method], env=environment, timeout=120)
    assert child.returncode == 0
    name = "import" if act == "import" else "child"
    expected = ["later completed"] if act == "thread" else [f"{name} completed", f"{name} open interrupted"]
    assert sorted(told.read_text().splitlines()) == expected
