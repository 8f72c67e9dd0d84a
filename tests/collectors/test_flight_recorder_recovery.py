"""Every run of a dead process is handed out exactly once, and nothing that cannot be read is guessed."""

import os
import shutil
import signal
import struct
import threading
from pathlib import Path
from zlib import crc32

import pytest
from flight_recorder_stage import ram_directory, recover, run_child, start_child
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.flight_recorder import FlightRecorder, find_dead
from collectors.flight_recorder.layout import FILE_HEADER, FORMAT_VERSION, SEGMENT_HEADER


@pytest.fixture
def ram():
    with ram_directory() as directory:
        yield directory


ENTRIES = {1: [b"a%d" % n * 400 for n in range(9)], 2: [b"b"], 3: [b"c%d" % n * 900 for n in range(6)]}


def leave_runs(directory, entries_by_trace_id=ENTRIES):
    """Leave unfinished runs behind, in small segments."""
    recorder = FlightRecorder(directory, segment_bytes=4096, spare_segments=16)
    runs = {trace_id: recorder.begin(trace_id) for trace_id in entries_by_trace_id}
    for trace_id, entries in entries_by_trace_id.items():
        for entry in entries:
            assert runs[trace_id].append(entry)
    recorder.close()


def the_file(directory):
    (path,) = Path(directory).glob("default/*/*.journal")
    return path


def entries_of(recovered):
    return {trace_id: run.entries for trace_id, run in recovered.items()}


def test_what_was_done_is_not_handed_out_again_and_the_rest_is(ram):
    """A recovery that was released halfway is finished by the next."""
    leave_runs(ram)
    (dead,) = find_dead(ram)
    claimed = dead.claim()
    assert [run.trace_id for run in claimed.runs()] == [1, 2, 3]
    claimed.done(2)
    assert [run.trace_id for run in claimed.runs()] == [1, 3]
    claimed.release()
    claimed.release()

    assert entries_of(recover(ram)) == {1: ENTRIES[1], 3: ENTRIES[3]}
    assert list(ram.iterdir()) == []


