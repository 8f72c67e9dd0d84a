"""Keep spare segments ready, so that a run can begin, and grow, without touching the file system."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable

from collectors.flight_recorder.background import breathe
from collectors.flight_recorder.layout import CHUNK_HEADER, FILE_HEADER, SEGMENT_HEADER, SMALLEST_SEGMENT
from collectors.flight_recorder.ours import OurDirectory
from collectors.flight_recorder.segments import Segment, SegmentFile

_STEPS_AT_ONCE = 16
"""Segments per breath: among busy threads, each one costs as long as the others want the interpreter lock."""

_SMALLER = 4
"""How much smaller segments are made once half of the space is in use: runs that hold little are many then."""


class SegmentPool:
    """The spare segments of one recorder, and the files they lie in.

    `take` is for the pipeline's thread. Everything that makes, wipes or removes files is for the recorder's own.
    """

    def __init__(self, directory: OurDirectory | None, *, segment_bytes: int, spares: int, max_bytes: int) -> None:
        """Without a `directory`, and so without segments, it is the pool of a recorder that is memory only."""
        self.segment_bytes = self._smallest = segment_bytes
        self._small = max(SMALLEST_SEGMENT, segment_bytes // _SMALLER // SMALLEST_SEGMENT * SMALLEST_SEGMENT)
        self.spares: deque[Segment] = deque()
        self.ask_for_more: Callable[[], None] = lambda: None
        self._directory = directory
        self._fewest_spares = self._wanted_spares = spares
        self._low_water = (spares + 1) // 2
        self._max_bytes = max_bytes
        self._asked = False
        self._files: list[SegmentFile] = []
        self._files_made = self._freed = 0
        self._retry_at = 0.0
        self._trouble: str | None = None

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
        """Bytes of one entry that fit into a fresh segment, whichever it is."""
        return self._smallest - SEGMENT_HEADER - CHUNK_HEADER

    @property
    def trouble(self) -> str | None:
        """Why there are fewer spares than there should be."""
        return self._trouble if len(self.spares) < (self._fewest_spares + 1) // 2 else None

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

    def take_one(self) -> Segment | None:
        """Return a spare segment, or None where there is none: what every run begins with."""
        spares = self.spares
        try:
            return spares.popleft()
        except IndexError:
            return None
        finally:
            if len(spares) < self._low_water and not self._asked:
                self._asked = True
                self.ask_for_more()

    def take_for(self, payload_bytes: int) -> deque[Segment] | None:
        """Return spare segments that hold that many bytes of one entry, or None where there are not enough."""
        taken: deque[Segment] = deque()
        while payload_bytes > 0:
            more = self.take(1)
            if more is None:
                self.give_back(reversed(taken))
                return None
            taken += more
            payload_bytes -= more[0].room
        return taken

    def give_back(self, segments: Iterable[Segment]) -> None:
        """Return segments that were taken and not opened."""
        self.spares.extendleft(segments)

    def make_for(self, payload_bytes: int) -> deque[Segment] | None:
        """The same, made if need be, on the recorder's thread; spares are left for the pipeline."""
        self.ensure(self.needed(payload_bytes) + self._wanted_spares)
        while (taken := self.take_for(payload_bytes)) is None and self.ensure_for(payload_bytes):
            pass
        return taken

    def ensure_for(self, payload_bytes: int) -> bool:
        """Make segments for that many bytes, or some that may do; False where no more can be made."""
        return self.ensure(self.needed(payload_bytes)) or self.ensure(len(self.spares) + 1)

    def top_up(self) -> None:
        """Bring the spares up to the number wanted, as far as there is space."""
        self._asked = False
        before = self._files_made
        self.fill()
        if self._files_made > before:
            self.warm_up()

    def fill(self) -> None:
        """Make as many of the wanted spares as there is space for."""
        if not self.ensure(self._wanted_spares):
            self.ensure(min(self._wanted_spares, len(self.spares) + self._allowed()))

    def warm_up(self) -> None:
        """Map the pages of the spares there are."""
        for number, segment in enumerate(tuple(self.spares)):
            segment.warm()
            self._pause_after(number)

    def _pause_after(self, number: int) -> None:
        """Between two steps of a long job: new segments first, if runs are about to find none."""
        if len(self.spares) < self._low_water:
            self.fill()
        if number % _STEPS_AT_ONCE == _STEPS_AT_ONCE - 1:
            breathe()

    def ensure(self, count: int) -> bool:
        """Make files until `count` segments are spare; False where space or `max_bytes` does not allow it."""
        while len(self.spares) < count:
            missing = count - len(self.spares)
            allowed = self._allowed()
            if allowed < missing:
                self._trouble = f"max_bytes={self._max_bytes} are in use"
                return False
            # A quarter more each time: few files, few descriptors, even for hundreds of megabytes.
            more = max(missing, self._wanted_spares, self.total // 4)
            if time.monotonic() < self._retry_at or not self._grow(min(allowed, more)):
                return False
        return True

    def recycle(self, segments: Iterable[Segment]) -> None:
        """Make the segments of a freed run spare again: first nobody's, then empty, then offered."""
        segments = list(segments)
        for segment in segments:
            segment.forget()
        for number, segment in enumerate(segments):
            segment.wipe()
            # The last used is the next given away: its pages are mapped and in the cache.
            self.spares.appendleft(segment)
            self._pause_after(number)
        self._freed += len(segments)
        # Each look is at all spares: not after every run of thousands.
        if len(self.spares) > 3 * self._wanted_spares and self._freed >= self.total // 16:
            self._freed = 0
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

    def _large(self) -> int:
        """How many segments of full size may still be made: half of the space is for smaller ones."""
        most = self._max_bytes if self._small == self.segment_bytes else self._max_bytes // 2
        return max(0, (most - self.bytes - FILE_HEADER) // self.segment_bytes)

    def _allowed(self) -> int:
        large = self._large()
        left = self._max_bytes - self.bytes - FILE_HEADER - large * self.segment_bytes
        return large + max(0, (left - FILE_HEADER * bool(large)) // self._small)

    def _measure(self) -> None:
        """Many runs open at once are soon more: spares are kept for an eighth of what there is."""
        self._wanted_spares = max(self._fewest_spares, self.total // 8)
        self._low_water = (self._wanted_spares + 1) // 2
        self._smallest = min((file.segment_bytes for file in self._files), default=self.segment_bytes)

    def hope_again(self) -> None:
        """Try at the next chance, even if there was no space a moment ago."""
        self._retry_at = 0.0

    def _grow(self, count: int) -> bool:
        while count >= 1 and self._directory:
            name = f"{self._files_made:06}.journal"
            try:
                large = min(count, self._large())
                size = self.segment_bytes if large else self._small
                file = SegmentFile(self._directory, name, size, large or count)
            except OSError as error:
                self._trouble = f"no space for {count} segments: {error}"
                count //= 2
                continue
            self._files_made += 1
            self._files.append(file)
            self._measure()
            self.spares.extend(file.segments())
            return True
        # Every entry that waits asks; on a full disk the answer stays the same for a while.
        self._retry_at = time.monotonic() + 1.0
        return False

    def _shrink(self) -> None:
        """Remove files that only hold spares, while enough spares stay."""
        spare_in = Counter(segment.file for segment in tuple(self.spares))
        for file in tuple(self._files):
            if spare_in[file.name] == file.count and len(self.spares) - file.count >= self._wanted_spares:
                self._retire(file)

    def _retire(self, file: SegmentFile) -> None:
        caught: list[Segment] = []
        for segment in tuple(self.spares):
            # A run that begins meanwhile may take one first.
            with contextlib.suppress(ValueError):
                if segment.file == file.name:
                    self.spares.remove(segment)
                    caught.append(segment)
        if len(caught) < file.count:
            self.spares.extend(caught)
            return
        self._files.remove(file)
        self._measure()
        file.remove()
