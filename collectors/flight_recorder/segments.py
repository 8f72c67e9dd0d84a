"""Reserve stretches of RAM disk and map them, so that writing there can never fail.

Space is reserved with `posix_fallocate` before it is mapped and a mapped file is never truncated: writing to a map
whose page cannot be had kills the process with SIGBUS. Many segments share one file, because Python's `mmap` keeps a
file descriptor open for each map.
"""

from __future__ import annotations

import contextlib
import mmap
import os

from collectors.flight_recorder import layout
from collectors.flight_recorder.layout import CHUNK_HEADER, FILE_HEADER, SEGMENT_HEADER
from collectors.flight_recorder.ours import OurDirectory, naming

_ZEROS = bytes(64 * 1024)
_MADV_POPULATE_WRITE = 23  # Linux 5.14; Python 3.11 has no name for it


class Segment:
    """A stretch of a mapped file that belongs to one run at a time."""

    __slots__ = ("end", "file", "memory", "start", "used")

    def __init__(self, memory: mmap.mmap, file: str, start: int, end: int) -> None:
        self.memory = memory
        self.file = file
        self.start = start
        self.end = end
        self.used = start

    @property
    def room(self) -> int:
        """Bytes of one entry that fit into it."""
        return self.end - self.start - SEGMENT_HEADER - CHUNK_HEADER

    def open(self, header: tuple[int, int, int]) -> int:
        """Give the segment to a run, as its `SegmentHeader` says; return where its first chunk goes."""
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

    def __init__(self, directory: OurDirectory, name: str, segment_bytes: int, count: int) -> None:
        self.name = name
        self.count, self.segment_bytes = count, segment_bytes
        self.bytes = FILE_HEADER + count * segment_bytes
        self._directory = directory
        self.memory = _reserved_map(directory, name, self.bytes)
        layout.write_file_header(self.memory, segment_bytes)

    def segments(self) -> list[Segment]:
        """Return its segments, all nobody's."""
        size = self.segment_bytes
        starts = range(FILE_HEADER, self.bytes, size)
        return [Segment(self.memory, self.name, start, start + size) for start in starts]

    def remove(self) -> None:
        """Give the memory back to the system."""
        self._directory.unlink(self.name)
        self.memory.close()


def _reserved_map(directory: OurDirectory, name: str, size: int) -> mmap.mmap:
    descriptor = directory.open_file(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        with naming(directory.path / name):
            os.posix_fallocate(descriptor, 0, size)
            return mmap.mmap(descriptor, size)
    except BaseException:
        directory.unlink(name)
        raise
    finally:
        os.close(descriptor)
