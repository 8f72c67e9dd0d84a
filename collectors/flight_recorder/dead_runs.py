"""Read the runs that lie in the journal files of one directory; what cannot be read is set aside, never guessed."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from collectors.flight_recorder.layout import (
    FILE_HEADER,
    SEGMENT_HEADER,
    Chunk,
    Damaged,
    SegmentHeader,
    read_chunks,
    read_file_header,
    read_segment_header,
)
from collectors.flight_recorder.ours import NotOurs, OurDirectory
from collectors.flight_recorder.set_aside import SetAside

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeadRun:
    """What a run had recorded when its process died."""

    trace_id: int
    entries: list[bytes]
    truncated: bool
    """Something of this process's journals is damaged: there may have been more entries."""
    unfinished: int = 0
    """Entries that were on their way (waiting, or half copied) and are lost; their `append` never returned True."""


@dataclass(frozen=True)
class SegmentPlace:
    """Where a segment with a run's entries lies."""

    header: SegmentHeader
    directory: OurDirectory
    file: str
    start: int
    bytes: int


@dataclass
class RunIndex:
    """Which segments belong to which run."""

    runs: dict[int, list[list[SegmentPlace]]] = field(default_factory=dict)
    """By trace id: each journal begun for it, in time order, each with its segments in order."""
    is_damaged: bool = False
    not_ours: list[NotOurs] = field(default_factory=list)
    """What lies among the journals and is not ours alone: it was not read."""

    def segments_of(self, trace_id: int) -> list[SegmentPlace]:
        """Return a run's segments, the first first: a journal without it is no more."""
        return [place for journal in self.runs.get(trace_id, []) for place in journal]


def index_runs(directory: OurDirectory, aside: SetAside | None) -> RunIndex:
    """Find all runs in a claimed directory; what another version wrote, or damage made unreadable, goes to `aside`.

    Whoever only looks has no `aside`: then the directory may be that of a process at work.
    """
    index = RunIndex()
    journals: dict[tuple[int, int], list[SegmentPlace]] = {}
    for file in directory.names():
        if not file.endswith(".journal"):
            continue
        try:
            for place in _readable_segments(directory, file, aside):
                journals.setdefault((place.header.serial, place.header.trace_id), []).append(place)
        except NotOurs as error:
            index.not_ours.append(error)
        except FileNotFoundError:
            continue  # its process has just removed it
    for (_, trace_id), places in sorted(journals.items()):
        places.sort(key=lambda place: place.header.number)
        # Without its first segment it was freed, and the process died before the others were.
        if places[0].header.number == 0:
            index.runs.setdefault(trace_id, []).append(places)
    if aside:
        index.is_damaged = aside.has_any() or bool(index.not_ours)
        index.not_ours += aside.not_ours
    return index


def read_run(index: RunIndex, trace_id: int, *, quietly: bool = False) -> DeadRun:
    """Read a run's entries up to its end or to the first damage; `quietly` where that is no news, but work going on."""
    entries: list[bytes] = []
    truncated, unfinished = index.is_damaged, 0
    for journal in index.runs[trace_id]:
        gathered = _Entries()
        try:
            for place in _without_gaps(journal):
                for chunk in read_chunks(_bytes_of(place)):
                    gathered.add(chunk)
        except (Damaged, OSError, NotOurs) as damage:
            if not quietly:
                logger.warning("run %032x is only readable in part: %s", trace_id, damage)
            truncated = True
        entries += gathered.complete()
        unfinished += gathered.unfinished
    return DeadRun(trace_id, entries, truncated, unfinished)


class _Entries:
    """Chunks put together again, by entry number."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[bytes]] = {}
        self._complete: dict[int, bytes] = {}

    def add(self, chunk: Chunk) -> None:
        pieces = self._pieces.setdefault(chunk.entry, [])
        if chunk.number != len(pieces) or chunk.entry in self._complete:
            raise Damaged(f"chunk {chunk.number} of entry {chunk.entry} does not follow the one before")
        pieces.append(chunk.payload)
        if chunk.is_last:
            self._complete[chunk.entry] = b"".join(pieces)
            pieces.clear()

    def complete(self) -> list[bytes]:
        return [entry for _, entry in sorted(self._complete.items())]

    @property
    def unfinished(self) -> int:
        return max(self._pieces, default=-1) + 1 - len(self._complete)


def _readable_segments(directory: OurDirectory, file: str, aside: SetAside | None) -> Iterator[SegmentPlace]:
    descriptor = directory.open_file(file, os.O_RDONLY)
    try:
        try:
            segment_bytes = read_file_header(os.pread(descriptor, FILE_HEADER, 0))
        except Damaged as damage:
            if aside:
                aside.take_file(directory, file, damage)
            return
        size = os.fstat(descriptor).st_size
        for start in range(FILE_HEADER, size, segment_bytes) if segment_bytes else ():
            try:
                header = read_segment_header(os.pread(descriptor, SEGMENT_HEADER, start))
            except Damaged as damage:
                data = os.pread(descriptor, segment_bytes or 0, start)
                if aside:
                    aside.take_segment(directory, file, start, data, damage)
                continue
            if header:
                yield SegmentPlace(header, directory, file, start, segment_bytes or 0)
    finally:
        os.close(descriptor)


def _without_gaps(journal: list[SegmentPlace]) -> Iterator[SegmentPlace]:
    for number, place in enumerate(journal):
        if place.header.number != number:
            raise Damaged(f"its segment {number} is missing")
        yield place


def _bytes_of(place: SegmentPlace) -> bytes:
    descriptor = place.directory.open_file(place.file, os.O_RDONLY)
    try:
        data = os.pread(descriptor, place.bytes, place.start)
        # Looked at once more: a process that lives may have given it to another run while it was read.
        if read_segment_header(os.pread(descriptor, SEGMENT_HEADER, place.start)) != place.header:
            raise Damaged("a segment of it was freed meanwhile")
        return data
    finally:
        os.close(descriptor)
