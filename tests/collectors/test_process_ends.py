"""The process dies, forks or just ends: every item whose call had returned is in a record, once."""

import os
import random
import signal
import sys

import pytest
from builders import finished, items_of
from children import run_python, start_python

from collectors import recover, start_recording
from collectors.testing import RememberingSink
from otel_tracking import FinishReason, Status

MOMENTS = int(os.environ.get("OTEL_TRACKING_TEST_KILLS", "20"))
"""How many moments to kill at; 200 for a long night."""

THREADS = 3

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
recording.flush(timeout=20)
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
        recording.flush(timeout=20)
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
