"""Overwrite what runs left in files of the dead: a header that is zeroed hides a text, and leaves it where it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from collectors.flight_recorder.layout import (
    FILE_HEADER,
    SEGMENT_MAGIC,
    Damaged,
    forget_at,
    read_file_header,
    read_segment_header,
    trace_id_at,
)
from collectors.flight_recorder.ours import OurDirectory
from collectors.flight_recorder.place import SET_ASIDE
from otel_tracking.erasure import Step

JOURNAL = ".journal"


class Wiped(NamedTuple):
    """A file in which something was overwritten, and how many bytes."""

    file: str
    bytes: int


class _Stretch(NamedTuple):
    start: int
    data: bytes

    @property
    def trace_id(self) -> int:
        """Whose it says it is, whether or not its header is sound."""
        at = trace_id_at(0)
        return int.from_bytes(self.data[at : at + 16], "big")

    @property
    def is_nobodys(self) -> bool:
        """Whether it was freed, and not everything in it was wiped before its process died."""
        try:
            return read_segment_header(self.data) is None and any(self.data)
        except Damaged:
            return False


def wipe_runs(directory: OurDirectory, trace_ids: frozenset[int], step: Step) -> list[Wiped]:
    """Overwrite the segments of runs in a claimed directory, and those that are nobody's and not empty."""
    wiped = []
    for file in _journals(directory):
        with _opened(directory, file, os.O_RDWR) as descriptor:
            found = [one for one in _segments(descriptor) if one.trace_id in trace_ids or one.is_nobodys]
            for one in found:
                step(f"overwrite {file} at {one.start}")
                _wipe(descriptor, one)
        if found:
            wiped.append(Wiped(file, sum(len(one.data) for one in found)))
    return wiped


def journals_with(directory: OurDirectory, trace_ids: frozenset[int]) -> list[str]:
    """The files in an owner's directory in which something says that it is of one of these runs."""
    found = []
    for file in _journals(directory):
        with _opened(directory, file, os.O_RDONLY) as descriptor:
            if any(one.trace_id in trace_ids for one in _segments(descriptor)):
                found.append(file)
    return found


def wipe_set_aside(namespace: OurDirectory, trace_ids: frozenset[int], step: Step) -> list[Wiped]:
    """The same in what was set aside, as far as it says whose it is; a file in which nothing is left goes."""
    wiped = []
    with namespace.directory(SET_ASIDE) as aside:
        for file in aside.names():
            with _opened(aside, file, os.O_RDWR) as descriptor:
                size = os.fstat(descriptor).st_size
                found = _of_runs(descriptor, file, trace_ids)
                for one in found:
                    step(f"overwrite {file} at {one.start}")
                    _wipe(descriptor, one)
                # A copy that a death left half written: what it was made of is still where it was.
                is_empty = file.endswith(".new") or not any(os.pread(descriptor, size, 0)[_first(file) :])
            if is_empty:
                step(f"remove {file}")
                aside.unlink(file)
            if found or is_empty:
                wiped.append(Wiped(file, sum(len(one.data) for one in found) or size))
    return wiped


def set_aside_with(namespace: OurDirectory, trace_ids: frozenset[int]) -> list[str]:
    """What was set aside and says that it is of one of these runs."""
    with namespace.directory(SET_ASIDE) as aside:
        found = []
        for file in aside.names():
            with _opened(aside, file, os.O_RDONLY) as descriptor:
                if _of_runs(descriptor, file, trace_ids):
                    found.append(file)
        return found


def _journals(directory: OurDirectory) -> list[str]:
    return [name for name in directory.names() if name.endswith(JOURNAL)]


@contextmanager
def _opened(directory: OurDirectory, file: str, flags: int) -> Iterator[int]:
    descriptor = directory.open_file(file, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _segments(descriptor: int) -> Iterator[_Stretch]:
    try:
        size = read_file_header(os.pread(descriptor, FILE_HEADER, 0))
    except Damaged:
        return
    for start in range(FILE_HEADER, os.fstat(descriptor).st_size, size) if size else ():
        yield _Stretch(start, os.pread(descriptor, size or 0, start))


def _of_runs(descriptor: int, file: str, trace_ids: frozenset[int]) -> list[_Stretch]:
    """The segments of runs in a file whose header cannot be read, or in one segment whose own cannot be."""
    data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    starts = [] if _first(file) else [0]
    at = data.find(SEGMENT_MAGIC)
    while at >= 0:
        starts.append(max(0, at - forget_at(0)))
        at = data.find(SEGMENT_MAGIC, at + 1)
    starts = sorted(set(starts))
    stretches = [_Stretch(start, data[start:end]) for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]
    return [one for one in stretches if one.trace_id in trace_ids]


def _first(file: str) -> int:
    """Where the first segment is in something that was set aside: a whole file, or one segment."""
    return FILE_HEADER if file.endswith(JOURNAL) else 0


def _wipe(descriptor: int, stretch: _Stretch) -> None:
    # Nobody's first: whoever reads it half overwritten would take that for damage.
    os.pwrite(descriptor, bytes(8), stretch.start + forget_at(0))
    os.pwrite(descriptor, bytes(len(stretch.data)), stretch.start)