def test_of_many_claimers_one_gets_the_journals(ram):
    """The claim is one rename: sixteen threads try, one succeeds."""
    leave_runs(ram)
    (dead,) = find_dead(ram)
    start = threading.Barrier(16)
    claims = []

    def claim():
        start.wait()
        claims.append(dead.claim())

    threads = [threading.Thread(target=claim) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (claimed,) = [claim for claim in claims if claim]
    assert find_dead(ram) == []
    assert [run.entries for run in claimed.runs()] == list(ENTRIES.values())
    claimed.release()


RECOVERING = """
import os, shutil, sys
from collectors.flight_recorder import find_dead
from flight_recorder_stage import die_at_line

def act(tell):
    for dead in find_dead(here):
        claimed = dead.claim()
        for run in claimed.runs():
            tell(f"got:{run.trace_id}")
            claimed.done(run.trace_id)
            tell(f"done:{run.trace_id}")
        claimed.release()
        tell("released")

number, is_over = 1, False
while not is_over:
    here = f"{sys.argv[1]}-{number}"
    shutil.copytree(sys.argv[1], here)
    told, is_over = die_at_line(number, act)
    print(here, *told, flush=True)
    number += 2
"""


def test_recovery_killed_at_any_line_loses_nothing_and_repeats_nothing_done(ram):
    """At every second line of our code the recovering process dies; the next completes its work, no more, no less."""
    leave_runs(ram / "left")
    deaths = [line.split() for line in run_child(RECOVERING, ram / "left").splitlines()]
    assert len(deaths) > 100
    for directory, *told in deaths:
        done = {int(word[5:]) for word in told if word.startswith("done:")}
        begun = {int(word[4:]) for word in told if word.startswith("got:")}
        recovered = recover(directory)
        assert done.isdisjoint(recovered)
        # What was handed out and not yet `done` may have come to its end in the last moment.
        assert set(ENTRIES) - begun <= set(recovered)
        assert entries_of(recovered) == {trace_id: ENTRIES[trace_id] for trace_id in recovered}
        assert not any(run.truncated for run in recovered.values())
        assert find_dead(directory) == []
        assert list((Path(directory) / "default").glob("*-*")) == []
    assert deaths[-1][-1] == "released"


def test_one_trace_begun_twice_is_one_run(ram):
    """Late spans open a second journal for the same trace; both are handed out together and done together."""
    recorder = FlightRecorder(ram)
    first, second = recorder.begin(7), recorder.begin(7)
    second.append(b"3")
    first.append(b"1")
    first.append(b"2")
    recorder.close()

    assert entries_of(recover(ram)) == {7: [b"1", b"2", b"3"]}
    assert find_dead(ram) == []


def damage(path, position, bits=0xFF):
    with path.open("r+b") as file:
        file.seek(position)
        (before,) = file.read(1)
        file.seek(position)
        file.write(bytes([before ^ bits]))


def test_of_a_damaged_run_the_readable_beginning_is_handed_out(ram):
    """Entries before the damage are kept, and `truncated` says that there was more."""
    leave_runs(ram, {7: [b"first", b"second", b"third"]})
    data = the_file(ram).read_bytes()
    damage(the_file(ram), data.index(b"second"))

    run = recover(ram)[7]
    assert (run.entries, run.truncated) == ([b"first"], True)


@pytest.mark.parametrize("position", [0, 8, 12, 16])
def test_a_file_of_another_version_is_set_aside(ram, position, caplog):
    """What this version did not write is moved away whole, with a message, and never read."""
    leave_runs(ram)
    damage(the_file(ram), position)
    before = the_file(ram).read_bytes()

    (dead,) = find_dead(ram)
    claimed = dead.claim()
    assert list(claimed.runs()) == []
    assert claimed.set_aside == 1
    claimed.release()

    assert "cannot be read" in caplog.text
    (kept,) = (ram / "default" / "set-aside").iterdir()
    assert kept.read_bytes() == before
    assert find_dead(ram) == []


def test_a_file_that_says_it_has_huge_segments_is_set_aside(ram):
    """What is read at once is bounded: this one asks for four gigabytes."""
    leave_runs(ram)
    fields = struct.pack("<II", FORMAT_VERSION, 2**32 - 1)
    with the_file(ram).open("r+b") as file:
        file.seek(8)
        file.write(fields + struct.pack("<I", crc32(fields)))

    assert recover(ram) == {}
    assert len(list((ram / "default" / "set-aside").iterdir())) == 1


@pytest.mark.parametrize("position", [0, 4, 8, 20, 32, 40, 47])
def test_a_segment_of_another_version_is_set_aside_and_the_others_are_read(ram, position, caplog):
    """One unreadable segment costs its own run; the others come, marked as perhaps incomplete."""
    leave_runs(ram, {1: [b"one"], 2: [b"two"]})
    damage(the_file(ram), FILE_HEADER + position)

    recovered = recover(ram)
    assert {number: (run.entries, run.truncated) for number, run in recovered.items()} == {2: ([b"two"], True)}
    (kept,) = (ram / "default" / "set-aside").iterdir()
    assert b"one" in kept.read_bytes() and kept.stat().st_mode & 0o077 == 0
    assert "cannot be read" in caplog.text


def test_a_missing_segment_ends_the_readable_beginning(ram):
    """Without the second of its segments a run ends with the first."""
    leave_runs(ram, {7: [b"%d" % n * 3000 for n in range(4)]})
    with the_file(ram).open("r+b") as file:
        file.seek(FILE_HEADER + 4096)
        file.write(bytes(SEGMENT_HEADER))

    run = recover(ram)[7]
    assert (run.entries, run.truncated) == ([b"0" * 3000], True)


@pytest.fixture(scope="module")
def template():
    with ram_directory() as directory:
        leave_runs(directory)
        yield directory


USED = FILE_HEADER + 8 * 4096


@settings(max_examples=150, deadline=None)
@given(
    position=st.integers(0, USED) | st.integers(0, 200) | st.integers(FILE_HEADER, FILE_HEADER + 200),
    bits=st.integers(1, 255),
)
def test_no_damaged_byte_ever_alters_an_entry(template, position, bits):
    """Whichever byte is damaged: each run is handed out as it was, or as its beginning and told so, or set aside."""
    with ram_directory() as ram:
        shutil.copytree(template, ram / "copy")
        damage(the_file(ram / "copy"), position, bits)
        recovered = recover(ram / "copy")
        is_set_aside = (ram / "copy/default/set-aside").exists()

    for trace_id, entries in ENTRIES.items():
        if trace_id not in recovered:
            assert is_set_aside
            continue
        run = recovered[trace_id]
        assert run.entries == entries[: len(run.entries)]
        assert run.truncated or run.entries == entries


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(min_size=1, max_size=300), position=st.integers(0, USED))
def test_noise_in_a_journal_is_never_an_error(template, noise, position):
    """Whatever lies in the file, recovery comes to its end and hands out nothing that was not appended."""
    with ram_directory() as ram:
        shutil.copytree(template, ram / "copy")
        with the_file(ram / "copy").open("r+b") as file:
            file.seek(position)
            file.write(noise)
        for trace_id, run in recover(ram / "copy").items():
            assert set(run.entries) <= set(ENTRIES[trace_id])


