"""Put entries into a run's segments: the part of a journal that knows nothing of threads.

The caller holds the run's lock. Between two statements a signal handler may still append to the same run; `BUSY` sends
it another way.
"""

from __future__ import annotations

import contextlib
import mmap
from collections import deque

from collectors.flight_recorder.layout import CHUNK_HEADER, checksum, write_chunk
from collectors.flight_recorder.pool import SegmentPool
from collectors.flight_recorder.segments import Segment

# `limit` is where the current segment ends, or one of these: no entry ends before them, so that one comparison tells
# the fast path everything.
NO_ROOM = -1
BUSY = -2


class EntryWriter:
    """The segments of one run, and where its next chunk goes."""

    __slots__ = ("_at", "_current", "_limit", "_memory", "_pool", "_segments", "serial", "trace_id")

    def __init__(self, pool: SegmentPool, trace_id: int, serial: int) -> None:
        self.trace_id = trace_id
        self.serial = serial
        self._pool = pool
        self._segments: list[Segment] = []
        self._current: Segment | None = None
        self._memory: mmap.mmap | None = None
        self._at = 0
        self._limit = NO_ROOM

    def _write(self, number: int, entry: bytes) -> bool:
        """Write an entry, in several chunks where a segment ends; False, and nothing done, without enough segments."""
        self._limit = BUSY
        fresh = None
        try:
            fresh = self._pool.take_for(self._left_over(len(entry)))
            if fresh is not None:
                self._write_chunks(number, memoryview(entry), fresh)
            return fresh is not None
        finally:
            self._pool.give_back(fresh or ())
            if self._limit == BUSY:
                self._limit = self._limit_for_appends()

    def _write_chunks(self, number: int, rest: memoryview, fresh: deque[Segment]) -> None:
        chunk = 0
        while True:
            room = self._room()
            if room <= 0:
                self._enter(fresh.popleft())
                continue
            piece, rest = rest[:room], rest[room:]
            self._put(number, chunk << 1 | (not rest), piece)
            if not rest:
                return
            chunk += 1

    def _put(self, number: int, word: int, piece: memoryview) -> None:
        assert self._memory is not None
        at = self._at
        try:
            self._at = write_chunk(self._memory, at, number, word, piece, checksum(piece))
        except BaseException:
            self._wipe(at, at + CHUNK_HEADER + len(piece))
            raise

    def _wipe(self, at: int, end: int) -> None:
        """Undo a chunk that an exception (a signal handler's) broke off: unwritten space is zero, its header first."""
        memory = self._memory
        if memory is None:
            return
        # ValueError: after a fork the map is closed, and there is nothing to undo.
        with contextlib.suppress(ValueError):
            memory[at : at + CHUNK_HEADER] = bytes(CHUNK_HEADER)
            memory[at:end] = bytes(end - at)

    def _enter(self, segment: Segment) -> None:
        """Make `segment` the one that small entries go to."""
        self._leave()
        self._at = self._attach(segment)
        self._memory = segment.memory
        self._current = segment

    def _attach(self, segment: Segment) -> int:
        """Make `segment` the run's next; return where its first chunk goes."""
        segments = self._segments
        at = segment.open((self.trace_id, self.serial, len(segments)))
        segments.append(segment)
        return at

    def _leave(self) -> None:
        if self._current:
            self._current.used = self._at
        self._current = self._memory = None

    def _left_over(self, size: int) -> int:
        """Return how much of an entry does not fit into the current segment; at least a byte where it is full."""
        room = self._room()
        return size - room if room > 0 else max(size, 1)

    def _room(self) -> int:
        return self._current.end - self._at - CHUNK_HEADER if self._current else 0

    def _limit_for_appends(self) -> int:
        return self._current.end if self._current else NO_ROOM
