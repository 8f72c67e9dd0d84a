"""The stage of two users on one machine: what each does is done in a process that has that user's rights alone."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import pickle
import shutil
import signal
import stat
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors import RecoveryReport, recover, start_recording
from collectors.delivery.spill import Spill
from collectors.flight_recorder import FlightRecorder
from collectors.flight_recorder.layout import FILE_HEADER
from collectors.recording.recovery import namespace_of
from collectors.testing import RememberingSink

SECONDS = 60
_DUMPABLE = 4  # PR_SET_DUMPABLE: a process that changed its user may not look into /proc/self otherwise


class HomeSink(RememberingSink):
    """A sink that says where it writes to, as one of a data directory does."""

    def __init__(self, location: Path) -> None:
        super().__init__()
        self.location = str(location)


class TwoUsers:
    """A neighbour, and a victim with a home; neither has an entry in /etc/passwd."""

    def __init__(self, home: Path) -> None:
        # Two test runs on one machine must not meet.
        self.neighbour, self.victim = 300_000 + 2 * os.getpid(), 300_001 + 2 * os.getpid()
        self.home = home
        self.treasure = home / "treasure"
        self.journals = Path(f"/dev/shm/otel-tracking-{self.victim}")
        self.files = Path(f"/var/tmp/otel-tracking-{self.victim}")
        self.namespace = namespace_of([self.sink()])

    def sink(self) -> HomeSink:
        """A sink of the victim."""
        return HomeSink(self.home / "data")

    def as_neighbour(self, work: Callable[[], Any]) -> Any:
        """What `work` returns with the neighbour's rights."""
        return as_user(self.neighbour, work)

    def as_victim(self, work: Callable[[], Any]) -> Any:
        """What `work` returns with the victim's rights."""
        return as_user(self.victim, work)

    def next_start(self) -> tuple[list[str], dict[str, Any], RecoveryReport]:
        """What the victim's sink has after his next start, the recording's health, and what `recover` says then."""

        def work() -> Any:
            sink = self.sink()
            recording = start_recording([sink])
            with recording.tracker().execution("own") as run:
                run.item("user_input_text", content="mine")
            recording.close(SECONDS)
            report = recover([sink])
            return sorted(record.config_name for record in sink.records), recording.health(), report

        return self.as_victim(work)


@contextlib.contextmanager
def two_users() -> Iterator[TwoUsers]:
    """Two users; skips where this process may not become others."""
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    import_what_they_need()
    home = Path(tempfile.mkdtemp(prefix="otel-tracking-home-"))
    users = TwoUsers(home)
    users.treasure.write_text("of the victim")
    users.treasure.chmod(0o600)
    for path in (home, users.treasure):
        os.chown(path, users.victim, users.victim)
    try:
        yield users
    finally:
        for path in (home, users.journals, users.files):
            if path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)
            else:
                shutil.rmtree(path)


@functools.cache
def import_what_they_need() -> None:
    """Record and recover once: other users may not read the place that this interpreter imports from."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as ram, tempfile.TemporaryDirectory() as files:
        sink = RememberingSink()
        with start_recording([sink], journal=ram, spill=files) as recording:
            recording.tracker().execution("warm").stage(1).item("user_input_text", content="mine")
        leave_file(Path(files), "warm")
        leave_journals(Path(ram), "warm")
        recover([sink], directory=ram, namespace="warm", spill=files)


def as_user(user: int, work: Callable[[], Any]) -> Any:
    """What `work` returns in a forked child of that user's; a clock kills it should it wait for ever."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(SECONDS)
            os.close(reader)
            become(user)
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(work(), pipe)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)  # whatever happens: nobody else goes on with the tests
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return pickle.loads(told)


def become(user: int) -> None:
    """Give up all other rights."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    ctypes.CDLL(None).prctl(_DUMPABLE, 1, 0, 0, 0)
    os.chdir("/")


def leave_journals(base: Path, namespace: str, name: str = "forged") -> Path:
    """Leave two runs of a process that died, the first with a damaged segment; return their directory."""
    recording = start_recording([], journal=False)
    recorder = FlightRecorder(base, namespace=namespace, segment_bytes=4096, spare_segments=4, force=True)
    recording._open_runs._recorder = recorder
    for each in ("damaged", name):
        recording.tracker().execution(each).item("user_input_text", content="of a dead process")
    token = str(recorder.health()["directory"]).split("-")[-1]
    recorder.close()
    [left] = base.glob(f"*/*-{token}")
    with (left / "000000.journal").open("r+b") as file:
        file.seek(FILE_HEADER + 8)
        file.write(b"\xff")
    return left


def leave_file(base: Path, namespace: str, name: str = "forged") -> Path:
    """Leave a record that no sink took; return the directory it lies in."""
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording, recording.tracker().execution(name):
        pass
    files = Spill(base, namespace)
    files.keep(sink.records[0])
    files.close()
    [path] = base.rglob("*.record")
    return path.parent


def handed_over(top: Path, user: int) -> None:
    """Give a tree to `user`, as if that user had made it."""
    for path in [top, *top.rglob("*")]:
        os.chown(path, user, user, follow_symlinks=False)


def seen(top: Path) -> dict[str, Any]:
    """All there is at and below `top`: kind, owner, mode, link and content."""

    def look(path: Path) -> Any:
        told = path.lstat()
        inside = path.readlink() if stat.S_ISLNK(told.st_mode) else None
        if stat.S_ISREG(told.st_mode):
            inside = path.read_bytes()
        return told.st_mode, told.st_uid, told.st_nlink, inside

    return {str(path): look(path) for path in [top, *sorted(top.rglob("*"))]} if os.path.lexists(top) else {}
