"""Keep requests that a server will never take, one in each file, until somebody has them sent once more."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from collectors.outbox.boxes import REFUSED
from collectors.receiving.durably import sync_directory
from collectors.receiving.entries import PROTOBUF, PackedEntry
from collectors.receiving.spool import SUFFIX, SpoolFull, entries_in, segments_in


def keep_refused(outbox: Path, body: bytes, most_bytes: int) -> Path:
    """The file that a request is in now. Raises `SpoolFull` where there are `most_bytes` of such already."""
    folder = outbox / REFUSED
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if bytes_refused(outbox) > most_bytes:
        raise SpoolFull(f"{folder} is full; otel-tracking outbox --retry sends what is there once more")
    path = folder / f"{time.time_ns()}{SUFFIX}"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:  # another process, in the same instant
        return keep_refused(outbox, body, most_bytes)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(PackedEntry.of(PROTOBUF, body, "").to_bytes())
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    sync_directory(folder)
    return path


def refused_in(outbox: Path) -> list[Path]:
    """The files of refused requests, oldest first."""
    return segments_in(outbox / REFUSED)


def bodies_in(path: Path) -> Iterator[bytes]:
    """The request in a file: none where a crash left half of it."""
    return (entry.body for entry in entries_in(path))


def bytes_refused(outbox: Path) -> int:
    """Bytes of all of them."""
    return sum(path.stat().st_size for path in refused_in(outbox) if path.exists())
