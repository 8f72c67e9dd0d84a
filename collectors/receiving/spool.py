"""Keep accepted requests in files until their records are durable: what was answered with 200 survives everything.

A segment is a file of entries (`entries.py`). Many threads append at once and share an fsync. A segment is removed when
the records of all runs in it are durable.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from collectors.receiving.durably import sync_directory
from collectors.receiving.entries import PackedEntry, read_packed
from otel_tracking.errors import RecordingError

SEGMENT_BYTES = 16 * 2**20
MOST_BYTES = 4 * 2**30
"""Bytes of all segments after which nothing more is taken until some are free."""

SUFFIX, LOCK = ".otlp", "lock"


class InSpool(NamedTuple):
    """Where an entry is: the number of its segment, and the byte at which it begins."""

    segment: int
    offset: int


class Entry(NamedTuple):
    """A request as it was accepted: where it is kept, what it holds, its body, and who sent it."""

    place: InSpool
    kind: bytes
    body: bytes
    sender: str


class SpoolFull(OSError):
    """Nothing more can be kept for the time being."""


class Spool:
    """The segments in one directory, which belongs to one process at a time."""

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES, most_bytes: int = MOST_BYTES) -> None:
        """Raises `RecordingError` where another process collects into the same directory."""
        self.directory = directory
        self._segment_bytes, self._most_bytes = segment_bytes, most_bytes
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._owner = own(directory)
        self._sizes = {int(path.stem): path.stat().st_size for path in segments_in(directory)}
        self._runs_by_segment: dict[int, Counter[int]] = {number: Counter() for number in self._sizes}
        self._unread = set(self._sizes)
        self._number = max(self._unread, default=0)
        self._file: int | None = None
        self._appended = self._synced = 0
        self.damaged = 0
        self._appending, self._syncing = threading.Lock(), threading.Lock()

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(list(self._sizes.values()))

    def entries(self) -> Iterator[Entry]:
        """What an earlier process had accepted and did not see through, in order."""
        for number in sorted(self._unread):
            yield from self._entries_of(number)
            with self._appending:
                # Not before: what is still to be read of it is nobody's yet.
                self._unread.discard(number)
                self._remove_if_free(number)

    def read(self, place: InSpool) -> Entry:
        """The entry at a place. Raises OSError where it is gone or damaged."""
        with self._path(place.segment).open("rb") as file, contextlib.suppress(EOFError):
            file.seek(place.offset)
            entry = _read_entry(file, place.segment)
            if entry is not None:
                return entry
        raise OSError(f"an entry of {self._path(place.segment)} is damaged")

    def append(
        self,
        kind: bytes,
        body: bytes,
        trace_ids: Iterable[int],
        sender: str = "",
        *,
        zipped: bytes | None = None,
        beyond: bool = False,
    ) -> InSpool:
        """Keep a request; when it returns, with the place of it, it is on disk. Raises OSError.

        `zipped` is the same body as one member of gzip, where there is one, and is kept in its place.
        `beyond` also where there is no room: for what takes the place of another.
        """
        entry = PackedEntry.of(kind, body, sender, zipped=zipped).to_bytes()
        with self._appending:
            if not beyond and self.size + len(entry) > self._most_bytes:
                raise SpoolFull(f"{self.directory} holds {self.size} bytes of runs that are not stored yet")
            number, file = self._ready()
            # Registered first: otherwise the segment could be freed between the two.
            self._runs_by_segment[number].update(set(trace_ids))
            place = InSpool(number, self._sizes[number])
            _write(file, entry)
            self._sizes[number] += len(entry)
            self._appended += 1
            mine = self._appended
        self._sync(mine)
        return place

    def written(self, segment: int) -> float:
        """When something was last written to a segment, in seconds since 1970."""
        return self._path(segment).stat().st_mtime

    def hold(self, place: InSpool, trace_ids: Iterable[int]) -> None:
        """Say which runs an entry of an earlier process belongs to."""
        with self._appending:
            self._runs_by_segment[place.segment].update(set(trace_ids))

    def release(self, places: Iterable[InSpool], trace_id: int) -> None:
        """What these entries held of a run is durable in its record, or is set aside."""
        with self._appending:
            for number, _ in places:
                runs = self._runs_by_segment.get(number, Counter())
                runs[trace_id] -= 1
                if runs[trace_id] <= 0:
                    del runs[trace_id]
                self._remove_if_free(number)

    def tidy(self) -> None:
        """Remove the segment that is appended to where all its runs are durable: no text stays until it is full."""
        with self._appending, self._syncing:
            if self._file is not None and self._sizes[self._number] and not self._runs_by_segment.get(self._number):
                self._synced = self._appended
                self._close_file()
                self._remove_if_free(self._number)

    def roll(self) -> None:
        """Append to another segment from now on: the one until now can be removed as soon as all of it is released."""
        with self._appending, self._syncing:
            if self._file is not None:
                os.fsync(self._file)
                self._synced = self._appended
                self._close_file()

    def after_fork(self) -> None:
        """In a forked child: let go of what is the parent's, whose locks nobody here will ever free."""
        self._close_file()
        os.close(self._owner)

    def close(self) -> None:
        """Let go; what is not durable as records stays for the next process."""
        with self._appending, self._syncing:
            self._close_file()
            for number in list(self._runs_by_segment):
                self._remove_if_free(number)
            os.close(self._owner)

    def _entries_of(self, number: int) -> Iterator[Entry]:
        """The whole entries of a segment; what a death left unfinished at its end was never answered with 200."""
        with self._path(number).open("rb") as file, contextlib.suppress(EOFError):
            while True:
                entry = _read_entry(file, number)
                if entry is None:
                    self.damaged += 1  # those behind it can still be read
                else:
                    yield entry

    def _ready(self) -> tuple[int, int]:
        """The segment to append to, and its file; called with the lock for appending."""
        if self._file is not None and self._sizes[self._number] >= self._segment_bytes:
            with self._syncing:
                os.fsync(self._file)
                self._synced = self._appended
                self._close_file()
            self._remove_if_free(self._number)
        if self._file is None:
            self._number += 1
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self._path(self._number), flags, 0o600)
            sync_directory(self.directory)
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

    def _remove_if_free(self, number: int) -> None:
        """Remove a segment that nobody appends to, that is read, and whose runs are all durable."""
        is_in_use = number in self._unread or (number == self._number and self._file is not None)
        if is_in_use or self._runs_by_segment.get(number):
            return
        self._path(number).unlink(missing_ok=True)
        self._sizes.pop(number, None)
        self._runs_by_segment.pop(number, None)

    def _path(self, number: int) -> Path:
        return self.directory / f"{number:09d}{SUFFIX}"


def segments_in(directory: Path) -> list[Path]:
    """The segments in a directory, oldest first."""
    return sorted(
        (path for path in directory.glob(f"*{SUFFIX}") if path.stem.isdecimal()), key=lambda one: int(one.stem)
    )


def entries_in(path: Path) -> Iterator[PackedEntry]:
    """The sound entries of a segment; for those who only look, also while another process collects."""
    with contextlib.suppress(EOFError, FileNotFoundError), path.open("rb") as file:
        while True:
            entry = read_packed(file)
            if entry.is_sound:
                yield entry


def own(directory: Path) -> int:
    """A descriptor of the lock on a spool, until it is closed; raises `RecordingError` where another process has it."""
    lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise RecordingError(
            f"another process collects into {directory.parent}; end it, or name another data directory"
        ) from None
    with contextlib.suppress(OSError):  # a full disk: then nobody is told which process it is
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _read_entry(file: BinaryIO, segment: int) -> Entry | None:
    """The entry that begins here; None where it is damaged. Raises `EOFError` where no whole one does."""
    place = InSpool(segment, file.tell())
    entry = read_packed(file)
    return Entry(place, entry.kind, entry.body, entry.sender) if entry.is_sound else None


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
