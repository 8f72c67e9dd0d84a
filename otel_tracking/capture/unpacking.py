"""Unpack a content encoding piece by piece, and never to more than was asked for."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Protocol, cast

SLICE = 1024
"""Bytes that are given at a time to a library that has no bound of its own: what comes of them is bounded too."""


class TooMuch(Exception):
    """More would come out than was asked for."""


class Unpacker(Protocol):
    """What is packed in, what was packed out."""

    def take(self, data: bytes) -> bytes:
        """What the next bytes hold. Raises TooMuch, or the library's own error for bytes that are not what they say."""
        ...


def unpacker_for(encoding: str, limit: int) -> Unpacker | None:
    """What unpacks `encoding` to at most `limit` bytes, or None where nothing here can."""
    make = _UNPACKERS.get(encoding)
    try:
        return None if make is None else make(limit)
    except ImportError:
        return None


class _Gzip:
    """gzip, all members of it: a server may send one for each part (RFC 1952, section 2.2)."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._between = b""

    def take(self, data: bytes) -> bytes:
        """What the next bytes hold; what follows the last member and is none is ignored, as gzip does."""
        parts = []
        data = self._between + data
        self._between = b""
        while data:
            if self._member.eof:
                data = data.lstrip(b"\0")
                if len(data) < len(_GZIP_MAGIC):
                    self._between = data
                    break
                if not data.startswith(_GZIP_MAGIC):
                    break
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            parts.append(_bounded(self._member, data, self._left))
            self._left -= len(parts[-1])
            data = self._member.unused_data
        return b"".join(parts)


_GZIP_MAGIC = b"\x1f\x8b"


class _Deflate:
    """deflate, with its zlib frame or, as some servers send it, without."""

    def __init__(self, limit: int) -> None:
        self._left, self._decoder, self._is_first = limit, zlib.decompressobj(), True

    def take(self, data: bytes) -> bytes:
        """What the next bytes hold."""
        try:
            unpacked = _bounded(self._decoder, data, self._left)
        except zlib.error:
            if not self._is_first:
                raise
            self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
            unpacked = _bounded(self._decoder, data, self._left)
        self._is_first &= not data
        self._left -= len(unpacked)
        return unpacked


def _bounded(decoder: Any, data: bytes, left: int) -> bytes:
    unpacked: bytes = decoder.decompress(data, left + 1)
    if len(unpacked) > left:
        raise TooMuch
    return unpacked


class _Brotli:
    """br, where the package is that lets an HTTP client ask for it."""

    def __init__(self, limit: int) -> None:
        self._left, self._decoder = limit, import_module("brotli").Decompressor()

    def take(self, data: bytes) -> bytes:
        """What the next bytes hold."""
        parts: list[bytes] = []
        while data or not self._decoder.can_accept_more_data():
            parts.append(self._decoder.process(data, output_buffer_limit=self._left + 1))
            data = b""
            self._left -= len(parts[-1])
            if self._left < 0:
                raise TooMuch
        return b"".join(parts)


class _Zstd:
    """zstd, all frames of it."""

    def __init__(self, limit: int) -> None:
        self._left, self._make = limit, _zstd_decoder()
        self._frame = self._make()

    def take(self, data: bytes) -> bytes:
        """What the next bytes hold."""
        parts = []
        while data:
            if self._frame.eof:
                self._frame = self._make()
            # A block of four bytes may hold 128 KiB, and the older library knows no bound.
            piece, data = data[:SLICE], data[SLICE:]
            parts.append(self._frame.decompress(piece))
            data = self._frame.unused_data + data if self._frame.eof else data
            self._left -= len(parts[-1])
            if self._left < 0:
                raise TooMuch
        return b"".join(parts)


def _zstd_decoder() -> Callable[[], Any]:
    """The decoder of the library that the HTTP clients of this Python use."""
    with suppress(ImportError):
        return cast("Callable[[], Any]", import_module("compression.zstd").ZstdDecompressor)
    with suppress(ImportError):
        return cast("Callable[[], Any]", import_module("backports.zstd").ZstdDecompressor)
    return cast("Callable[[], Any]", import_module("zstandard").ZstdDecompressor().decompressobj)


_UNPACKERS: dict[str, Callable[[int], Unpacker]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
