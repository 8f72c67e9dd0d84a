"""The stage the flight recorder's tests share: a RAM directory, a real child process, a death at any line."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

import collectors.flight_recorder as flight_recorder
from collectors.flight_recorder import DeadRun, find_dead

OUR_CODE = str(Path(flight_recorder.__file__).parent)
ROOT = Path(OUR_CODE).parents[1]


@contextlib.contextmanager
def ram_directory() -> Iterator[Path]:
    """A private directory on /dev/shm, gone afterwards."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no /dev/shm to write to")
    path = Path(tempfile.mkdtemp(prefix="otel-tracking-test-", dir="/dev/shm"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def tiny_ram_disk(mebibytes: int = 1) -> Iterator[Path]:
    """A RAM disk of its own, mounted for real."""
    path = Path(tempfile.mkdtemp(prefix="otel-tracking-disk-"))
    options = f"size={mebibytes}m,mode=700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, text=True)
    if mounted.returncode:
        path.rmdir()
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)
        path.rmdir()


def start_child(program: str, *arguments: object, wrapper: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start `program` in a Python of its own; what it prints can be read line by line."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    return subprocess.Popen(
        [*wrapper, sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def run_child(program: str, *arguments: object) -> str:
    """Run `program` to its end, whatever that is, and return what it printed."""
    child = start_child(program, *arguments)
    told, _ = child.communicate(timeout=120)
    assert child.returncode in (0, -signal.SIGKILL), f"the child ended with {child.returncode}"
    return told


def recover(directory: Path, **options: str) -> dict[int, DeadRun]:
    """Recover everything there is and return it by trace id; nothing may come twice."""
    recovered: dict[int, DeadRun] = {}
    for dead in find_dead(directory, **options):
        claimed = dead.claim()
        assert claimed is not None
        for run in claimed.runs():
            assert run.trace_id not in recovered
            recovered[run.trace_id] = run
            claimed.done(run.trace_id)
        claimed.release()
    return recovered


def die_at_line(number: int, act: Callable[[Callable[[str], None]], None]) -> tuple[list[str], bool]:
    """Fork, run `act(tell)` and kill the child at the `number`th line of our code, in whichever thread.

    Returns what it had told until then, and whether it came to its end before that.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _die_at(number)
        act(lambda word: os.write(writer, f"{word}\n".encode()) and None)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read().split()
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), f"the child ended with status {status}"
    return told, status == 0


def _die_at(number: int) -> None:
    left = [number]

    def trace(frame: FrameType, event: str, _: object) -> object:
        if not frame.f_code.co_filename.startswith(OUR_CODE):
            return None
        if event == "line":
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)  # type: ignore[arg-type]
    sys.settrace(trace)  # type: ignore[arg-type]
