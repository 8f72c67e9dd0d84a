"""Collect an answer's bytes while the caller reads them, and read them once they are all there."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Protocol

from otel_tracking.capture.bodies import Body, is_json, read_body
from otel_tracking.capture.media import cut_base64
from otel_tracking.capture.streaming import EVENT_STREAM, NDJSON, Assembler
from otel_tracking.redaction import Redaction

DECODED = frozenset({"gzip", "x-gzip", "deflate"})
"""Content encodings that are read; of others (br, zstd) size and hash of the wire bytes are kept."""


class Answer:
    """The body of one answer: text is kept whole, streams are assembled, of anything else only size and sha256."""

    def __init__(self, content_type: str, encoding: str, limit: int) -> None:
        self._content_type = content_type
        self._media_type = content_type.partition(";")[0].strip().lower()
        self._encoding = encoding.strip().lower()
        self._decoder = zlib.decompressobj(zlib.MAX_WBITS | 32) if self._encoding in DECODED else None
        self._is_readable = self._decoder is not None or self._encoding in ("", "identity")
        self._limit = limit
        self._bytes = 0
        self._hash: _Hash | None = None
        self._kept: list[bytes] | None = [] if self._is_readable and _is_text(self._media_type) else None
        streams = self._media_type in NDJSON or self._media_type == EVENT_STREAM
        self._stream = Assembler(self._media_type, limit) if streams and self._is_readable else None
        if self._kept is None or self._stream is not None:
            self._kept, self._hash = None, hashlib.sha256()

    def take(self, chunk: bytes) -> None:
        """The next bytes from the wire."""
        if self._decoder is not None:
            chunk = self._decode(chunk)
        self._bytes += len(chunk)
        if self._hash is not None:
            self._hash.update(chunk)
        if self._stream is not None:
            self._stream.feed(chunk)
        elif self._kept is not None:
            self._kept.append(chunk)
            if self._bytes > self._limit:
                self._let_go()

    def body(self, redaction: Redaction, *, complete: bool) -> Body:
        """What it came to so far."""
        if self._kept is not None:
            return read_body(b"".join(self._kept), self._content_type, redaction, to_send_again=False)
        sha256 = self._hash.hexdigest() if self._hash is not None else None
        facts: dict[str, Any] = {"media_type": self._media_type or None, "bytes": self._bytes}
        if self._stream is not None:
            value = redaction.clean(self._stream.value(complete=complete), ("body", None), cut_base64)
            facts |= {"sha256": None if redaction.removed else sha256, "events": self._stream.events}
            return Body(value, facts)
        if not self._is_readable:
            facts |= {"not_read": f"content-encoding {self._encoding}", "sha256": sha256}
            return Body(None, facts)
        if self._bytes == 0:
            return Body(None, facts)
        return Body({"media": {"sha256": sha256, "bytes": self._bytes, "type": self._media_type or None}}, facts)

    def _decode(self, chunk: bytes) -> bytes:
        assert self._decoder is not None
        try:
            return self._decoder.decompress(chunk)
        except zlib.error:
            if self._bytes:
                raise
            self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)  # "deflate" without its zlib frame
            return self._decoder.decompress(chunk)

    def _let_go(self) -> None:
        self._hash = hashlib.sha256()
        for chunk in self._kept or ():
            self._hash.update(chunk)
        self._kept = None


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def _is_text(media_type: str) -> bool:
    return not media_type or media_type.startswith("text/") or is_json(media_type) or media_type.endswith(_TEXTS)


_TEXTS = ("/xml", "+xml", "/x-www-form-urlencoded", "/javascript")
