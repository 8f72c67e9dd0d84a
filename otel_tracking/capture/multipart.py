"""Read a multipart body into the list of its parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import HTTP
from typing import Any

from otel_tracking.capture.media import reference
from otel_tracking.secrets.redaction import Redaction

LONGEST_TEXT = 65_536
"""Bytes of a field without a filename that are kept as text."""


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a `content-type` header names."""
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_boundary()
    return None if boundary is None else boundary.encode("latin-1", "replace")


def read_parts(body: bytes, boundary: bytes, redaction: Redaction) -> list[dict[str, Any]]:
    """The parts in order: name, filename, type, bytes, sha256, and `text` of a field or `media` of a file.

    Raises ValueError for a body that is not what its boundary promises.
    """
    return [
        _describe(number, head, content, redaction) for number, (head, content) in enumerate(_split(body, boundary))
    ]


def _split(body: bytes, boundary: bytes) -> Iterator[tuple[Any, bytes]]:
    _start, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if not parts or not parts[-1].startswith(b"--"):
        raise ValueError("the multipart body has no end")
    parser = BytesHeaderParser(policy=HTTP)
    for part in parts[:-1]:
        head, found, content = part.partition(b"\r\n\r\n")
        if not found:
            raise ValueError("a part of the multipart body has no headers")
        yield parser.parsebytes(head.lstrip(b" \t").removeprefix(b"\r\n")), content


def _describe(number: int, head: Any, content: bytes, redaction: Redaction) -> dict[str, Any]:
    name = head.get_param("name", header="content-disposition")
    filename = head.get_filename()
    media_type = head.get_content_type() if "content-type" in head else None
    part = {"name": redaction.text(str(name or "")), "bytes": len(content)}
    if media_type is not None:
        part["type"] = media_type
    if filename is not None:
        part["filename"] = redaction.text(str(filename))
    text = None if filename is not None else _text_of(content)
    if text is None:
        return part | reference(content, media_type or "application/octet-stream")
    path = (name or number, ("body", None))
    kept = redaction.named(str(name or ""), text, path)
    if kept == text:
        part["sha256"] = hashlib.sha256(content).hexdigest()
    return part | {"text": kept}


def _text_of(content: bytes) -> str | None:
    try:
        return content.decode() if len(content) <= LONGEST_TEXT else None
    except UnicodeDecodeError:
        return None
