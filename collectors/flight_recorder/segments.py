"""Keep mapped segments ready, so that a run can begin without touching the file system.

Space is reserved with `posix_fallocate` before it is mapped and a mapped file is never truncated: writing to a map
whose page cannot be had kills the process with SIGBUS. Many segments share one file, because Python's `mmap` keeps a
file descriptor open for each map.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from pathlib import Path

from collectors.flight_recorder import layout
from collectors.flight_recorder.background import breathe
from collectors.flight_recorder.layout import CHUNK_HEADER, FILE_HEADER, SEGMENT_HEADER, SegmentHeader

_ZEROS = bytes(64 * 1024)
_MADV_POPULATE_WRITE = 23  # Linux 5.14; Python 3.11 has no name for it


class Segment:
    """A stretch of a mapped file that belongs to one run at a time."""

    __slots__ = ("end", "memory", "path", "start", "used")

    def __init__(self, memory: mmap.mmap, path: Path, start: int, end: int) -> None:
        self.memory = memory
        self.path = path
        self.start = start
        self.end = end
        self.used = start

    def open(self, header: SegmentHeader) -> int:
        """Give the segment to a run; return where its first chunk goes."""
        self.used = self.start + SEGMENT_HEADER
        layout.write_segment_header(self.memory, self.start, header)
        return self.used

    def forget(self) -> None:
        """Make it nobody's, with one aligned store: from here on its entries are never read."""
        at = layout.forget_at(self.start)
        self.memory[at : at + 8] = bytes(8)

    def wipe(self) -> None:
        """Zero what was used, so that the next run finds what a new file would give it."""
        for at in range(self.start, self.used, len(_ZEROS)):
            end = min(self.used, at + len(_ZEROS))
            self.memory[at:end] = _ZEROS[: end - at]
        self.used = self.start

    def warm(self) -> None:
        """Have its pages mapped now, off the pipeline's thread, instead of one fault per page on it."""
        with contextlib.suppress(OSError, ValueError):
            self.memory.madvise(_MADV_POPULATE_WRITE, self.start, self.end - self.start)


class SegmentFile:
    """A file with space that is really there, mapped; raises OSError where it cannot be had."""

    def __init__(self, path: Path, segment_bytes: int, count: int) -> None:
        self.path = path
        self.count = count
        self.bytes = FILE_HEADER + count * segment_bytes
        self.memory = _reserved_map(path, self.bytes)
        layout.write_file_header(self.memory, segment_bytes)

    def segments(self) -> list[Segment]:
        """Return its segments, all nobody's."""
        size = (self.bytes - FILE_HEADER) // self.count
        starts = range(FILE_HEADER, self.bytes, size)
        return [Segment(self.memory, self.path, start, start + size) for start in starts]

    def remove(self) -> None:
        """Give the memory back to the system."""
        self.path.unlink(missing_ok=True)
        self.memory.close()


