"""Keep accepted requests in files until their records are durable: what was answered with 200 survives everything.

A segment is a file of entries: one byte for what it holds, length and crc32, the request's body. Many threads append
at once and share an fsync. A segment is removed when the records of all runs in it are durable.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from otel_tracking.errors import RecordingError

PROTOBUF, JSON = b"P", b"J"
SEGMENT_BYTES = 16 * 2**20
MOST_BYTES = 4 * 2**30
"""Bytes of all segments after which nothing more is taken until some are free."""

_HEADER = struct.Struct(">cII")
_SUFFIX = ".otlp"


class Entry(NamedTuple):
    """A request as it was accepted: the number of its segment, what it holds, and its body."""

    segment: int
    kind: bytes
    body: bytes


class SpoolFull(OSError):
    """Nothing more can be kept for the time being."""


class Spool:
    """The segments in one directory, which belongs to one process at a time."""

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES, most_bytes: int = MOST_BYTES) -> None:
        """Raises `RecordingError` where another process collects into the same directory."""
        self.directory = directory
        self._segment_bytes, self._most_bytes = segment_bytes, most_bytes
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._owner = _own(directory)
        self._sizes = {int(path.stem): path.stat().st_size for path in directory.glob(f"*{_SUFFIX}")}
        self._runs_by_segment: dict[int, Counter[int]] = {number: Counter() for number in self._sizes}
        self._old = sorted(self._sizes)
        self._number = max(self._old, default=0)
        self._file: int | None = None
        self._appended = self._synced = 0
        self._appending, self._syncing = threading.Lock(), threading.Lock()

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(list(self._sizes.values()))

    def entries(self) -> Iterator[Entry]:
        """What an earlier process had accepted and did not see through, in order."""
        for number in self._old:
            for kind, body in _read(self._path(number)):
                yield Entry(number, kind, body)

    def append(self, kind: bytes, body: bytes, trace_ids: Iterable[int]) -> int:
        """Keep a request; when it returns, with the number of the segment, the body is on disk. Raises OSError."""
        with self._appending:
            if self.size + len(body) > self._most_bytes:
                raise SpoolFull(f"{self.directory} holds {self.size} bytes of runs that are not stored yet")
            number, file = self._ready()
            # Registered first: otherwise the segment could be freed between the two.
            self._runs_by_segment[number].update(trace_ids)
            _write(file, _HEADER.pack(kind, len(body), zlib.crc32(body)) + body)
            self._sizes[number] += _HEADER.size + len(body)
            self._appended += 1
            mine = self._appended
        self._sync(mine)
        return number

    def hold(self, segment: int, trace_ids: Iterable[int]) -> None:
        """Say which runs an entry of an earlier process belongs to."""
        with self._appending:
            self._runs_by_segment[segment].update(trace_ids)

    def release(self, segments: Iterable[int], trace_id: int) -> None:
        """What these entries held of a run is durable in its record; a segment is named once for each entry."""
        with self._appending:
            for number in segments:
                runs = self._runs_by_segment.get(number, Counter())
                runs[trace_id] -= 1
                if runs[trace_id] <= 0:
                    del runs[trace_id]
                if not runs and number != self._number:
                    self._remove(number)

    def forget_empty(self) -> None:
        """Remove the segments of earlier processes in which nothing was found."""
        with self._appending:
            for number in [number for number in self._old if not self._runs_by_segment.get(number)]:
                self._remove(number)

    def close(self) -> None:
        """Let go; what is not durable as records stays for the next process."""
        with self._appending, self._syncing:
            self._close_file()
            for number in [number for number, runs in self._runs_by_segment.items() if not runs]:
                self._remove(number)
            os.close(self._owner)

    def _ready(self) -> tuple[int, int]:
        """The segment to append to, and its file; called with the lock for appending."""
        if self._file is not None and self._sizes[self._number] >= self._segment_bytes:
            with self._syncing:
                os.fsync(self._file)
                self._synced = self._appended
                self._close_file()
            if not self._runs_by_segment[self._number]:
                self._remove(self._number)
        if self._file is None:
            self._number += 1
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self._path(self._number), flags, 0o600)
            _sync_directory(self.directory)
            self._sizes[self._number], self._runs_by_segment[self._number] = 0, Counter()
        return self._number, self._file

    def _sync(self, mine: int) -> None:
        # Whoever waits here finds that somebody's fsync took his entry along.
        with self._syncing:
            if self._synced < mine and self._file is not None:
                upto = self._appended
                os.fsync(self._file)
                self._synced = upto

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _remove(self, number: int) -> None:
        self._path(number).unlink(missing_ok=True)
        self._sizes.pop(number, None)
        self._runs_by_segment.pop(number, None)

    def _path(self, number: int) -> Path:
        return self.directory / f"{number:09d}{_SUFFIX}"


def _own(directory: Path) -> int:
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise RecordingError(
            f"another process collects into {directory.parent}; end it, or name another data directory"
        ) from None
    return lock


def _read(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The whole entries of a segment; what a death left unfinished at its end was never answered with 200."""
    with path.open("rb") as file:
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            kind, size, checksum = _HEADER.unpack(header)
            body = file.read(size)
            if len(body) < size or zlib.crc32(body) != checksum:
                return
            yield kind, body


def _write(file: int, entry: bytes) -> None:
    start = os.lseek(file, 0, os.SEEK_END)
    try:
        left = memoryview(entry)
        while left:
            left = left[os.write(file, left) :]
    except OSError:
        # Half an entry would hide those that come after it.
        os.ftruncate(file, start)
        raise


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
