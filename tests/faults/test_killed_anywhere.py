"""Real runs into real Parquet, killed at any moment; the recovery killed at any line: each returned item is kept once.

`OTEL_TRACKING_TEST_KILLS` says at how many moments (5; 200 for a long look), where records are made on a thread and
where they are made in a process of their own.
"""

import os
import random
import signal
from collections import Counter, defaultdict

import pytest
from children import start_python

from collectors import recover
from exporters import ParquetSink, read_records

MOMENTS = int(os.environ.get("OTEL_TRACKING_TEST_KILLS", "5"))

RUNS = """
import os, sys, threading
from collectors import start_recording
from exporters import ParquetSink

recording = start_recording([ParquetSink(sys.argv[1])], journal=sys.argv[2], assembly=sys.argv[3])
tracker = recording.tracker()

def work(worker):
    while True:
        with tracker.execution("stillepost", safety_level="kids") as run, run.stage(2) as stage:
            for number in range(1, 9):
                with stage.iteration(number) as iteration:
                    with iteration.backend_call("engine", model="en-es", configured={"text": "x" * 50}) as call:
                        call.passed({"text": "x" * 50})
                    iteration.item("interception_iteration", content=number, metadata={"worker": worker})
                    os.write(1, f"{run.trace_id} {number}\\n".encode())

for worker in range(3):
    threading.Thread(target=work, args=(worker,)).start()
"""

RECOVERY = """
import os, signal, sys
from collectors import recover
from exporters import ParquetSink

lines_left = int(sys.argv[3])

def count(frame, event, argument):
    global lines_left
    if "/collectors/" not in frame.f_code.co_filename and "/exporters/" not in frame.f_code.co_filename:
        return None
    if event == "line":
        lines_left -= 1
        if lines_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return count

sink = ParquetSink(sys.argv[1])
sys.settrace(count)
recover([sink], directory=sys.argv[2])
"""


@pytest.mark.parametrize("assembly", ["thread", "process"])
@pytest.mark.parametrize("seed", range(MOMENTS))
def test_each_returned_item_is_in_exactly_one_record_in_order(ram, tmp_path, seed, assembly):
    """However the process and then its recovery die, nothing that was logged is lost, and nothing comes twice."""
    draw = random.Random(seed)
    returned = _run_and_kill(tmp_path, ram, assembly, after=draw.randrange(1, 600))
    for _ in range(3):
        start_python(RECOVERY, tmp_path, ram, draw.randrange(1, 20_000)).wait()
    recover([ParquetSink(tmp_path)], directory=ram)

    records = list(read_records(tmp_path))
    assert Counter(record.trace_id for record in records).most_common(1)[0][1] == 1
    kept = {record.trace_id: _hops(record) for record in records}
    for trace_id, numbers in returned.items():
        assert kept[trace_id] == list(range(1, len(kept[trace_id]) + 1))
        assert len(kept[trace_id]) >= len(numbers)
    for record in records:
        assert record.dropped == 0
        assert record.status in ("completed", "interrupted")


def _run_and_kill(data, ram, assembly, *, after):
    """The hop numbers whose call had returned, by trace id, when the process was killed after that many of them."""
    child = start_python(RUNS, data, ram, assembly)
    told = [child.stdout.readline() for _ in range(after)]
    os.kill(child.pid, signal.SIGKILL)
    told += child.stdout.readlines()
    child.wait()
    returned = defaultdict(list)
    for line in told:
        if line.endswith(b"\n"):
            trace_id, number = line.decode().split()
            returned[trace_id].append(int(number))
    return returned


def _hops(record):
    return [item.content for item in record.items if item.item_type == "interception_iteration"]


CROWD = """
import os, signal, sys
from collectors import start_recording
from exporters import ParquetSink

recording = start_recording([ParquetSink(sys.argv[1])], journal=sys.argv[2])
runs = [recording.tracker().execution("stillepost") for _ in range(1_500)]
for number in range(3):
    for run in runs:
        run.item("user_input_text", content=number)
recording._recorder.settle()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_of_fifteen_hundred_open_runs_each_is_recovered_with_all_its_items(ram, tmp_path):
    """They are written together: a file for a hundred of them, and not one for each."""
    start_python(CROWD, tmp_path, ram).wait()
    recover([ParquetSink(tmp_path)], directory=ram)

    records = list(read_records(tmp_path))
    assert len({record.trace_id for record in records}) == len(records) == 1_500
    texts = {tuple(item.content for item in record.items if item.item_type == "user_input_text") for record in records}
    assert texts == {(0, 1, 2)}
    assert len(list(tmp_path.glob("executions/date=*/*.parquet"))) < 30
