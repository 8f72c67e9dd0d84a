"""The bytes of an entry of the spool: what it holds, length and crc32, who sent it, the request's body.

A body that came as gzip, and of which nothing had to be taken, is kept as it came: a seventh of the bytes to be summed,
written and synced while a sender waits.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple, Self

from isal.isal_zlib import crc32, decompress

PROTOBUF, JSON = b"P", b"J"

_LONGEST_SENDER = 200
_HEADER = struct.Struct(">cII")
_SENDER_SIZE = struct.Struct(">H")
_WITH_SENDER = {PROTOBUF: b"p", JSON: b"j"}
_ZIPPED = {PROTOBUF: b"z", JSON: b"y"}
_OF_EARLIER = {PROTOBUF: PROTOBUF, JSON: JSON}
"""Capitals are entries of earlier versions, which did not keep the sender."""

_KINDS = {written: kind for table in (_WITH_SENDER, _ZIPPED, _OF_EARLIER) for kind, written in table.items()}
"""What an entry's first byte says."""

_GZIP = 31


class PackedEntry(NamedTuple):
    """An entry as it is written."""

    written: bytes
    content: bytes
    checksum: int

    @classmethod
    def of(cls, kind: bytes, body: bytes, sender: str, *, zipped: bytes | None = None) -> Self:
        """The entry of a request; `zipped` is its body as one member of gzip, where there is one."""
        who = sender.encode("ascii", "replace")[:_LONGEST_SENDER]
        written, kept = (_WITH_SENDER[kind], body) if zipped is None else (_ZIPPED[kind], zipped)
        return cls._of(written, b"".join((_SENDER_SIZE.pack(len(who)), who, kept)))

    @property
    def is_sound(self) -> bool:
        """Whether it is what was written, and of a kind that is known."""
        return crc32(self.content) == self.checksum and self.written in _KINDS

    @property
    def kind(self) -> bytes:
        """What it holds."""
        return _KINDS[self.written]

    @property
    def sender(self) -> str:
        """Who sent it; empty where an earlier version did not keep that."""
        return self.content[_SENDER_SIZE.size : self._body_at].decode()

    @property
    def body(self) -> bytes:
        """The request's body."""
        kept = self.content[self._body_at :]
        return decompress(kept, _GZIP) if self._is_zipped else kept

    def with_body(self, body: bytes) -> Self:
        """The same with another body."""
        written = _WITH_SENDER[self.kind] if self._is_zipped else self.written
        return self._of(written, self.content[: self._body_at] + body)

    def to_bytes(self) -> bytes:
        """What stands in the file."""
        return _HEADER.pack(self.written, len(self.content), self.checksum) + self.content

    @classmethod
    def _of(cls, written: bytes, content: bytes) -> Self:
        return cls(written, content, crc32(content))

    @property
    def _is_zipped(self) -> bool:
        return self.written in _ZIPPED.values()

    @property
    def _body_at(self) -> int:
        if self.written in _OF_EARLIER:
            return 0
        [length] = _SENDER_SIZE.unpack_from(self.content)
        return _SENDER_SIZE.size + int(length)


def read_packed(file: BinaryIO) -> PackedEntry:
    """The entry that begins here, sound or not. Raises `EOFError` where no whole one does."""
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise EOFError
    written, size, checksum = _HEADER.unpack(header)
    content = file.read(size)
    if len(content) < size:
        raise EOFError
    return PackedEntry(written, content, checksum)
