"""Read a piece out of a `.dict.dz` file without unpacking the whole of it.

A dictzip file is a gzip file whose header lists where each chunk of the text
begins, so that a piece is read by unpacking only the chunks it lies in
(dictzip(1): the gzip extra field `RA`). A plain gzip file is unpacked whole.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import BinaryIO

_HEADER_CRC, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16


@dataclass(frozen=True, slots=True)
class _Chunks:
    """Where the packed chunks begin in the file, and how long the text of each is."""

    text_length: int
    starts: tuple[int, ...]


class DictzipFile:
    """The text of a dictionary, a piece at a time."""

    def __init__(self, path: Path) -> None:
        """Reads the header only, unless the file is plain gzip."""
        self._path = path
        with path.open("rb") as file:
            self._chunks = _read_chunk_table(file)
        self._whole = b"" if self._chunks else gzip.decompress(path.read_bytes())

    def read(self, start: int, length: int) -> str:
        """The `length` bytes of text that begin at byte `start`, decoded."""
        if length <= 0:
            return ""
        if self._chunks is None:
            return self._whole[start : start + length].decode("utf-8", "replace")
        first, offset = divmod(start, self._chunks.text_length)
        last = (start + length - 1) // self._chunks.text_length
        text = self._unpack(self._chunks.starts[first : last + 2])
        return text[offset : offset + length].decode("utf-8", "replace")

    def _unpack(self, starts: tuple[int, ...]) -> bytes:
        with self._path.open("rb") as file:
            file.seek(starts[0])
            packed = [file.read(end - start) for start, end in pairwise(starts)]
        # Each chunk ends in a full flush, so it unpacks alone; the stream itself never ends in it.
        return b"".join(zlib.decompressobj(-zlib.MAX_WBITS).decompress(chunk) for chunk in packed)


def _read_chunk_table(file: BinaryIO) -> _Chunks | None:
    flags = file.read(10)[3]
    if not flags & _EXTRA:
        return None
    (extra_length,) = struct.unpack("<H", file.read(2))
    table = _random_access_field(file.read(extra_length))
    if table is None:
        return None
    _skip_rest_of_header(file, flags)
    _, text_length, count = struct.unpack_from("<3H", table)
    sizes = struct.unpack_from(f"<{count}H", table, 6)
    return _Chunks(text_length, tuple(accumulate(sizes, initial=file.tell())))


def _random_access_field(extra: bytes) -> bytes | None:
    position = 0
    while position + 4 <= len(extra):
        (length,) = struct.unpack_from("<H", extra, position + 2)
        if extra[position : position + 2] == b"RA":
            return extra[position + 4 : position + 4 + length]
        position += 4 + length
    return None


def _skip_rest_of_header(file: BinaryIO, flags: int) -> None:
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            while file.read(1) not in (b"\0", b""):
                pass
    if flags & _HEADER_CRC:
        file.read(2)
