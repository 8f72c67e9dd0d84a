"""The pipeline's thread touches memory only, and never waits for a thread that does more."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from children import ROOT, run_python

RUN = """
import threading
from collectors import start_recording
from exporters import ParquetSink
from otel_tracking import ItemType

NODE = {"class_type": "KSampler", "inputs": {"seed": 2**63, "text": "meadow " * 20}}
GRAPH = {str(node): {**NODE, "number": node} for node in range(100)}


def whole_run(tracker):
    with tracker.execution("stillepost", safety_level="kids", user_id="u1") as run:
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content="Eine Blume auf der Wiese")
        with run.stage(2) as stage:
            for number in range(1, 9):
                with stage.iteration(number) as hop, hop.backend_call("ollama", model="m", configured=GRAPH) as call:
                    call.passed({"seed": number})
                    call.response({"text": "x" * 1000})
                    hop.item(ItemType.INTERCEPTION_ITERATION, content="x" * 1000, metadata={"graph": GRAPH})
        with run.output(1) as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, media=b"png" * 300_000, metadata={"object": object(), "set": {1, 2}})
        run.amend(used_seed=7)
"""

AUDITED = (
    RUN
    + """
import json, sys
seen, watched = [], [None]

def hook(event, arguments):
    if threading.get_ident() == watched[0]:
        seen.append(event)

recording = start_recording([ParquetSink(sys.argv[1])], journal=sys.argv[2], assembly=sys.argv[3])
tracker = recording.tracker()
sys.addaudithook(hook)
for _ in range(30):
    watched[0] = threading.get_ident()
    whole_run(tracker)
    watched[0] = None
in_runs = sorted(set(seen))
watched[0] = threading.get_ident()
open("/dev/null").close()
watched[0] = None
assert "open" in seen, "this test sees nothing"
assert recording.close(60) and recording.health()["records"] == 30
print(json.dumps(in_runs))
"""
)

# `id` is told of to auditors as well, and asks nobody anything.
HARMLESS = {"builtins.id", "object.__getattr__", "object.__setattr__", "pickle.find_class", "sys._getframe"}


@pytest.mark.parametrize("assembly", ["thread", "process"])
def test_the_pipelines_thread_opens_connects_and_starts_nothing(assembly, tmp_path, ram):
    """From the first run on, also where runs follow one another faster than they become durable."""
    seen = json.loads(run_python(AUDITED, tmp_path / "data", ram, assembly))
    assert set(seen) - HARMLESS == set()


TRACED = (
    RUN
    + """
import os, sys
recording = start_recording([ParquetSink(sys.argv[1])], journal=sys.argv[2], assembly=sys.argv[3])
tracker = recording.tracker()
for _ in range(10):
    os.access("/run-begins", os.F_OK)
    whole_run(tracker)
    os.access("/run-ends", os.F_OK)
assert recording.close(60)
"""
)

MEMORY_ONLY = {
    *("futex", "getrandom", "clock_gettime", "sched_yield", "gettid"),
    *("brk", "madvise", "mmap", "munmap", "mremap", "mprotect"),
}


@pytest.mark.parametrize("assembly", ["thread", "process"])
def test_the_pipelines_thread_asks_the_kernel_for_memory_and_turns_only(assembly, tmp_path, ram):
    """As strace sees it: between the marks around a run there are no files, no sockets, no sleep."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    log = tmp_path / "strace.log"
    command = ["strace", "-f", "-o", log, sys.executable, "-c", TRACED, tmp_path / "data", ram, assembly]
    told = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    if "ptrace" in told.stderr and not log.exists():
        pytest.skip(f"strace may not trace here: {told.stderr.strip()}")
    assert told.returncode == 0, told.stderr
    calls = calls_in_runs(log.read_text().splitlines())
    assert [call for call in calls if name_of(call) not in MEMORY_ONLY] == []
    assert [call for call in calls if name_of(call) == "mmap" and "MAP_ANONYMOUS" not in call] == []


def calls_in_runs(lines):
    """System calls of the main thread between the marks."""
    main, inside, calls = lines[0].split()[0], False, []
    for line in lines:
        thread, _, call = line.partition(" ")
        if thread != main:
            continue
        if "/run-begins" in call or "/run-ends" in call:
            inside = "/run-begins" in call
        elif inside and re.match(r"\s*\w+\(", call):
            calls.append(call.strip())
    assert not inside
    return calls


def name_of(call):
    return call.partition("(")[0]


LOCKS = (
    """
import sys, threading, _thread

held = threading.local()
acquired_by = {}          # lock -> idents of the threads that ever had it
held_while_slow = {}      # lock -> what a thread did while it had it


class Traced:
    def __init__(self, make):
        self.inner = make()

    def acquire(self, *arguments, **more):
        got = self.inner.acquire(*arguments, **more)
        if got:
            acquired_by.setdefault(self, set()).add(_thread.get_ident())
            held.__dict__.setdefault("locks", []).append(self)
        return got

    def release(self):
        if self in held.__dict__.get("locks", ()):
            held.locks.remove(self)
        self.inner.release()

    __enter__ = acquire

    def __exit__(self, *_):
        self.release()

    def locked(self):
        return self.inner.locked()

    def _at_fork_reinit(self):
        self.inner._at_fork_reinit()


class TracedRLock(Traced):
    def _release_save(self):
        held.locks[:] = [lock for lock in held.locks if lock is not self]
        return self.inner._release_save()

    def _acquire_restore(self, state):
        self.inner._acquire_restore(state)
        held.locks.append(self)

    def _is_owned(self):
        return self.inner._is_owned()


real_lock, real_rlock = threading.Lock, threading.RLock
threading.Lock, threading.RLock = lambda: Traced(real_lock), lambda: TracedRLock(real_rlock)


def slow(what):
    for lock in held.__dict__.get("locks", ()):
        held_while_slow.setdefault(lock, []).append((what, _thread.get_ident()))


def hook(event, arguments):
    if event.startswith(("open", "os.", "mmap.", "socket.", "fcntl.", "shutil.", "subprocess.")):
        slow(event)


sys.addaudithook(hook)
"""
    + RUN
    + """
class TellingSink(ParquetSink):
    def write_all(self, records):
        slow("sink.write")
        super().write_all(records)

import json
from opentelemetry.sdk.trace import SpanProcessor

class TellingProcessor(SpanProcessor):
    def on_end(self, span):
        slow("processor.on_end")

control = threading.Lock()
with control:
    open("/dev/null").close()
assert held_while_slow.pop(control), "this test sees nothing"

options = {"journal": sys.argv[2], "max_pending": 2, "spill": sys.argv[1] + "-files"}
recording = start_recording([TellingSink(sys.argv[1])], **options)
recording.provider.add_span_processor(TellingProcessor())
tracker = recording.tracker()
pipeline_thread = _thread.get_ident()
acquired_by.clear()
for _ in range(50):
    whole_run(tracker)
taken = {lock for lock, threads in acquired_by.items() if pipeline_thread in threads}
assert recording.flush(60)
slow_ones = {what for lock in taken for what, thread in held_while_slow.get(lock, ()) if thread != pipeline_thread}
print(json.dumps({"taken": len(taken), "held while slow": sorted(slow_ones)}))
recording.close(60)
"""
)


def test_no_lock_that_the_pipelines_thread_takes_is_ever_held_during_anything_slow(tmp_path, ram):
    """Files, sockets, sinks and viewers have their locks, and these are not the pipeline's."""
    told = json.loads(run_python(LOCKS, tmp_path / "data", ram))
    assert told["taken"] > 0
    assert told["held while slow"] == []