LIVING = """
import os, sys, threading
from collectors.flight_recorder import FlightRecorder
recorder = FlightRecorder(sys.argv[1])
recorder.begin(7).append(b"entry")
print(os.getpid(), flush=True)
threading.Event().wait()
"""


def killed(child):
    os.kill(child.pid, signal.SIGKILL)
    child.wait()


def test_a_reused_pid_is_not_mistaken_for_the_owner(ram):
    """A living process with the owner's pid and another start time, or of another boot, is somebody else."""
    child = start_child(LIVING, ram)
    child.stdout.readline()
    (directory,) = (ram / "default").iterdir()
    pid, started, namespace, boot, token = directory.name.split("-")
    assert find_dead(ram) == []

    for name in (
        f"{pid}-{int(started) - 1}-{namespace}-{boot}-{token}",
        f"{pid}-{started}-{namespace}-another-{token}",
    ):
        directory = directory.rename(directory.with_name(name))
        assert [dead.directory for dead in find_dead(ram)] == [directory]
    killed(child)


def test_a_killed_process_is_dead_before_its_parent_has_asked(ram):
    """A zombie writes no more."""
    child = start_child(LIVING, ram)
    child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert entries_of(recover(ram)) == {7: [b"entry"]}
    child.wait()


def test_a_process_in_another_container_is_not_mistaken_for_dead(ram):
    """Pids of another pid namespace say nothing here; the record lock tells the living from the dead."""
    child = start_child(LIVING, ram, wrapper=("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"))
    if not child.stdout.readline():
        pytest.skip("a pid namespace is not permitted here")
    assert find_dead(ram) == []

    (inner,) = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    os.kill(int(inner), signal.SIGKILL)
    child.wait()
    assert entries_of(recover(ram)) == {7: [b"entry"]}


def test_a_claim_of_a_dead_claimer_can_be_claimed_again(ram):
    """Nobody holds journals for ever: not the process that made them, not one that came to recover them."""
    leave_runs(ram)
    program = """
import os, sys
from collectors.flight_recorder import find_dead
for dead in find_dead(sys.argv[1]):
    claimed = dead.claim()
    claimed.done(3)
    os.kill(os.getpid(), 9)
"""
    run_child(program, ram)
    run_child(program, ram)
    assert entries_of(recover(ram)) == {1: ENTRIES[1], 2: ENTRIES[2]}


def test_namespaces_do_not_see_each_other(ram):
    """A test server's journals are not recovered by the real one."""
    recorder = FlightRecorder(ram, namespace="one")
    recorder.begin(7).append(b"entry")
    recorder.close()

    assert find_dead(ram) == [] == find_dead(ram, namespace="two")
    assert entries_of(recover(ram, namespace="one")) == {7: [b"entry"]}


def test_where_there_is_nothing_nothing_is_found(ram):
    """No directory, a strange name, strange things in it: an empty list, never an error."""
    assert find_dead(ram / "nowhere") == []
    assert find_dead(ram, namespace="../elsewhere") == []
    (ram / "default").mkdir()
    (ram / "default" / "a-b-c-d-e").touch()
    (ram / "default" / "1-2-3").mkdir()
    assert find_dead(ram) == []
