"""The folders of an outbox: one for each process that fills it, and those that dead ones have left.

OUTBOX/0/000000001.otlp …   OUTBOX/0/lock     requests that wait, as a spool keeps them; who fills it
OUTBOX/refused/<n>.otlp                       requests that a server will never take, one each
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.receiving.spool import LOCK, MOST_BYTES, Spool, entries_in, segments_in
from otel_tracking.errors import RecordingError

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class BoxState:
    """A folder of an outbox: how many requests wait in it, their bytes, since when, and which process fills it."""

    path: Path
    requests: int
    bytes: int
    oldest: float | None
    process: int | None


def open_box(outbox: Path, most_bytes: int = MOST_BYTES) -> Spool:
    """The first folder that nobody fills; for as long as this process lives."""
    for number in itertools.count():
        with contextlib.suppress(RecordingError):
            return Spool(outbox / str(number), most_bytes=most_bytes)
    raise AssertionError("there is always another number")


def left_boxes(outbox: Path) -> Iterator[Spool]:
    """The folders in which something waits and that nobody fills any more, one after the other."""
    for folder in folders_of(outbox):
        if segments_in(folder):
            with contextlib.suppress(RecordingError):
                yield Spool(folder)


def folders_of(outbox: Path) -> list[Path]:
    """The folders of processes, in their order."""
    found = outbox.iterdir() if outbox.is_dir() else ()
    return sorted((path for path in found if path.name.isdecimal()), key=lambda path: int(path.name))


def states_of(outbox: Path) -> list[BoxState]:
    """What waits, folder by folder; for those who only look."""
    return [_state_of(folder) for folder in folders_of(outbox)]


def _state_of(folder: Path) -> BoxState:
    segments = segments_in(folder)
    sizes = [len(entry.body) for path in segments for entry in entries_in(path)]
    times = [path.stat().st_mtime for path in segments if path.exists()]
    return BoxState(folder, len(sizes), sum(sizes), min(times, default=None), _process_of(folder))


def _process_of(folder: Path) -> int | None:
    """The process that fills a folder; None where nobody does."""
    try:
        Spool(folder).close()
    except RecordingError:
        with contextlib.suppress(OSError, ValueError):
            return int((folder / LOCK).read_text())
        return 0
    return None
