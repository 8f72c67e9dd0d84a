"""Let one process at a time change what is stored."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from exporters.errors import CompactionRunning
from exporters.storage.files import lockable

_PATIENCE = 2.0
"""Seconds of waiting after which a person wants to know why."""
_LOOK_SECONDS = 0.05


@contextlib.contextmanager
def compaction_lock(data_dir: Path) -> Iterator[None]:
    """Holds the lock of `data_dir` during the block; `CompactionRunning` names the process that has it.

    The kernel frees the lock when its process dies, however it dies: there is no stale lock to judge and take over,
    and a judgement about process ids would be wrong across containers.
    """
    path = data_dir / ".compaction.lock"
    with lockable(path) as descriptor:
        _lock(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {os.uname().nodename}".encode(), 0)
        yield


@contextlib.contextmanager
def waited_for_lock(data_dir: Path, seconds: float, tell: Callable[[str], None]) -> Iterator[None]:
    """Holds the same lock, waiting for it; `tell` gets a sentence once it takes longer. `CompactionRunning` at last."""
    started, is_told = time.monotonic(), False
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(compaction_lock(data_dir))
                break
            except CompactionRunning as trouble:
                waited = time.monotonic() - started
                # Before it is given up: on a busy machine a moment lies between two looks.
                if waited >= _PATIENCE and not is_told:
                    is_told = True
                    tell(f"waiting: {trouble}")
                if waited >= seconds:
                    raise
                time.sleep(_LOOK_SECONDS)
        yield


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
        raise CompactionRunning(f"{owner} has locked {path}; once it is done, the same call will work") from None
