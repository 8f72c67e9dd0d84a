"""The bytes of a journal file: what the writer packs and the reader unpacks, in one place.

    file     = file header (one page) · segment · segment · …
    segment  = segment header (64 bytes) · chunk · chunk · … · zeros
    chunk    = checksum, entry number, chunk word, commit word (16 bytes) · payload · zeros to a multiple of 8

An entry is one chunk, or several where a segment ended in between. In every header the field that makes it count is
written last, and space that was never written is zero: a process killed in the middle leaves nothing half-said.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from isal.isal_zlib import crc32

FORMAT_VERSION = 1
FILE_HEADER = 4096
SEGMENT_HEADER = 64
CHUNK_HEADER = 16
SMALLEST_SEGMENT = 4096
LARGEST_SEGMENT = 2**20

# The chunk word is (chunk number << 1) | (1 in the last chunk): an entry in one piece has this one.
WHOLE = 1
# The commit word is this plus the payload's length. Two of its bytes are never zero, so one damaged byte cannot make
# a committed chunk look like unwritten space.
COMMITTED = 0xA0000001
COMMITTED_END = 0xB0000000

_FILE_MAGIC = b"OTRACKFR"
SEGMENT_MAGIC = b"SEGMENT\x01"
_SEGMENT_MAGIC = int.from_bytes(SEGMENT_MAGIC, "little")
_FILE = struct.Struct("<III")  # format version, bytes of a segment, checksum
_SEGMENT_OF = struct.Struct("<IIQ16s")  # format version, segment number, serial, trace id
_CHECK = struct.Struct("<II")  # checksum of these, unused
_SEGMENT = struct.Struct("<IIQ16sII")  # both
_MAGIC = struct.Struct("<Q")
_CHUNK = struct.Struct("<IIII")
_MAGIC_AT = _SEGMENT.size

AT_ONCE = 5120  # bytes that `crc32` looks at without letting go of the interpreter lock

pack_chunk = _CHUNK.pack_into  # the fast path calls it directly


class Damaged(Exception):
    """These bytes are not what this version of the recorder wrote."""


class SegmentHeader(NamedTuple):
    """Whose entries a segment holds: the run, and the segment's place in it."""

    trace_id: int
    serial: int
    number: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one entry."""

    entry: int
    number: int
    is_last: bool
    payload: bytes


def checksum(payload: bytes | memoryview) -> int:
    """Return the CRC-32 of `payload`, without ever letting go of the interpreter lock.

    `crc32` releases that lock above 5 KB, and beside a busy thread getting it back takes 5 ms (measured for 40 KB with
    that of zlib: 12 µs in pieces, 18 µs and now and then 5,300 µs in one go; that of isal takes a tenth).
    """
    if len(payload) <= AT_ONCE:
        return crc32(payload)
    value, whole = 0, memoryview(payload)
    for start in range(0, len(payload), AT_ONCE):
        value = crc32(whole[start : start + AT_ONCE], value)
    return value


def write_file_header(memory: mmap.mmap, segment_bytes: int) -> None:
    """Say which format the file has; until the last eight bytes are there, the file counts as empty."""
    fields = struct.pack("<II", FORMAT_VERSION, segment_bytes)
    _FILE.pack_into(memory, 8, FORMAT_VERSION, segment_bytes, crc32(fields))
    memory[0:8] = _FILE_MAGIC


def read_file_header(page: bytes) -> int | None:
    """Return the bytes of a segment in this file, or None where the file was never put to use."""
    # Empty: killed between making the file and reserving its space.
    if not page or page[:8] == bytes(8):
        return None
    if len(page) < FILE_HEADER:
        raise Damaged(f"the file ends after {len(page)} bytes")
    version, segment_bytes, told = _FILE.unpack_from(page, 8)
    if page[:8] != _FILE_MAGIC or version != FORMAT_VERSION:
        raise Damaged(f"magic {page[:8]!r} and format version {version}, not {_FILE_MAGIC!r} and {FORMAT_VERSION}")
    if told != crc32(page[8:16]):
        raise Damaged("the file header does not match its checksum")
    # So many are read at once, whatever the file says.
    if not SMALLEST_SEGMENT <= segment_bytes <= LARGEST_SEGMENT:
        raise Damaged(f"segments of {segment_bytes} bytes")
    return int(segment_bytes)


def write_segment_header(memory: mmap.mmap, start: int, header: tuple[int, int, int]) -> None:
    """Give a zeroed segment to a run, as a `SegmentHeader` has it, the magic last."""
    trace_id, serial, number = header
    named = _SEGMENT_OF.pack(FORMAT_VERSION, number, serial, trace_id.to_bytes(16, "big"))
    memory[start : start + _MAGIC_AT] = named + _CHECK.pack(crc32(named), 0)
    _MAGIC.pack_into(memory, start + _MAGIC_AT, _SEGMENT_MAGIC)


def read_segment_header(data: bytes) -> SegmentHeader | None:
    """Return whose entries the segment holds, or None where nobody's."""
    (magic,) = _MAGIC.unpack_from(data, _MAGIC_AT)
    if magic == 0:
        return None
    version, number, serial, trace_id, told, _ = _SEGMENT.unpack_from(data)
    if magic != _SEGMENT_MAGIC or version != FORMAT_VERSION:
        raise Damaged(f"segment magic {magic:#x} and format version {version}")
    if told != crc32(data[: _SEGMENT_OF.size]):
        raise Damaged("the segment header does not match its checksum")
    return SegmentHeader(int.from_bytes(trace_id, "big"), serial, number)


def forget_at(start: int) -> int:
    """Return where in a file lie the eight bytes that, zeroed, make the segment at `start` nobody's."""
    return start + _MAGIC_AT


def trace_id_at(start: int) -> int:
    """Return where in a file lie the sixteen bytes that say whose the segment at `start` is."""
    return start + struct.calcsize("<IIQ")


def write_chunk(memory: mmap.mmap, at: int, entry: int, word: int, payload: bytes | memoryview, told: int) -> int:
    """Write one piece of an entry, the commit word last; return where the next chunk goes."""
    end = at + CHUNK_HEADER + len(payload)
    memory[at + CHUNK_HEADER : end] = payload
    pack_chunk(memory, at, told ^ entry ^ word, entry, word, COMMITTED + len(payload))
    return aligned(end)


def read_chunks(data: bytes) -> Iterator[Chunk]:
    """Yield a segment's chunks in the order written; raise `Damaged` at the first that is not as written."""
    at = SEGMENT_HEADER
    while at + CHUNK_HEADER <= len(data):
        told, entry, word, commit = _CHUNK.unpack_from(data, at)
        if commit == 0:
            return
        end = at + CHUNK_HEADER + commit - COMMITTED
        if not COMMITTED <= commit < COMMITTED_END or end > len(data):
            raise Damaged(f"commit word {commit:#x} at byte {at}")
        payload = data[at + CHUNK_HEADER : end]
        # Entry number and chunk word are part of the checksum, so damage in them cannot move an entry.
        if told != crc32(payload) ^ entry ^ word:
            raise Damaged(f"the chunk at byte {at} does not match its checksum")
        yield Chunk(entry, word >> 1, bool(word & 1), payload)
        at = aligned(end)


def aligned(position: int) -> int:
    """Return the next multiple of eight: a commit word that lies aligned is stored in one go."""
    return (position + 7) & -8
