"""No byte of an erased run stays in a journal, whoever died where; what others wrote can still be read."""

import os
import shutil
import time
from contextlib import contextmanager

import pytest
from children import start_python
from places_stage import OTHER, PLANTED, erase, files_with, is_planted, killed_at_every_step, nothing

from collectors import recover
from collectors.recording.erasing import ErasableJournals
from collectors.testing import RememberingSink
from otel_tracking.erasure import Beyond, RunId

LOOKS = int(os.environ.get("OTEL_TRACKING_TEST_LOOKS", "100"))
PATIENCE = 60

RUNS_UNDER_WAY = """
import sys, threading
from collectors import start_recording
from otel_tracking import ItemType
tracker = start_recording(journal=sys.argv[1], recover_dead_runs=False).tracker()
users = [name for name in sys.argv[2].split(",") for _ in range(2)]
for user in users:
    run = tracker.execution("dada", user_id=user)
    run.__enter__()
    stage = run.stage(1)
    stage.__enter__()
    stage.item(ItemType.USER_INPUT_TEXT, content=user)
    stage.item(ItemType.USER_INPUT_TEXT, content=(user + " ") * 4000)
    print(run.trace_id, flush=True)
print("", flush=True)
threading.Event().wait()
"""


@contextmanager
def a_process(ram, *users):
    """A process with two runs of each user under way, and their trace ids; killed at the end of the block."""
    child = start_python(RUNS_UNDER_WAY, ram, ",".join(users))
    lines = iter(child.stdout.readline, b"\n")
    traces = [line.decode().strip() for line in lines]
    by_user = {user: traces[2 * number : 2 * number + 2] for number, user in enumerate(users)}
    try:
        yield child, by_user
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def dead(ram):
    """The journals of a dead process with runs of two users, and the trace ids of each."""
    with a_process(ram, PLANTED, OTHER) as (_, by_user):
        pass
    return ram, by_user


def journals(ram):
    return ErasableJournals(ram, "default")


def recovered(ram):
    sink = RememberingSink()
    recover([sink], directory=ram, namespace="default")
    return {record.trace_id: record for record in sink.records}


def test_the_runs_of_a_dead_process_are_found_and_nothing_is_changed(dead):
    ram, by_user = dead
    before = {path.name: path.stat().st_mtime_ns for path in ram.rglob("*")}
    found = journals(ram).find(is_planted)
    assert {run.trace_id for run in found} == set(by_user[PLANTED])
    assert {path.name: path.stat().st_mtime_ns for path in ram.rglob("*")} == before


def test_no_byte_of_them_stays_and_those_of_others_can_be_read(dead, tmp_path):
    """Also where both lie in one file; and erasing twice is erasing once."""
    ram, by_user = dead
    shutil.copytree(ram, tmp_path / "as it was")
    assert files_with(ram, PLANTED)
    runs, done = erase(journals(ram))
    assert {one.place for one in done} == {"journals"}
    assert sum(one.bytes for one in done) > 2 * 4000 * len(PLANTED)
    assert files_with(ram, PLANTED) == journals(ram).left(runs) == []
    assert list(journals(ram).erase(runs, nothing)) == []
    others, before = recovered(ram), recovered(tmp_path / "as it was")
    assert set(others) == set(by_user[OTHER])
    assert {trace: record.to_dict() for trace, record in others.items()} == {
        trace: before[trace].to_dict() for trace in by_user[OTHER]
    }


def test_killed_at_every_step_and_again(dead, ram, tmp_path):
    original = tmp_path / "original"
    shutil.copytree(ram, original)

    def check(copy):
        assert files_with(copy, PLANTED) == []
        assert set(recovered(copy)) == set(dead[1][OTHER])

    assert killed_at_every_step(original, ram / "copy", journals, check) > 3


def test_what_a_freed_run_left_behind_is_wiped_too(dead):
    """Its owner had zeroed the header and died before the rest; recovery forgets runs in the same way."""
    ram, by_user = dead
    recovered_once = recovered(ram)
    assert set(recovered_once) == {*by_user[PLANTED], *by_user[OTHER]}
    with a_process(ram, PLANTED, OTHER) as (child, _):
        pass
    [owner] = [path for path in (ram / "default").iterdir() if path.name.startswith(f"{child.pid}-")]
    for file in owner.glob("*.journal"):
        content = bytearray(file.read_bytes())
        at = content.find(b"SEGMENT\x01")
        while at >= 0:
            content[at : at + 8] = bytes(8)
            at = content.find(b"SEGMENT\x01")
        file.write_bytes(content)
    assert files_with(ram, PLANTED)
    list(journals(ram).erase(frozenset({RunId("exec_x", "0" * 31 + "1")}), nothing))
    assert files_with(ram, PLANTED) == []


