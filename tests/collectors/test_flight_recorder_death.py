"""Whatever a process was doing when it died, what its appends promised is recovered."""

import os
import random
import signal

import pytest
from flight_recorder_stage import ram_directory, recover, run_child, start_child, tiny_ram_disk

from collectors.flight_recorder import find_dead


@pytest.fixture
def ram():
    with ram_directory() as directory:
        yield directory


FOUR_THREADS = """
import os, sys, threading
from collectors.flight_recorder import FlightRecorder

recorder = FlightRecorder(sys.argv[1], segment_bytes=8192, spare_segments=2000)
runs = [recorder.begin(1), recorder.begin(2)]

def write(name):
    for number in range(3000):
        run = runs[number % 2]
        if run.append(b"%d %d " % (name, number) + b"x" * (number * 37 % 9000)):
            os.write(1, b"%d %d\\n" % (name, number))

for name in range(4):
    threading.Thread(target=write, args=(name,)).start()
"""


@pytest.mark.parametrize("seed", range(6))
def test_after_kill_9_every_promised_entry_is_recovered_once_and_in_order(ram, seed):
    """Four threads append to two runs; killed at any moment, no promise of any of them is broken."""
    child = start_child(FOUR_THREADS, ram)
    promised = [child.stdout.readline() for _ in range(random.Random(seed).randrange(1, 1500))]
    os.kill(child.pid, signal.SIGKILL)
    promised += child.stdout.readlines()
    child.wait()

    recovered = recover(ram)
    assert not any(run.truncated for run in recovered.values())
    told = [tuple(map(int, entry.split()[:2])) for run in recovered.values() for entry in run.entries]
    assert len(told) == len(set(told))
    assert {tuple(map(int, line.split())) for line in promised if line} <= set(told)
    for name in range(4):
        for trace_id in (1, 2):
            numbers = [int(e.split()[1]) for e in recovered[trace_id].entries if int(e.split()[0]) == name]
            assert numbers == sorted(numbers)


def test_media_on_their_way_are_either_whole_or_not_there(ram):
    """Killed while large entries are being written, recovery hands out none in part and says how many are missing."""
    program = """
import sys, os, signal
from collectors.flight_recorder import FlightRecorder
recorder = FlightRecorder(sys.argv[1])
run = recorder.begin(7)
print(run.append(b"before"), flush=True)
for number in range(20):
    run.append_later(bytes([number]) * 4_000_000)
print(run.append(b"after"), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_child(program, ram).split() == ["True", "True"]

    dead = recover(ram)[7]
    assert dead.entries[0] == b"before" and dead.entries[-1] == b"after"
    assert dead.entries[1:-1] == [bytes([number]) * 4_000_000 for number in range(len(dead.entries) - 2)]
    assert dead.unfinished == 22 - len(dead.entries)
    assert not dead.truncated


DYING = """
import os, sys
from collectors.flight_recorder import FlightRecorder, find_dead
from flight_recorder_stage import die_at_line

def act(tell):
    recorder = FlightRecorder(sys.argv[1], segment_bytes=4096, spare_segments=2, max_bytes=5 * 4096)
    first = recorder.begin(1)
    for number in range(4):
        if first.append(b"first %d " % number + b"1" * 1900):
            tell(f"1:{number}")
    tell("freeing")
    first.free()
    tell("freed")
    recorder.settle()
    second = recorder.begin(2)
    for number in range(3):
        if second.append(b"second %d " % number + b"2" * 900):
            tell(f"2:{number}")
    recorder.settle()
    tell("settled")

number, step = int(sys.argv[2]), int(sys.argv[3])
is_over = False
while not is_over:
    os.mkdir(f"{sys.argv[1]}-{number}", 0o700)
    sys.argv[1], base = f"{sys.argv[1]}-{number}", sys.argv[1]
    told, is_over = die_at_line(number, act)
    print(sys.argv[1], *told, flush=True)
    sys.argv[1] = base
    number += step
