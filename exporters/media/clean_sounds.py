"""Take the tags out of sounds: every sample stays as it is. None, or `ValueError`, for what is not understood."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEARD = frozenset((b"fmt ", b"fact", b"data"))
"""The chunks of a WAV file that a player needs."""

_FLAC_KEPT = frozenset((0, 3))
"""The blocks of a FLAC file that a player needs: what kind of stream it is, and where to seek."""

_OGG_TAGS = (b"OpusTags", b"\x03vorbis")


def clean_wav(content: bytes) -> bytes | None:
    """RIFF: the format and the samples."""
    kept = {name: body for name, body in _riff_chunks(content) if name in _HEARD}
    if not {b"fmt ", b"data"} <= kept.keys():
        return None
    body = b"".join(
        name + struct.pack("<I", len(kept[name])) + kept[name] + b"\0" * (len(kept[name]) % 2) for name in kept
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def _riff_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 12
    while start + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, start)
        # Who writes a stream does not know how long it will be: the last chunk ends with the file.
        yield name, content[start + 8 : start + 8 + size]
        start += 8 + size + size % 2


def clean_mp3(content: bytes) -> bytes | None:
    """MPEG audio: without ID3 at both ends, and APE."""
    start, end = 0, len(content)
    while content[start : start + 3] == b"ID3":
        sizes = content[start + 6 : start + 10]
        if len(sizes) < 4 or max(sizes) > 127:
            return None
        start += 10 + sum(size << 7 * (3 - place) for place, size in enumerate(sizes))
        start += 10 if content[start - 10 : start - 7] == b"3DI" else 0
    if content[end - 128 : end - 125] == b"TAG":
        end -= 128
    if content[end - 32 : end - 24] == b"APETAGEX":
        size, _, flags = struct.unpack_from("<III", content, end - 20)
        end -= size + (32 if flags >> 31 else 0)
    sound = content[start:end]
    is_frame = len(sound) > 4 and sound[0] == 0xFF and sound[1] >= 0xE0
    return sound if is_frame and not any(mark in sound for mark in (b"ID3\x03", b"ID3\x04", b"APETAGEX")) else None


def clean_flac(content: bytes) -> bytes | None:
    """FLAC: the stream's description, the seek table and the frames."""
    kept, start, is_last = [], 4, False
    while not is_last:
        kind, size = content[start] & 0x7F, int.from_bytes(content[start + 1 : start + 4], "big")
        is_last = bool(content[start] & 0x80)
        if kind in _FLAC_KEPT:
            kept.append((kind, content[start + 4 : start + 4 + size]))
        start += 4 + size
    if not kept or kept[0][0] != 0 or content[start : start + 1] != b"\xff":
        return None
    blocks = b"".join(
        bytes([kind | (0x80 if number == len(kept) else 0)]) + len(body).to_bytes(3, "big") + body
        for number, (kind, body) in enumerate(kept, start=1)
    )
    return b"fLaC" + blocks + content[start:]


def clean_ogg(content: bytes) -> bytes | None:
    """Opus and Vorbis in Ogg: the packet with the comments keeps its length and says nothing."""
    made, pages = bytearray(content), list(_ogg_pages(content))
    if len({content[start + 14 : start + 18] for start, _, _ in pages}) != 1:
        return None  # several streams: one of them may hold anything
    packet = _second_packet(content, pages)
    text = b"".join(content[start:end] for start, end in packet)
    head = next((head for head in _OGG_TAGS if text.startswith(head)), None)
    if head is None:
        return None
    silent = head + bytes(8) + (b"\1" if head == b"\x03vorbis" else b"")
    silent = silent.ljust(len(text), b"\0")[: len(text)]
    for start, end in packet:
        made[start:end], silent = silent[: end - start], silent[end - start :]
    changed = [page for page in pages if page[1] <= packet[-1][1] and page[2] >= packet[0][0]]
    for start, _, end in changed:
        made[start + 22 : start + 26] = bytes(4)
        made[start + 22 : start + 26] = _ogg_checksum(made[start:end]).to_bytes(4, "little")
    return bytes(made)


def _ogg_pages(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each page begins, where its data begin, and where it ends."""
    start = 0
    while start < len(content):
        if content[start : start + 4] != b"OggS":
            raise ValueError("something else between the pages")
        count = content[start + 26]
        body = start + 27 + count
        end = body + sum(content[start + 27 : body])
        if end > len(content):
            raise ValueError("cut off")
        yield start, body, end
        start = end


def _second_packet(content: bytes, pages: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Where the parts of the second packet lie; each page may hold one."""
    parts: list[tuple[int, int]] = []
    number = 1
    for start, body, _ in pages:
        at = body
        for size in content[start + 27 : body]:
            if number == 2:
                parts.append((at, at + size))
            at += size
            number += size < 255
            if number > 2:
                return parts
    raise ValueError("cut off")


def _ogg_checksum(page: bytes | bytearray) -> int:
    """The checksum of a page (RFC 3533, 6): CRC-32 with the polynomial 04c11db7, not reflected."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _OGG_TABLE[value >> 24 ^ byte]
    return value


def _ogg_entry(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_OGG_TABLE = tuple(map(_ogg_entry, range(256)))
