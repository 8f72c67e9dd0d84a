"""Collect an answer's bytes while the caller reads them, and read them once they are all there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from otel_tracking.capture.bodies import Body, is_json, media_type_of, read_body
from otel_tracking.capture.media import cut_base64
from otel_tracking.capture.streaming import EVENT_STREAM, NDJSON, Assembler, is_event_stream
from otel_tracking.capture.unpacking import TooMuch, unpacker_for
from otel_tracking.capture.waiting import WaitingBody, read_soon
from otel_tracking.secrets.redaction import Redaction

B = TypeVar("B")


class AnswerBody:
    """The body of one answer: text is kept whole, streams are put together, of anything else only size and sha256.

    What cannot be unpacked, or unpacks to more than `limit` bytes, leaves size and sha256 of the bytes as they came.
    """

    def __init__(self, content_type: str, encoding: str, limit: int) -> None:
        self._content_type = content_type
        self._media_type = media_type_of(content_type)
        self._encoding = encoding.strip().lower()
        self._limit = limit
        self._is_packed = self._encoding not in ("", "identity")
        self._unpacker = unpacker_for(self._encoding, limit) if self._is_packed else None
        self._not_read = f"content-encoding {self._encoding}" if self._is_packed and self._unpacker is None else None
        self.wire_bytes = self._bytes = 0
        self._wire_hash: _Hash | None = hashlib.sha256() if self._is_packed else None
        self._kept: list[bytes] | None = None
        self._hash: _Hash | None = None
        self._stream: Assembler | None = None
        if self._media_type in NDJSON or self._media_type == EVENT_STREAM:
            self._stream = Assembler(self._media_type, limit)
        if self._stream is None and _is_text(self._media_type):
            self._kept = []
        else:
            self._hash = hashlib.sha256()

    @property
    def is_over(self) -> bool:
        """Whether the end came that the answer's own protocol has; say `finish` before."""
        return self._stream is not None and self._stream.is_over

    def take(self, chunk: bytes) -> None:
        """The next bytes from the wire."""
        self.wire_bytes += len(chunk)
        if self._wire_hash is not None:
            self._wire_hash.update(chunk)
            chunk = self._unpacked(chunk)
        self._bytes += len(chunk)
        if self._hash is not None:
            self._hash.update(chunk)
        if self._stream is not None:
            self._stream.feed(chunk)
        elif self._kept is not None:
            self._kept.append(chunk)
            if self._bytes > self._limit:
                self._let_go()

    def finish(self, *, complete: bool) -> None:
        """No more will come. Streams that were sent as something else are recognised now."""
        if self._kept:
            text = b"".join(self._kept)
            # What was sent as `text/plain` or `application/json` may be the events or lines of a stream.
            if is_event_stream(text) or _TWO_TEXTS.search(text):
                self._take_as_stream(text, complete=complete)
            self._kept = None if self._kept is None else [text]
        if self._stream is not None:
            self._stream.finish(complete=complete)

    def body(self, redaction: Redaction, *, complete: bool) -> Body:
        """What it came to so far; of a `complete` answer the last line needs no end."""
        return self._body(redaction, read_body, complete=complete)

    def body_soon(self, redaction: Redaction, *, complete: bool, whole: bool = False) -> Body | WaitingBody:
        """The same, or the bytes of a JSON text where they can wait to be read, perhaps with its `whole` value."""
        return self._body(redaction, partial(read_soon, whole=whole), complete=complete)

    def _body(self, redaction: Redaction, read: Callable[..., B], *, complete: bool) -> Body | B:
        if complete:
            self.finish(complete=True)
        if self._not_read is not None:
            facts = {"media_type": self._media_type or None, "bytes": self.wire_bytes, "not_read": self._not_read}
            return Body(None, facts | {"sha256": self._wire_hash.hexdigest() if self._wire_hash is not None else None})
        if self._kept is not None:
            return read(b"".join(self._kept), self._content_type, redaction, to_send_again=False)
        sha256 = self._hash.hexdigest() if self._hash is not None else None
        if self._stream is not None:
            return self._streamed_body(self._stream, sha256, redaction)
        facts = {"media_type": self._media_type or None, "bytes": self._bytes}
        if self._bytes == 0:
            return Body(None, facts)
        return Body({"media": {"sha256": sha256, "bytes": self._bytes, "type": self._media_type or None}}, facts)

    def _streamed_body(self, stream: Assembler, sha256: str | None, redaction: Redaction) -> Body:
        value = redaction.clean(stream.value(), ("body", None), cut_base64)
        facts: dict[str, Any] = {"media_type": self._media_type or None, "bytes": self._bytes}
        facts |= {"sha256": None if redaction.removed else sha256, "events": stream.events}
        if stream.is_cut:
            facts["not_read"] = f"what came after {self._limit} bytes"
        return Body(value, facts)

    def _unpacked(self, chunk: bytes) -> bytes:
        if self._unpacker is None:
            return b""
        try:
            return self._unpacker.take(chunk)
        except TooMuch:
            self._not_read = f"content-encoding {self._encoding}: more than {self._limit} bytes unpacked"
            self._kept = self._stream = None
        except Exception:
            # Each library has errors of its own, and its answer for bytes that are not what they say: no more.
            self._not_read = f"content-encoding {self._encoding}: not what it says"
        self._unpacker = None
        return b""

    def _take_as_stream(self, text: bytes, *, complete: bool) -> None:
        stream = Assembler(self._media_type, self._limit)
        stream.feed(text)
        stream.finish(complete=complete)
        if stream.is_put_together:
            self._hash, self._stream, self._kept = hashlib.sha256(text), stream, None

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


_TWO_TEXTS = re.compile(rb"\}\s*\{")
