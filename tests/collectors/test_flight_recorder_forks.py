"""A forked child never touches its parent's journals and never waits for a lock nobody will release."""

import os
import signal
import threading
import traceback
from pathlib import Path

import pytest
from flight_recorder_stage import ram_directory, recover, run_child

from collectors.flight_recorder import FlightRecorder


@pytest.fixture
def ram():
    with ram_directory() as directory:
        yield directory


INHERITED = """
import gc, os, signal, sys, threading
from pathlib import Path
from collectors.flight_recorder import FlightRecorder

recorder = FlightRecorder(sys.argv[1])
run = recorder.begin(1)
assert run.append(b"parent's")
if os.fork() == 0:
    signal.alarm(60)
    assert sys.argv[1] not in Path("/proc/self/maps").read_text()
    assert run.append(b"child's") is False
    run.append_later(b"child's")
    assert recorder.begin(2).append(b"child's") is False
    run.free()
    recorder.settle()
    recorder.close()
    health = recorder.health()
    assert health["mode"] == "memory only" and "fork" in health["reason"], health
    assert sum(health["counters"].values()) == 3, health

    # What the child puts where the parent's maps were must not be unmapped with the inherited objects.
    mine = [bytearray(300_000) for _ in range(100)]
    del recorder, run
    gc.collect()
    assert sum(map(sum, mine)) == 0

    own = FlightRecorder(sys.argv[1])
    assert own.begin(3).append(b"the child's own")
    os.kill(os.getpid(), signal.SIGKILL)
assert os.wait()[1] == signal.SIGKILL
assert run.append(b"parent's again")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_child_s_inherited_journals_are_counted_no_ops_and_it_may_have_its_own(ram):
    """Parent and child each find their own entries after both died."""
    run_child(INHERITED, ram)
    assert {number: run.entries for number, run in recover(ram).items()} == {
        1: [b"parent's", b"parent's again"],
        3: [b"the child's own"],
    }


def in_a_child(act):
    """Run `act` in a forked child that a clock kills should it wait for ever; True when it came to its end."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            act()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def test_a_fork_while_other_threads_hold_locks_leaves_no_lock_behind(ram):
    """A child of a busy process does not wait for a thread that was not copied."""
    recorder = FlightRecorder(ram)
    run = recorder.begin(1)
    is_held, may_go = threading.Event(), threading.Event()

    def hold_both_locks():
        with run._lock, recorder.counts._lock:
            is_held.set()
            may_go.wait()

    thread = threading.Thread(target=hold_both_locks)
    thread.start()
    is_held.wait()

    def act():
        assert run.append(b"child's") is False
        run.free()
        assert recorder.health()["counters"] == {"entries_refused (inherited)": 1}
        recorder.close()

    assert in_a_child(act)
    may_go.set()
    thread.join()
    recorder.close()
    assert recover(ram)[1].entries == []


def test_a_fork_in_the_middle_of_an_append_does_not_reach_the_parent_s_map(ram):
    """A signal handler that forks while an entry is being copied: only the parent goes on with it."""
    from test_flight_recorder_journal import during_append, lines_of_append

    for at_line in range(1, lines_of_append() + 1):
        recorder = FlightRecorder(ram, segment_bytes=4096, spare_segments=1)
        run = recorder.begin(1)
        children = []
        during_append(run, b"entry", at_line=at_line, act=lambda children=children: children.append(os.fork()))
        if children == [0]:
            run.append(b"child's")
            os._exit(0)
        assert os.waitpid(children[0], 0)[1] == 0
        recorder.settle()
        recorder.close()
        assert recover(ram)[1].entries == [b"entry"]


def test_a_dropped_recorder_is_not_kept_alive_for_forks(ram):
    """The fork hook holds recorders weakly: a child of a process without any has nothing to do."""
    import gc
    import weakref

    recorder = FlightRecorder(ram)
    dropped = weakref.ref(recorder)
    recorder.close()
    del recorder
    gc.collect()
    assert dropped() is None
    assert in_a_child(lambda: None)


def test_descriptors_are_few_and_not_inherited_by_programs(ram):
    """Hundreds of segments cost a handful of descriptors, since Python keeps one for each map.

    Counted where no thread of another test closes one meanwhile.
    """
    assert in_a_child(lambda: _count_descriptors(ram))


def _count_descriptors(ram):
    before = len(list(Path("/proc/self/fd").iterdir()))
    recorder = FlightRecorder(ram, segment_bytes=4096, spare_segments=16)
    runs = [recorder.begin(number) for number in range(1000)]
    for run in runs:
        run.append(b"x")
    recorder.settle()
    ours = [int(fd.name) for fd in Path("/proc/self/fd").iterdir() if str(ram) in str(fd.resolve())]
    assert 1 < len(ours) < 40
    assert not any(os.get_inheritable(descriptor) for descriptor in ours)
    for run in runs:
        run.free()
    recorder.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