class SegmentPool:
    """The spare segments of one recorder, and the files they lie in.

    `take` is for the pipeline's thread. Everything that makes, wipes or removes files is for the recorder's own.
    """

    def __init__(self, directory: Path, *, segment_bytes: int, spares: int, max_bytes: int) -> None:
        self.segment_bytes = segment_bytes
        self.spares: deque[Segment] = deque()
        self.trouble: str | None = None
        self.ask_for_more: Callable[[], None] = lambda: None
        self._directory = directory
        self.wanted_spares = spares
        self._low_water = (spares + 1) // 2
        self._max_bytes = max_bytes
        self._asked = False
        self._files: list[SegmentFile] = []
        self._files_made = 0
        self._retry_at = 0.0

    @property
    def bytes(self) -> int:
        """Bytes of RAM disk in use, spares included."""
        return sum(file.bytes for file in tuple(self._files))

    @property
    def total(self) -> int:
        """Segments there are, spares included."""
        return sum(file.count for file in tuple(self._files))

    @property
    def room(self) -> int:
        """Bytes of one entry that fit into a fresh segment."""
        return self.segment_bytes - SEGMENT_HEADER - CHUNK_HEADER

    def needed(self, payload_bytes: int) -> int:
        """Return how many fresh segments hold that many bytes of one entry."""
        return -(-payload_bytes // self.room)

    def take(self, count: int) -> deque[Segment] | None:
        """Return `count` spare segments, or None where there are not so many; never waits."""
        taken: deque[Segment] = deque()
        try:
            for _ in range(count):
                taken.append(self.spares.popleft())
        except IndexError:
            self.spares.extendleft(taken)
            return None
        finally:
            if len(self.spares) < self._low_water and not self._asked:
                self._asked = True
                self.ask_for_more()
        return taken

    def give_back(self, segments: Iterable[Segment]) -> None:
        """Return segments that were taken and not opened."""
        self.spares.extendleft(segments)

    def take_many(self, count: int) -> deque[Segment] | None:
        """Return `count` segments, made if need be, on the recorder's thread; spares are left for the pipeline."""
        if not self.ensure(count + self.wanted_spares) and not self.ensure(count):
            return None
        return self.take(count)

    def top_up(self) -> None:
        """Bring the spares up to the number wanted, as far as there is space."""
        self._asked = False
        before = self._files_made
        self.fill()
        if self._files_made > before:
            self.warm_up()

    def fill(self) -> None:
        """Make as many of the wanted spares as there is space for."""
        if not self.ensure(self.wanted_spares):
            self.ensure(min(self.wanted_spares, len(self.spares) + self._allowed()))

    def warm_up(self) -> None:
        """Map the pages of the spares there are."""
        for segment in tuple(self.spares):
            segment.warm()
            breathe()

    def ensure(self, count: int) -> bool:
        """Make files until `count` segments are spare; False where space or `max_bytes` does not allow it."""
        while len(self.spares) < count:
            missing = count - len(self.spares)
            allowed = self._allowed()
            if allowed < missing:
                self.trouble = f"max_bytes={self._max_bytes} are in use"
                return False
            # A quarter more each time: few files, few descriptors, even for hundreds of megabytes.
            if time.monotonic() < self._retry_at or not self._grow(
                min(allowed, max(missing, self.wanted_spares, self.total // 4))
            ):
                return False
        self.trouble = None
        return True

    def recycle(self, segments: Iterable[Segment]) -> None:
        """Make the segments of a freed run spare again: first nobody's, then empty, then offered."""
        segments = list(segments)
        for segment in segments:
            segment.forget()
        for segment in segments:
            segment.wipe()
            # The last used is the next given away: its pages are mapped and in the cache.
            self.spares.appendleft(segment)
            breathe()
        if len(self.spares) > 3 * self.wanted_spares:
            self._shrink()

    def remove_files(self) -> None:
        """Unlink and unmap everything."""
        self.spares.clear()
        for file in self._files:
            file.remove()
        self._files.clear()

    def unmap(self) -> None:
        """Close every map and touch nothing: later writes raise ValueError instead of reaching the file."""
        self.spares.clear()
        for file in self._files:
            with contextlib.suppress(BufferError):
                file.memory.close()
        self._files.clear()

    def _allowed(self) -> int:
        return max(0, (self._max_bytes - self.bytes - FILE_HEADER) // self.segment_bytes)

    def hope_again(self) -> None:
        """Try at the next chance, even if there was no space a moment ago."""
        self._retry_at = 0.0

    def _grow(self, count: int) -> bool:
        while count >= 1:
            path = self._directory / f"{self._files_made:06}.journal"
            try:
                file = SegmentFile(path, self.segment_bytes, count)
            except OSError as error:
                self.trouble = f"no space for {count} segments: {error}"
                count //= 2
                continue
            self._files_made += 1
            self._files.append(file)
            self.spares.extend(file.segments())
            return True
        # Every entry that waits asks; on a full disk the answer stays the same for a while.
        self._retry_at = time.monotonic() + 1.0
        return False

    def _shrink(self) -> None:
        """Remove files that only hold spares, while enough spares stay."""
        spare_in = Counter(segment.path for segment in tuple(self.spares))
        for file in tuple(self._files):
            if spare_in[file.path] == file.count and len(self.spares) - file.count >= self.wanted_spares:
                self._retire(file)

    def _retire(self, file: SegmentFile) -> None:
        caught: list[Segment] = []
        for segment in tuple(self.spares):
            # A run that begins meanwhile may take one first.
            with contextlib.suppress(ValueError):
                if segment.path == file.path:
                    self.spares.remove(segment)
                    caught.append(segment)
        if len(caught) < file.count:
            self.spares.extend(caught)
            return
        self._files.remove(file)
        file.remove()


def _reserved_map(path: Path, size: int) -> mmap.mmap:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        return mmap.mmap(descriptor, size)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
