"""Append a run's entries, from any thread, without waiting for anything.

append        → into the map at once; or, when no segment is ready, into `_waiting`, which the recorder's thread
                writes in order, and while something waits, later entries wait behind it
append_later  → into `_bulk`, which the recorder's thread writes into segments of their own, without the run's lock
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from isal.isal_zlib import crc32

from collectors.flight_recorder.background import Counts, breathe
from collectors.flight_recorder.layout import (
    AT_ONCE,
    CHUNK_HEADER,
    COMMITTED,
    WHOLE,
    checksum,
    pack_chunk,
    write_chunk,
)
from collectors.flight_recorder.pool import SegmentPool
from collectors.flight_recorder.segments import Segment
from collectors.flight_recorder.writer import BUSY, NO_ROOM, EntryWriter

INLINE_BYTES = 256 * 1024  # more is not copied on the pipeline's thread
SHARED_BYTES = 64 * 1024  # more gets segments of its own


class Desk(Protocol):
    """What a journal asks of its recorder."""

    counts: Counts

    def ask_for_drain(self, run: RunJournal) -> None:
        """Have `run.drain` called on the recorder's thread."""

    def ask_for_free(self, run: RunJournal) -> None:
        """Have `run.free` called on the recorder's thread."""

    def take_back(self, run: RunJournal, segments: list[Segment]) -> None:
        """Have the segments of a freed run made spare."""