def test_a_process_at_work_is_found_and_left_alone(ram):
    """Its journal is its own; the report names it, and it can still be killed and recovered without loss."""
    with a_process(ram, PLANTED, OTHER) as (child, by_user):
        place = journals(ram)
        runs, done = erase(place)
        assert {run.trace_id for run in runs} == set(by_user[PLANTED])
        [beyond] = done
        assert isinstance(beyond, Beyond)
        assert f"process {child.pid} has it under way" in beyond.what
        assert place.left(runs)
        assert files_with(ram, PLANTED)
    assert set(recovered(ram)) == {*by_user[PLANTED], *by_user[OTHER]}


def test_beside_a_process_at_work_the_dead_ones_are_erased(dead):
    ram, by_user = dead
    with a_process(ram, OTHER) as (_, alive):
        runs, done = erase(journals(ram))
        assert [one for one in done if isinstance(one, Beyond)] == []
        assert files_with(ram, PLANTED) == journals(ram).left(runs) == []
    assert set(recovered(ram)) == {*by_user[OTHER], *alive[OTHER]}


def damage(ram, by_user, at):
    """Flip a byte in the header of the first segment of the first planted run."""
    trace = bytes.fromhex(by_user[PLANTED][0])
    [file] = [path for path in ram.rglob("*.journal") if trace in path.read_bytes()]
    content = bytearray(file.read_bytes())
    start = 0 if at == "file" else content.index(trace) - 16
    content[start + 4] ^= 0xFF
    file.write_bytes(content)


@pytest.mark.parametrize("where", ["file", "segment"])
def test_what_was_set_aside_goes_where_it_says_whose_it_is(dead, where):
    ram, by_user = dead
    damage(ram, by_user, where)
    assert set(recovered(ram)) <= {*by_user[PLANTED], *by_user[OTHER]}
    assert files_with(ram / "default" / "set-aside", PLANTED)
    runs = frozenset(RunId(f"exec_{trace}", trace) for trace in by_user[PLANTED])
    assert journals(ram).left(runs)
    done = list(journals(ram).erase(runs, nothing))
    assert files_with(ram, PLANTED) == journals(ram).left(runs) == []
    if where == "file":
        assert files_with(ram / "default" / "set-aside", OTHER), "what others left there is still to be looked at"
        assert any(isinstance(one, Beyond) and "cannot be asked whose it is" in one.what for one in done)


def test_what_nobody_can_know_is_named(dead):
    """A damaged segment without its trace id: the report says where it is and what to do."""
    ram, _ = dead
    aside = ram / "default" / "set-aside"
    aside.mkdir(mode=0o700)
    (aside / "token.000000.journal.4096").write_bytes(os.urandom(4096))
    [beyond] = [one for one in erase(journals(ram))[1] if isinstance(one, Beyond)]
    assert "token.000000.journal.4096 is damaged" in beyond.what
    assert "remove it" in beyond.advice
    assert files_with(ram, PLANTED) == []


def test_where_there_are_no_journals_there_is_nothing(tmp_path):
    place = ErasableJournals(tmp_path / "nowhere", "default")
    assert (list(place.find(is_planted)), place.left(frozenset())) == ([], [])
    assert list(place.erase(frozenset(), nothing)) == []


RUNS_THAT_COME_AND_GO = """
import sys
from itertools import count
from collectors import start_recording
from otel_tracking import ItemType
recording = start_recording(journal=sys.argv[1], recover_dead_runs=False)
tracker = recording.tracker()
print("ready", flush=True)
for number in count():
    with tracker.execution("dada", user_id=f"user {number}") as run, run.stage(1) as stage:
        for size in (1, 50, 3_000):
            stage.item(ItemType.USER_INPUT_TEXT, content=f"user {number};" * size)
    if number % 8 == 7:
        recording.flush()
"""


def test_a_process_at_work_is_read_without_ever_mixing_up_runs(ram):
    """Its segments are freed, wiped and given to others while they are read; what is read of a run is that run's."""
    child, looks, seen = start_python(RUNS_THAT_COME_AND_GO, ram), LOOKS, 0
    try:
        assert child.stdout.readline() == b"ready\n"
        until = time.monotonic() + PATIENCE
        while looks > 0 or (not seen and time.monotonic() < until):
            found = []
            journals(ram).find(found.append)
            looks -= 1
            for record in found:
                said = {part for item in record.items for part in (item.content or "").split(";")} - {""}
                assert said <= {record.user_id}
                seen += len(record.items) > 0
        assert child.poll() is None, "the process goes on"
    finally:
        child.kill()
        child.wait()
    assert seen, "some runs were caught under way"
