"""Workers of the same run that wait for each other: for tests that want the machine, and for what one does for all."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def turn(directory: Path, *, alone: bool) -> Iterator[None]:
    """A test's turn among those of the workers that share `directory`; an `alone` one waits for all under way."""
    how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    with (directory / "gate").open("a") as gate, (directory / "room").open("a") as room:
        # Whoever wants to be alone holds the gate while the room empties: nobody comes in before.
        fcntl.flock(gate, how)
        fcntl.flock(room, how)
        fcntl.flock(gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(room, fcntl.LOCK_UN)  # closing it would not do: a forked child may still have it open


@contextlib.contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """One of the workers that share the file `lock`, which is made here; the others wait."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