class RunJournal(EntryWriter):
    """The journal of one run."""

    __slots__ = ("_bulk", "_desk", "_drain_is_asked", "_lock", "_waiting", "entries", "over")

    def __init__(self, desk: Desk, pool: SegmentPool, trace_id: int, serial: int, *, over: str | None = None) -> None:
        super().__init__(pool, trace_id, serial)
        self.over = over
        self.entries = 0
        self._desk = desk
        # Re-entrant, for signal handlers that append in the middle of an append.
        self._lock = threading.RLock()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._bulk: deque[tuple[int, bytes | Callable[[], bytes]]] = deque()
        self._drain_is_asked = False

    def append(self, entry: bytes) -> bool:
        """Return True when the entry is in the map: from then on it survives the death of the process.

        False: it waits in memory and is written soon, or (memory only, freed, after a fork) never; `health` counts.
        """
        lock, is_in = self._lock, False
        try:
            size = len(entry)
            told = crc32(entry) if size <= AT_ONCE else checksum(entry)
            # Not `with`, which takes twice as long (0.17 µs). Within the `try`: a signal handler may raise at once.
            try:
                lock.acquire()
                is_in = True
                # In one line: a signal handler, which may append too, only runs after calls. From here on it waits.
                limit, self._limit = self._limit, BUSY
                at = self._at
                start = at + CHUNK_HEADER
                end = start + size
                if end > limit:
                    self._limit = limit
                    return self._append_slowly(entry)
                try:
                    number, self.entries = self.entries, self.entries + 1
                    memory: Any = self._memory  # there is one wherever an entry fits
                    memory[start:end] = entry
                    pack_chunk(memory, at, told ^ number ^ WHOLE, number, WHOLE, COMMITTED + size)
                    self._at = (end + 7) & -8
                except BaseException:
                    self._wipe(at, end)
                    raise
                finally:
                    if self._limit == BUSY:
                        self._limit = limit
            finally:
                lock.release()
            return True
        except Exception as error:
            if not is_in and isinstance(error, RuntimeError) and error.__context__ is not None:
                # A handler raised while this waited for a lock that is not ours to release: that is what happened.
                raise error.__context__ from None
            self._desk.counts.error(error)
            return False

    def append_later(self, entry: bytes | Callable[[], bytes]) -> None:
        """Have a large entry written, or made and written, by the recorder's thread; it is held until then."""
        try:
            with self._lock:
                if not self._is_refused():
                    number, self.entries = self.entries, self.entries + 1
                    self._bulk.append((number, entry))
                    self._ask_for_drain("entries_later")
        except Exception as error:
            self._desk.counts.error(error)

    def free(self) -> None:
        """Forget the run, its record being durable: once this returns, no recovery will ever see it."""
        try:
            with self._lock:
                if self._limit == BUSY:
                    # A signal handler in the middle of an append: after it, then.
                    self._desk.ask_for_free(self)
                    return
                segments, self._segments = self._segments, []
                self._end(self.over or "freed")
                if segments:
                    # A run without its first segment does not exist; the others may follow at leisure.
                    segments[0].forget()
            self._desk.take_back(self, segments)
        except Exception as error:
            self._desk.counts.error(error)

    # The rest is for the recorder.

    def start(self) -> None:
        """Take a ready segment; without one the first entries wait."""
        with self._lock:
            fresh = self._pool.take_one()
            if fresh is not None:
                self._at = self._attach(fresh)
                self._memory, self._current = fresh.memory, fresh
                self._limit = self._limit_for_appends()

    def drain(self) -> bool:
        """Write what waits, as far as there are segments, on the recorder's thread; False where something is left."""
        with self._lock:
            self._drain_is_asked = False
            large = len(self._bulk)
        while self._write_next_waiting():
            pass
        for _ in range(large):
            self._write_next_large()
        return not self.waits

    @property
    def waits(self) -> int:
        """Entries in memory that are not in the map yet."""
        return len(self._waiting) + len(self._bulk)

    @property
    def is_in_the_map(self) -> bool:
        """Whether recovery would find this run."""
        return bool(self._segments)

    def stop(self, reason: str) -> None:
        """Take no more entries; what is in the map stays there."""
        with self._lock:
            self._end(self.over or reason)

    def become_inert(self) -> None:
        """Stop in a forked child, where nobody will ever release a lock that another thread held."""
        self._lock = threading.RLock()
        self._segments = []
        self._end("inherited")

    def _end(self, reason: str) -> None:
        self.over = reason
        self._limit = NO_ROOM
        self._waiting.clear()
        self._bulk.clear()
        self._leave()

    def _limit_for_appends(self) -> int:
        # Behind an entry that waits, the next one waits too.
        return NO_ROOM if self._waiting or self.over else super()._limit_for_appends()

    def _append_slowly(self, entry: bytes) -> bool:
        if self._is_refused():
            return False
        number, self.entries = self.entries, self.entries + 1
        if len(entry) > INLINE_BYTES:
            self._bulk.append((number, entry))
        elif self._limit == BUSY or self._waiting or not self._write(number, entry):
            self._waiting.append((number, entry))
            self._limit = NO_ROOM
        else:
            return True
        self._ask_for_drain("entries_waited")
        return False

    def _is_refused(self) -> bool:
        if self.over:
            self._desk.counts.add(f"entries_refused ({self.over})")
        return bool(self.over)

    def _ask_for_drain(self, why: str) -> None:
        self._desk.counts.add(why)
        if not self._drain_is_asked:
            self._drain_is_asked = True
            self._desk.ask_for_drain(self)

    def _write_next_waiting(self) -> bool:
        """Write the next small entry; False when none waits or there is no space."""
        with self._lock:
            if not self._waiting:
                self._limit = self._limit_for_appends()
                return False
            if self._write(*self._waiting[0]):
                self._waiting.popleft()
                return True
            left_over = self._left_over(len(self._waiting[0][1]))
        return self._pool.ensure_for(left_over)

    def _write_next_large(self) -> None:
        """Write the next large entry, or put it at the end of its queue."""
        with self._lock:
            if not self._bulk:
                return
            number, entry = self._bulk[0]
        if callable(entry):
            entry = self._made(entry)
        write = self._write_shared if len(entry) <= SHARED_BYTES else self._write_apart
        is_written = write(number, entry)
        with self._lock:
            # Empty where the run was freed meanwhile.
            if self._bulk:
                self._bulk.popleft()
                if not is_written:
                    self._bulk.append((number, entry))

    def _made(self, make: Callable[[], bytes]) -> bytes:
        """What `make` returns; empty where it raises, so that the entries behind it are not held up."""
        try:
            return make()
        except Exception as error:
            self._desk.counts.error(error)
            return b""

    def _write_shared(self, number: int, entry: bytes) -> bool:
        while True:
            with self._lock:
                if self.over or self._write(number, entry):
                    return True
                left_over = self._left_over(len(entry))
            if not self._pool.ensure_for(left_over):
                return False

    def _write_apart(self, number: int, entry: bytes) -> bool:
        """Write an entry into segments of its own; the lock is only held to make each of them the run's."""
        fresh = self._pool.make_for(len(entry))
        if fresh is None:
            return False
        rest, chunk = memoryview(entry), 0
        while rest and not self.over:
            segment = fresh.popleft()
            piece, rest = rest[: segment.room], rest[segment.room :]
            self._write_own_chunk(segment, number, chunk << 1 | (not rest), piece)
            chunk += 1
            breathe()
        self._pool.give_back(fresh)
        return True

    def _write_own_chunk(self, segment: Segment, number: int, word: int, piece: memoryview) -> None:
        told = checksum(piece)
        with self._lock:
            if self.over:
                self._pool.give_back([segment])
                return
            at = self._attach(segment)
            # The segment is wiped up to here, even if the run is freed in this moment.
            segment.used = at + CHUNK_HEADER + len(piece)
        write_chunk(segment.memory, at, number, word, piece, told)
