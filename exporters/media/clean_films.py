"""Take the tags out of films and 3D models. None, or `ValueError`, for what is not understood."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

_MP4_PARENTS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"moof", b"traf", b"mvex", b"edts"))
_MP4_TAGS = frozenset((b"udta", b"meta", b"uuid", b"free", b"skip", b"wide", b"XMP_", b"ID32"))
_MP4_KNOWN = frozenset((b"ftyp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"styp")) | _MP4_TAGS
_MP4_SEEN = frozenset((b"vide", b"soun", b"hint"))
"""The kinds of tracks that are seen or heard; another may be the places where a camera was."""

_VOID = 0xEC
_SEGMENT, _CLUSTER, _INFO = 0x18538067, 0x1F43B675, 0x1549A966
_EBML_TAGS = frozenset((0x1254C367, 0x1941A469, 0x1043A770))
"""Tags, attachments, chapters."""
_EBML_TITLES = frozenset((0x7BA9, 0x7384, 0x5741, 0x4D80, 0x4461))
"""Title, file name, writing and muxing program, date."""
_MP4_LARGEST_DEPTH = 8


def clean_mp4(content: bytes) -> bytes | None:
    """MP4 and QuickTime: boxes of tags become empty ones of the same size, so that everything stays where it was."""
    made = bytearray(content)
    if any(name not in _MP4_KNOWN for name, _, _, _ in _boxes(content, 0, len(content))):
        return None
    _silence_boxes(made, 0, len(made), 0)
    return bytes(made)


def _silence_boxes(made: bytearray, start: int, end: int, depth: int) -> None:
    for name, at, body, stop in list(_boxes(made, start, end)):
        if name in _MP4_TAGS:
            made[at + 4 : at + 8] = b"free"
            made[body:stop] = bytes(stop - body)
        elif name == b"hdlr" and bytes(made[body + 8 : body + 12]) not in _MP4_SEEN:
            raise ValueError("a track that is neither seen nor heard")
        elif name == b"hdlr":
            # Behind its kind it may have a name.
            made[body + 24 : stop] = bytes(max(stop - body - 24, 0))
        elif name in _MP4_PARENTS and depth < _MP4_LARGEST_DEPTH:
            _silence_boxes(made, body, stop, depth + 1)


def _boxes(content: bytes | bytearray, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Name of each box, where it begins, where its body begins, and where it ends."""
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", content, start)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", content, start + 8), 16
        stop = start + size if size else end
        if stop > end or (size and size < head):
            raise ValueError("a box that does not fit")
        yield bytes(name), start, start + head, stop
        start = stop
    if start != end:
        raise ValueError("something behind the boxes")


def clean_webm(content: bytes) -> bytes | None:
    """WebM and Matroska: elements of tags become void ones of the same size."""
    made = bytearray(content)
    has_pictures = False
    for name, _, body, stop in _elements(content, 0, len(content)):
        if name != _SEGMENT:
            continue
        for inner, at, inside, end in _elements(content, body, stop):
            has_pictures = has_pictures or inner == _CLUSTER
            if inner in _EBML_TAGS:
                _silence_element(made, at, end)
            elif inner == _INFO:
                for field, place, _, last in _elements(content, inside, end):
                    if field in _EBML_TITLES:
                        _silence_element(made, place, last)
    return bytes(made) if has_pictures else None


def _silence_element(made: bytearray, start: int, end: int) -> None:
    size = end - start
    if size < 2:
        raise ValueError("an element that is too small")
    # One byte of size where that is enough, else eight.
    head = (
        bytes([_VOID, 0x80 | (size - 2)])
        if size - 2 < 127
        else bytes([_VOID]) + ((1 << 56) | (size - 9)).to_bytes(8, "big")
    )
    made[start:end] = head.ljust(size, b"\0")


def _elements(content: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Name of each element, where it begins, where its body begins, and where it ends."""
    while start < end:
        name, at = _number(content, start, keep_mark=True)
        size, body = _number(content, at, keep_mark=False)
        is_unknown = size == (1 << 7 * (body - at)) - 1
        stop = end if is_unknown else body + size
        if stop > end or (is_unknown and name != _SEGMENT):
            raise ValueError("an element that does not fit")
        yield name, start, body, stop
        start = stop


def _number(content: bytes, start: int, *, keep_mark: bool) -> tuple[int, int]:
    first = content[start]
    length = 9 - first.bit_length()
    if length > 8:
        raise ValueError("no number")
    value = int.from_bytes(content[start : start + length], "big")
    return value if keep_mark else value & ((1 << 7 * length) - 1), start + length


def clean_model(content: bytes) -> bytes | None:
    """Binary glTF: without what its JSON says beside the scene, and without chunks of others."""
    length, kind = struct.unpack_from("<I4s", content, 12)
    if kind != b"JSON" or content[4:8] != b"\2\0\0\0":
        return None
    scene = json.loads(content[20 : 20 + length])
    scene["asset"] = {"version": scene["asset"]["version"]}
    text = json.dumps(_without_words(scene), separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    start = 20 + length
    if start < len(content):
        size, kind = struct.unpack_from("<I4s", content, start)
        if kind != b"BIN\0":
            return None
        chunks += content[start : start + 8 + size]
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def _without_words(value: Any) -> Any:
    """Names and extras go everywhere; what is meant by a name in glTF is meant by a number."""
    if isinstance(value, dict):
        return {name: _without_words(entry) for name, entry in value.items() if name not in ("extras", "name")}
    return [_without_words(entry) for entry in value] if isinstance(value, list) else value
