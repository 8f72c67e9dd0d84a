"""Where there is no private RAM disk the recorder is memory only, says why, and never fails."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from flight_recorder_stage import ram_directory, recover, run_child, tiny_ram_disk

from collectors.flight_recorder import FlightRecorder, find_dead


@pytest.fixture
def ram():
    with ram_directory() as directory:
        yield directory


def reason_of_memory_only(directory, **options):
    """Use a recorder every way there is, and return why it keeps nothing."""
    recorder = FlightRecorder(directory, **options)
    run = recorder.begin(7)
    assert run.append(b"entry") is False
    run.append_later(b"media")
    run.free()
    recorder.settle()
    health = recorder.health()
    recorder.close()
    assert health["mode"] == "memory only"
    assert health["counters"] == {"entries_refused (memory only)": 2}
    return health["reason"]


def test_everything_is_private(ram):
    """Only the user may read what was recorded, even with the most generous umask."""
    before = os.umask(0)
    try:
        recorder = FlightRecorder(ram / "base")
        recorder.begin(7).append(b"secret")
    finally:
        os.umask(before)
    made = list((ram / "base").rglob("*"))
    assert len(made) >= 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_file()} == {0o600}
    assert stat.S_IMODE((ram / "base").stat().st_mode) == 0o700
    recorder.close()


def test_a_directory_others_may_write_is_refused(ram):
    """Somebody who may write there could put their own journals in the way."""
    ram.chmod(0o770)
    assert "may be written by others" in reason_of_memory_only(ram)


def test_a_link_in_place_of_the_directory_is_refused(ram):
    """Everybody may write in /dev/shm: a link put there first leads nowhere."""
    (ram / "target").mkdir(mode=0o700)
    (ram / "base").symlink_to(ram / "target")
    assert "not a directory" in reason_of_memory_only(ram / "base")
    assert list((ram / "target").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_somebody_else_s_directory_is_refused(ram):
    """A directory that another user made for us is theirs."""
    os.chown(ram, 12345, 12345)
    assert "belongs to user 12345" in reason_of_memory_only(ram)


def test_a_disk_that_is_not_in_ram_is_refused_unless_forced(tmp_path):
    """Writing back to a real disk could stall the pipeline, so it has to be asked for."""
    with_force = FlightRecorder(tmp_path, force=True)
    if "tmpfs" in subprocess.run(["stat", "-f", "-c", "%T", tmp_path], capture_output=True, text=True).stdout:
        pytest.skip("the temporary directory is a RAM disk")
    assert with_force.begin(7).append(b"entry")
    with_force.close()
    assert recover(tmp_path)[7].entries == [b"entry"]
    assert "not on a RAM file system" in reason_of_memory_only(tmp_path)


@pytest.mark.parametrize("directory", ["/proc/nowhere", "/dev/null/below", "nul\0byte"])
def test_a_directory_that_cannot_be_made_is_a_reason_not_an_error(directory):
    """Whatever the setting says, the pipeline starts."""
    assert reason_of_memory_only(directory)
    assert find_dead(directory) == []


@pytest.mark.parametrize("namespace", ["", ".", "..", "a/b", "nul\0byte"])
def test_a_namespace_that_is_no_plain_name_is_refused(ram, namespace):
    """A namespace cannot lead out of its directory."""
    assert "plain name" in reason_of_memory_only(ram, namespace=namespace)
    assert find_dead(ram, namespace=namespace) == []


@pytest.mark.parametrize("options", [{"segment_bytes": "many"}, {"spare_segments": None}, {"max_bytes": None}])
def test_settings_of_the_wrong_type_are_a_reason_not_an_error(ram, options):
    """A wrong setting costs the journal, not the run, and leaves no litter."""
    assert reason_of_memory_only(ram, **options)
    assert list(ram.iterdir()) == []


@pytest.mark.parametrize("options", [{"segment_bytes": 0}, {"segment_bytes": 10**9}, {"spare_segments": -5}])
def test_settings_out_of_range_are_brought_into_it(ram, options):
    """Segments are between a page and a megabyte, and at least one is spare."""
    recorder = FlightRecorder(ram, **options)
    run = recorder.begin(7)
    run.append(b"x" * 10_000)
    recorder.settle()
    recorder.close()
    assert recover(ram)[7].entries == [b"x" * 10_000]


def test_a_full_or_read_only_ram_disk_is_a_reason():
    """Without space at the start there is no journal, and nothing is left on the disk."""
    with tiny_ram_disk() as disk:
        base = disk / "journals"
        base.mkdir(mode=0o700)
        (disk / "full").write_bytes(bytes(1024 * 1024 - 40 * 4096))
        with (disk / "fuller").open("wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(bytes(4096))
        reason = reason_of_memory_only(base)
        assert "No space left" in reason and f"{base}/default/" in reason and ".journal" in reason
        assert list(base.rglob("*.journal")) == []

        (disk / "full").unlink()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert "Read-only file system" in reason_of_memory_only(base)


def test_the_default_directory_is_the_user_s_own():
    """Without a directory journals lie under /dev/shm, by user."""
    recorder = FlightRecorder(namespace="test-of-the-default-directory")
    health = recorder.health()
    recorder.close()
    if health["mode"] == "memory only":
        pytest.skip(f"no journal here: {health['reason']}")
    assert health["directory"].startswith(f"/dev/shm/otel-tracking-{os.geteuid()}/test-of-the-default")
    assert not Path(health["directory"]).parent.exists()


def test_importing_does_nothing():
    """No thread, no fork hook, no file before the first recorder is made."""
    program = """
import threading
import collectors.flight_recorder
from collectors import forks
print(threading.active_count(), forks._is_registered)
"""
    assert run_child(program).split() == ["1", "False"]
