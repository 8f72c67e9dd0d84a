"""Take secrets out of the words that a media file carries, and leave what it shows as it is, byte for byte.

Programs write into a picture how it was made, and with that what they were made with: ComfyUI its whole graph. A PNG's
texts are looked at as texts, names and shapes. Of other files the first and last 64 KB are looked at, where such words
stand, and only for unmistakable shapes: anything else there may be the picture.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from otel_tracking.secrets.redaction import Redaction, RedactionPolicy
from otel_tracking.secrets.rules import rules_of

PNG = b"\x89PNG\r\n\x1a\n"
TEXTS = (b"tEXt", b"iTXt", b"zTXt", b"eXIf")
"""Kinds of a PNG's chunks that hold words."""

_LARGEST_TEXT = 4 * 2**20
"""Bytes of a packed text when it is unpacked; a longer one is left alone."""

_MOST_CHUNKS = 10_000
"""Chunks that are looked at: a picture of 80 MB has as many; zeros in its place would have 90,000 in a MB."""

_EDGE = 64 * 1024
_SHORTEST_IN_BINARY = 16


def clean_media(content: bytes, policy: RedactionPolicy) -> bytes:
    """The file without secrets; the same object where there are none, as nearly always."""
    if content.startswith(PNG):
        return rewrite_png(content, lambda kind, data: _clean_chunk(kind, data, policy))
    edges = content if len(content) <= 2 * _EDGE else content[:_EDGE] + content[-_EDGE:]
    return _mask_shapes(content, edges, policy)


def rewrite_png(content: bytes, rewrite: Callable[[bytes, bytes], bytes]) -> bytes:
    """The PNG with what `rewrite(kind, data)` makes of its words; the same object where that is what they were."""
    parts, changed = [PNG], False
    for kind, data, chunk in _chunks(content):
        cleaned = rewrite(kind, data) if kind in TEXTS else data
        changed |= cleaned != data
        parts.append(_chunk(kind, cleaned) if cleaned != data else chunk)
    return b"".join(parts) if changed else content


def split_packed(kind: bytes, data: bytes) -> tuple[bytes, bytes]:
    """What stands before the packed text of a chunk, and the packed text; that is empty where none is packed."""
    key_end = data.find(b"\0")
    if kind == b"zTXt":
        start = key_end + 2
    elif kind == b"iTXt" and data[key_end + 1 : key_end + 2] == b"\1":
        start = _text_of_itxt(data, key_end)
    else:
        return data, b""
    return data[:start], data[start:]


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, data and all bytes of each chunk of a PNG; from what is no whole chunk on all comes last, of no kind."""
    position, number = len(PNG), 0
    while position + 12 <= len(content) and number < _MOST_CHUNKS:
        (size,) = struct.unpack_from(">I", content, position)
        end, number = position + 12 + size, number + 1
        kind = content[position + 4 : position + 8]
        if not kind.isalpha():
            break
        yield kind, content[position + 8 : end - 4] if kind in TEXTS else b"", content[position:end]
        position = end
    yield b"", b"", content[position:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _text_of_itxt(data: bytes, key_end: int) -> int:
    """Where the text of an iTXt chunk begins: after its key, two flags, a language and the key in that language."""
    return data.find(b"\0", data.find(b"\0", key_end + 3) + 1) + 1


def _clean_chunk(kind: bytes, data: bytes, policy: RedactionPolicy) -> bytes:
    if kind == b"eXIf":
        return _mask_shapes(data, data, policy)
    key = data[: max(0, data.find(b"\0"))].decode("latin-1")
    head, packed = split_packed(kind, data)
    if packed:
        text = _unpacked(packed)
        cleaned = text if text is None else _clean_text(key, text, policy)
        return data if cleaned == text or cleaned is None else head + zlib.compress(cleaned)
    start = _text_of_itxt(data, len(key)) if kind == b"iTXt" else len(key) + 1
    return data[:start] + _clean_text(key, data[start:], policy)


def _unpacked(packed: bytes) -> bytes | None:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, _LARGEST_TEXT)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else text


def _clean_text(key: str, data: bytes, policy: RedactionPolicy) -> bytes:
    """The bytes of a text, which may be JSON, without secrets; `key` may be the name of one."""
    text = data.decode("utf-8", "surrogateescape")
    redaction = Redaction(policy)
    cleaned = redaction.named(key, text, None)
    if cleaned == text and text[:1] in ("{", "["):
        cleaned = _clean_json(text, redaction)
    return data if cleaned == text else cleaned.encode("utf-8", "surrogateescape")


def _clean_json(text: str, redaction: Redaction) -> str:
    try:
        value: Any = json.loads(text)
        cleaned = redaction.clean(value, ("text", None))
    except (ValueError, RecursionError):
        return text
    return json.dumps(cleaned) if redaction.removed else text


def _mask_shapes(content: bytes, part: bytes, policy: RedactionPolicy) -> bytes:
    """`content` with as many asterisks where a secret in `part` was."""
    rules = rules_of(policy)
    text = part.decode("latin-1")
    for shape in rules.shapes_for(rules.search.found_in_bytes(part)):
        for found in shape.pattern.finditer(text):
            secret = found[0][len(found.groupdict().get("keep") or "") :]
            if len(secret) >= _SHORTEST_IN_BINARY and secret.isascii() and (not shape.is_one or shape.is_one(found[0])):
                content = content.replace(secret.encode("ascii"), b"*" * len(secret))
    return content
