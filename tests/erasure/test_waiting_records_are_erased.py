"""A record that waited in a file goes with its run; what waits beside it is still recovered."""

import shutil
from contextlib import contextmanager

import pytest
from children import start_python
from places_stage import OTHER, PLANTED, bytes_of, erase, files_with, is_planted, killed_at_every_step, nothing

from collectors import recover
from collectors.delivery.erasing import ErasableSpill
from collectors.testing import RememberingSink
from otel_tracking.erasure import Beyond

RECORDS_THAT_WAIT = """
import sys, threading
from collectors import start_recording
from collectors.testing import WaitingSink
recording = start_recording([WaitingSink()], journal=False, spill=sys.argv[1], max_pending=0, recover_dead_runs=False)
for user in sys.argv[2].split(","):
    with recording.tracker().execution("dada", user_id=user) as run:
        run.item("user_input_text", content=user)
while recording.health()["pending_in_files"] < len(sys.argv[2].split(",")):
    threading.Event().wait(0.01)
print("ready", flush=True)
threading.Event().wait()
"""


@contextmanager
def a_process(base, *users):
    """A process whose sink hangs, with a record of each user in a file; killed at the end of the block."""
    child = start_python(RECORDS_THAT_WAIT, base, ",".join(users))
    try:
        assert child.stdout.readline() == b"ready\n"
        yield child
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def base(tmp_path):
    """The files of a dead process."""
    with a_process(tmp_path / "waiting", PLANTED, OTHER, OTHER):
        pass
    return tmp_path / "waiting"


def spill(base):
    return ErasableSpill(base, "default")


def recovered_users(base):
    sink = RememberingSink()
    recover([sink], namespace="default", spill=base, journals=False)
    return [record.user_id for record in sink.records]


def test_the_record_goes_and_the_others_stay_byte_for_byte(base):
    before = set(bytes_of(base).values())
    runs, [removed] = erase(spill(base))
    assert [run.trace_id in removed.path for run in runs] == [True]
    assert files_with(base, PLANTED) == spill(base).left(runs) == []
    after = [content for name, content in bytes_of(base).items() if name.endswith(".record")]
    assert len(after) == 2
    assert set(after) < before
    assert list(spill(base).erase(runs, nothing)) == []
    assert recovered_users(base) == [OTHER, OTHER]


def test_killed_at_every_step_and_again(base, tmp_path):
    def check(copy):
        assert files_with(copy, PLANTED) == []
        assert recovered_users(copy) == [OTHER, OTHER]

    assert killed_at_every_step(base, tmp_path / "copy", spill, check) == 3


def test_a_half_written_file_goes_too(base):
    """Its name says whose it is."""
    [kept] = files_with(base, PLANTED)
    shutil.copy(kept, f"{kept}.new")
    runs, done = erase(spill(base))
    assert len(done) == 2
    assert files_with(base, PLANTED) == []
    assert files_with(base, next(iter(runs)).trace_id) == []


def test_what_a_process_at_work_has_waiting_is_found_and_named(tmp_path):
    with a_process(tmp_path, PLANTED, OTHER) as child:
        before = bytes_of(tmp_path)
        runs, [beyond] = erase(spill(tmp_path))
        assert isinstance(beyond, Beyond)
        assert f"process {child.pid} has its record waiting" in beyond.what
        assert len(spill(tmp_path).left(runs)) == 1
        assert bytes_of(tmp_path) == before


def test_what_is_no_record_is_named(base):
    [kept] = files_with(base, PLANTED)
    (kept.parent / f"{'0' * 32}-1.record").write_bytes(b"no record")
    _, done = erase(spill(base))
    [beyond] = [one for one in done if isinstance(one, Beyond)]
    assert "cannot be read as a record" in beyond.what


def test_where_nothing_waits_in_files_there_is_nothing(tmp_path):
    for base in (None, tmp_path / "nowhere"):
        assert (spill(base).find(is_planted), spill(base).left(frozenset())) == ([], [])
        assert spill(base).erase(frozenset(), nothing) == []