"""


def test_a_death_at_any_line_never_brings_a_freed_run_back_nor_mixes_two(ram):
    """Killed at every third line of our code, in either thread: a freed run is gone, an open one is as promised."""
    deaths = [line.split() for line in run_child(DYING, ram / "death", 1, 3).splitlines()]
    assert len(deaths) > 50
    for directory, *told in deaths:
        recovered = recover(directory)
        assert not any(run.truncated for run in recovered.values())
        for trace_id, run in recovered.items():
            name = {1: b"first", 2: b"second"}[trace_id]
            assert [entry.split()[:2] for entry in run.entries] == [
                [name, b"%d" % number] for number in range(len(run.entries))
            ]
        first = len(recovered[1].entries) if 1 in recovered else 0
        second = len(recovered[2].entries) if 2 in recovered else 0
        assert second >= sum(word.startswith("2:") for word in told)
        if "freed" in told:
            assert 1 not in recovered
        elif "freeing" not in told:
            assert first >= sum(word.startswith("1:") for word in told)
        assert find_dead(directory) == []
    assert any("settled" in told for told in deaths)


FILLS_THE_DISK = """
import os, sys
from collectors.flight_recorder import FlightRecorder
recorder = FlightRecorder(sys.argv[1] + "/journals", segment_bytes=65536, spare_segments=2)
first = recorder.begin(1)
print("promised", sum(first.append(b"x" * 10_000) for _ in range(3)), flush=True)
with open(sys.argv[1] + "/somebody else's", "wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)): pass
    except OSError: pass
second = recorder.begin(2)
print("promised", sum(second.append(b"y" * 10_000) for _ in range(200)), flush=True)
second.append_later(bytes(20_000))
recorder.settle()
print("waiting", recorder.health()["entries_waiting"], recorder.health()["space"], flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_full_ram_disk_means_memory_only_and_no_sigbus():
    """Somebody else fills the disk under mapped journals: the process lives on, and keeps what it had promised."""
    with tiny_ram_disk() as disk:
        told = run_child(FILLS_THE_DISK, disk).splitlines()
        first, second = (int(line.split()[1]) for line in told[:2])
        waiting = int(told[2].split()[1])
        recovered = recover(disk / "journals")

    assert first == 3 and 0 < second < 200
    assert waiting == 201 - second
    assert "No space left" in told[2]
    assert recovered[1].entries == [b"x" * 10_000] * 3
    assert recovered[2].entries == [b"y" * 10_000] * second


def test_half_of_a_small_ram_disk_is_left_to_others():
    """However much is appended, the recorder takes no more than half of what may be a container's 64 MB."""
    program = """
import sys
from collectors.flight_recorder import FlightRecorder
recorder = FlightRecorder(sys.argv[1] + "/journals", segment_bytes=65536)
run = recorder.begin(1)
for _ in range(500):
    run.append(b"x" * 10_000)
recorder.settle()
print(recorder.health()["bytes"])
"""
    with tiny_ram_disk() as disk:
        assert 300_000 < int(run_child(program, disk)) <= 512 * 1024


def test_several_processes_share_a_namespace_and_only_the_dead_are_found(ram):
    """Each process has a directory of its own; a living one's is nobody else's."""
    program = """
import sys, threading
from collectors.flight_recorder import FlightRecorder
recorder = FlightRecorder(sys.argv[1])
recorder.begin(int(sys.argv[2])).append(b"of " + sys.argv[2].encode())
print("ready", flush=True)
threading.Event().wait()
"""
    children = [start_child(program, ram, number) for number in range(3)]
    assert [child.stdout.readline() for child in children] == ["ready\n"] * 3
    assert find_dead(ram) == []
    for child in children[:2]:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()

    assert {number: run.entries for number, run in recover(ram).items()} == {0: [b"of 0"], 1: [b"of 1"]}
    os.kill(children[2].pid, signal.SIGKILL)
    children[2].wait()
    assert list(recover(ram)) == [2]


CROWD = """
import os, signal, sys
from collectors.flight_recorder import FlightRecorder
recorder = FlightRecorder(sys.argv[1], max_bytes=16 * 2**20, spare_segments=16)
runs = [recorder.begin(number) for number in range(600)]
for run in runs:
    run.append(b"%d" % run.trace_id)
runs[599].append_later(bytes(100_000))
runs[0].append(b"x" * 100_000)
recorder.settle()
print(recorder.health()["entries_waiting"], recorder.health()["space"])
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_where_space_grows_short_runs_get_smaller_segments_and_all_are_recovered(ram):
    """600 runs in 16 MB, where there is room for 255 segments of 64 KB; also what is larger than a small one."""
    assert run_child(CROWD, ram).split() == ["0", "None"]

    recovered = recover(ram)
    assert {number: run.entries[0] for number, run in recovered.items()} == {n: b"%d" % n for n in range(600)}
    assert recovered[0].entries[1:] == [b"x" * 100_000]
    assert recovered[599].entries[1:] == [bytes(100_000)]
    assert not any(run.truncated or run.unfinished for run in recovered.values())


def test_a_large_entry_that_needs_the_first_small_segments_is_recovered_whole(ram):
    """How many it needs is counted before they are made; the recorder has 7 large segments and 31 small ones."""
    program = """
import os, signal, sys
from collectors.flight_recorder import FlightRecorder
recorder = FlightRecorder(sys.argv[1], max_bytes=2**20, spare_segments=1)
run = recorder.begin(7)
run.append_later(bytes(range(256)) * 3_000)
recorder.settle()
print(recorder.health()["entries_waiting"], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_child(program, ram).split() == ["0"]
    assert recover(ram)[7].entries == [bytes(range(256)) * 3_000]
