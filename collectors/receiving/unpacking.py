"""Unpack a request's body, never to more than was agreed: gzip of several members, zlib, and deflate alone."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from isal import isal_zlib

MOST_MEMBERS = 1_000
"""Members of one gzip body. Exporters write one, proxies a few; each costs time, however small it is."""

_CHUNK = 64 * 2**10
_ZLIB, _RAW, _GZIP = zlib.MAX_WBITS, -zlib.MAX_WBITS, zlib.MAX_WBITS | 16
_WINDOWS = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (_ZLIB, _RAW)}
"""How each encoding may begin. What is called deflate is zlib by the book, and bare with some senders."""

ENCODINGS = frozenset(_WINDOWS)


ORDINARY = b"\x1f\x8b\x08\x00"
"""How gzip begins that says nothing of itself, as all exporters write it."""


class Unpacked(NamedTuple):
    """A body, and the gzip that says exactly that and nothing else; None where it came otherwise."""

    body: bytes
    zipped: bytes | None = None


class TooLarge(Exception):
    """The body would be larger than what was agreed."""


def unpacked(body: bytes, encoding: str, largest: int) -> Unpacked:
    """The body as it was before it was packed, all members of it.

    Raises `TooLarge`, and `ValueError` for what is packed otherwise, ends too early or goes on with something else.
    """
    if (ordinary := _at_once(body, encoding, largest)) is not None:
        return Unpacked(ordinary, zipped=body)
    *others, last = _WINDOWS[encoding]
    for window in others:
        try:
            return Unpacked(_unpack(body, window, largest))
        except ValueError:
            continue
    return Unpacked(_unpack(body, last, largest))


def _at_once(body: bytes, encoding: str, largest: int) -> bytes | None:
    """The body where it is one ordinary member of gzip and nothing else, in two thirds of zlib's time; None elsewhere.

    What is odd about the others is for zlib to say: ISA-L takes reserved flags for none, and knows no padding.
    """
    if _GZIP not in _WINDOWS[encoding] or not body.startswith(ORDINARY):
        return None
    unpacking = isal_zlib.decompressobj(_GZIP)
    try:
        unpacked_body: bytes = unpacking.decompress(body, largest + 1)
    except isal_zlib.error:  # type: ignore[misc]  # its stubs say that it is an instance
        return None
    if len(unpacked_body) > largest:
        raise TooLarge
    return unpacked_body if unpacking.eof and not unpacking.unused_data else None


def _unpack(body: bytes, window: int, largest: int) -> bytes:
    parts: list[bytes] = []
    position, left = 0, largest
    for _ in range(MOST_MEMBERS):
        position, left = _member(body, position, window, parts, left)
        # RFC 1952: members follow each other without anything between; zeros at the end are padding.
        follows = body[position : position + 1]
        if not follows or (window == _GZIP and follows == b"\0" and not body[position:].strip(b"\0")):
            return b"".join(parts)
        if window != _GZIP:
            break
    raise ValueError("something follows that is not a part of it")


def _member(body: bytes, position: int, window: int, parts: list[bytes], left: int) -> tuple[int, int]:
    """Unpack the member that begins at `position`; where it ends, and how many bytes may still come."""
    unpacking = zlib.decompressobj(window)
    while not unpacking.eof:
        chunk = unpacking.unconsumed_tail
        if not chunk:
            chunk = body[position : position + _CHUNK]
            position += len(chunk)
            if not chunk:
                raise ValueError("it ends too early")
        try:
            part = unpacking.decompress(chunk, left + 1)
        except zlib.error as trouble:
            raise ValueError("it is packed otherwise") from trouble
        left -= len(part)
        if left < 0:
            raise TooLarge
        parts.append(part)
    return position - len(unpacking.unused_data), left
