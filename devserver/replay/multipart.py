"""Put a multipart body together again from the parts that were recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from otel_tracking.capture import boundary_of


def multipart_body(
    parts: Sequence[Mapping[str, Any]], content_type: str, media: Mapping[str, bytes], facts: Mapping[str, Any]
) -> bytes:
    """The exact bytes, in the way that httpx, requests and curl write them; raises ValueError where it was another."""
    boundary = boundary_of(content_type)
    for way in _WAYS:
        raw = _written(parts, boundary or b"", media, *way)
        if hashlib.sha256(raw).hexdigest() == facts.get("sha256"):
            return raw
    raise ValueError("the parts were put together in a way that is not known")


_WAYS = (("Content-Disposition", "Content-Type"), ("content-disposition", "content-type"))


def _written(
    parts: Sequence[Mapping[str, Any]], boundary: bytes, media: Mapping[str, bytes], disposition: str, kind: str
) -> bytes:
    lines = [line for part in parts for line in _part(part, boundary, media, disposition, kind)]
    return b"\r\n".join([*lines, b"--" + boundary + b"--", b""])


def _part(
    part: Mapping[str, Any], boundary: bytes, media: Mapping[str, bytes], disposition: str, kind: str
) -> Iterator[bytes]:
    yield b"--" + boundary
    filename = f'; filename="{part["filename"]}"' if "filename" in part else ""
    yield f'{disposition}: form-data; name="{part["name"]}"{filename}'.encode()
    if "type" in part:
        yield f"{kind}: {part['type']}".encode()
    yield b""
    yield part["text"].encode() if "text" in part else media[part["media"]["sha256"]]
