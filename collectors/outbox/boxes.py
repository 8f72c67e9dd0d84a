"""The folders of an outbox: one for each process that fills it, and those that dead ones have left.

OUTBOX/0/000000001.otlp …   OUTBOX/0/lock     requests that wait, as a spool keeps them; who fills it
OUTBOX/refused/<n>.otlp                       requests that a server will never take, one each
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.receiving.spool import LOCK, MOST_BYTES, Spool, entries_in, segments_in
from otel_tracking.errors import RecordingError

REFUSED = "refused"
SEGMENT_BYTES = 2**20
"""A file goes when all in it is taken: after a crash no more than this is sent twice, and no text stays for long."""


@dataclass(frozen=True, slots=True)
class BoxState:
    """A folder of an outbox: how many requests are in its files, their bytes, since when, and which process fills it.

    Those that were taken are counted as long as their file has others.
    """

    path: Path
    requests: int
    bytes: int
    oldest: float | None
    process: int | None

    @property
    def is_refused(self) -> bool:
        """Whether it is what a server did not take, and never will."""
        return self.path.name == REFUSED


def open_box(outbox: Path, most_bytes: int = MOST_BYTES) -> Spool:
    """The first folder that nobody fills; for as long as this process lives."""
    # At least four files, so that room for one is had without letting go of all.
    segment_bytes = max(1, min(SEGMENT_BYTES, most_bytes // 4))
    for number in itertools.count():
        with contextlib.suppress(RecordingError):
            return Spool(outbox / str(number), segment_bytes=segment_bytes, most_bytes=most_bytes)
    raise AssertionError("there is always another number")


def left_boxes(outbox: Path) -> Iterator[Spool]:
    """The folders in which something waits and that nobody fills any more, one after the other."""
    for folder in folders_of(outbox):
        if segments_in(folder):
            # Somebody fills it; or it is another user's.
            with contextlib.suppress(RecordingError, OSError):
                yield Spool(folder)


def folders_of(outbox: Path) -> list[Path]:
    """The folders of processes, in their order."""
    found = outbox.iterdir() if outbox.is_dir() else ()
    return sorted((path for path in found if path.name.isdecimal()), key=lambda path: int(path.name))


def states_of(outbox: Path) -> list[BoxState]:
    """What waits, folder by folder, and last what was refused; for those who only look."""
    return [state_of(folder) for folder in (*folders_of(outbox), outbox / REFUSED)]


def state_of(folder: Path) -> BoxState:
    """What waits in a folder."""
    segments = segments_in(folder)
    sizes = [len(entry.body) for path in segments for entry in entries_in(path)]
    times = [when for path in segments if (when := _written(path)) is not None]
    return BoxState(folder, len(sizes), sum(sizes), min(times, default=None), process_of(folder))


def _written(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:  # it was sent a moment ago
        return None


def process_of(folder: Path) -> int | None:
    """The process that fills a folder, 0 where it cannot be told; None where nobody does."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(lock, 20, 0).decode("ascii", "replace")
        return int(text) if text.isdecimal() else 0
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # a child that was forked meanwhile has it open, too
        os.close(lock)
    return None
