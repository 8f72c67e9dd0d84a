"""Read the texts inside a PNG file, and make a copy without them: generators write prompts and whole graphs there."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT_CHUNKS = frozenset((b"tEXt", b"iTXt", b"zTXt", b"eXIf"))
"""Chunks that may hold a prompt: the three of text, and EXIF, whose comments are texts too."""

LONGEST_TEXTS = 16 * 2**20
"""Characters that the texts of a file may unpack to, all together; what is longer is cut there."""

_LONGEST_PROFILE = 2**20


def strip_text_chunks(png: bytes) -> bytes:
    """The file without its texts; every other byte is as it was, so that the picture is the same.

    What is no PNG file, or is broken, comes back unchanged from where it stops being understood.
    """
    if not png.startswith(SIGNATURE):
        return png
    kept = [png[start:end] for kind, start, end in _chunks(png) if kind not in TEXT_CHUNKS]
    return SIGNATURE + b"".join(kept)


def picture_alone(png: bytes) -> bytes:
    """The file without what keeps readers from the picture: texts, and a colour profile that unpacks to megabytes."""
    if not png.startswith(SIGNATURE):
        return png
    kept = [png[start:end] for kind, start, end in _chunks(png) if not _is_in_the_way(kind, png[start + 8 : end - 4])]
    return SIGNATURE + b"".join(kept)


def _is_in_the_way(kind: bytes, body: bytes) -> bool:
    if kind != b"iCCP":
        return kind in TEXT_CHUNKS and kind != b"eXIf"
    profile = _inflate(body.partition(b"\0")[2][1:], _LONGEST_PROFILE + 1)
    return profile is None or len(profile) > _LONGEST_PROFILE


def text_chunks(png: bytes) -> dict[str, str]:
    """The texts by their keyword (`prompt`, `workflow`, `parameters`); a keyword that comes twice keeps the last."""
    found: dict[str, str] = {}
    left = LONGEST_TEXTS
    if not png.startswith(SIGNATURE):
        return found
    for kind, start, end in _chunks(png):
        text = _text(kind, png[start + 8 : end - 4], left) if kind in TEXT_CHUNKS and left > 0 else None
        if text:
            found[text[0]] = text[1]
            left -= len(text[1])
    return found


def _chunks(png: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk; what follows a broken one is of no kind."""
    start = len(SIGNATURE)
    while start < len(png):
        size, kind = struct.unpack(">I4s", png[start : start + 8]) if start + 8 <= len(png) else (0, b"")
        end = start + 12 + size
        if end > len(png) or not kind.isalpha():
            yield b"", start, len(png)
            return
        yield kind, start, end
        start = end


def _text(kind: bytes, body: bytes, longest: int) -> tuple[str, str] | None:
    keyword, _, rest = body.partition(b"\0")
    if kind == b"tEXt":
        return keyword.decode("latin-1"), rest.decode("latin-1")
    if kind == b"zTXt":
        text = _inflate(rest[1:], longest)
        return None if text is None else (keyword.decode("latin-1"), text.decode("latin-1"))
    if kind == b"iTXt":
        # A flag, the method, a language, the keyword in that language; then the text.
        content = rest[2:].split(b"\0", 2)[-1]
        text = _inflate(content, longest) if rest[:1] == b"\1" else content
        return None if text is None else (keyword.decode("latin-1"), text.decode("utf-8", "replace"))
    return None


def _inflate(data: bytes, longest: int) -> bytes | None:
    """What was compressed, cut at `longest`; None where it is broken."""
    try:
        return zlib.decompressobj().decompress(data, longest)
    except zlib.error:
        return None
