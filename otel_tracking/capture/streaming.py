"""Put a streamed answer together, while the caller reads it, into what it would have been in one piece.

What a stream holds is told by its lines, not by its media type: server-sent events, a JSON text in each line, or, where
a stream was asked for and none came, one text over many lines.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from otel_tracking.capture.dialects import DIALECTS, Dialect
from otel_tracking.capture.lines import BYTE_ORDER_MARK, Events, Lines, is_event_line

NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
EVENT_STREAM = "text/event-stream"


class Assembler:
    """Bytes in, one value out. Holds what was put together so far and at most one unfinished line."""

    def __init__(self, media_type: str, limit: int) -> None:
        self._media_type, self._limit = media_type, limit
        self._lines, self._events = Lines(), Events()
        self._take_line: Callable[[bytes], None] = self._first_line
        self._unread: list[bytes] | None = None
        self._size, self._has_finished = 0, False
        self.events = 0
        self._answer = _Answer()

    @property
    def is_over(self) -> bool:
        """Whether the end came that the answer's protocol has, whatever else may still come."""
        dialect = self._answer.dialect
        return self._answer.said_last or (dialect is not None and dialect.is_over)

    @property
    def is_put_together(self) -> bool:
        """Whether several events were recognised as those of one answer."""
        return self.events > 1 and self._answer.dialect is not None

    @property
    def is_cut(self) -> bool:
        """Whether more came than may be kept."""
        return self._size > self._limit

    def feed(self, chunk: bytes) -> None:
        """The next bytes, cut anywhere."""
        self._size += len(chunk)
        if not self.is_cut:
            for line in self._lines.feed(chunk):
                self._take_line(line)

    def finish(self, *, complete: bool) -> None:
        """No more will come. The last line and the last event need no end, if they are whole."""
        if self._has_finished or self.is_cut:
            return
        self._has_finished = True
        line = self._lines.rest()
        if line and not complete and not _is_whole(line):
            return
        self._take_line(line)
        event = self._events.rest()
        if event is not None and (complete or _is_whole(event.data)):
            self._take_event(event.kind, event.data)

    def value(self) -> Any:
        """What it came to so far."""
        return self._answer.value() if self._unread is None else _documents_in(self._unread)

    def _first_line(self, line: bytes) -> None:
        if not line.strip():
            return
        begins_as_text = line.lstrip()[:1] in (b"{", b"[", b"<")
        if is_event_line(line) or (self._media_type == EVENT_STREAM and not begins_as_text):
            self._take_line = self._event_line
            self._event_line(line)
            return
        values = _read_documents(line)
        if values is None or self._media_type == EVENT_STREAM:
            # No stream: one JSON text, perhaps over many lines. It is read when all of it is there.
            self._unread = [line]
            self._take_line = self._unread.append
        else:
            self._take_line = self._json_line
            self._add(values)

    def _event_line(self, line: bytes) -> None:
        event = self._events.take(line)
        if event is not None:
            self._take_event(event.kind, event.data)
        # Who reads line by line stops here and never sees the empty line that ends the event.
        elif self._events.has_begun(_DONE):
            self._answer.said_last = True

    def _take_event(self, kind: str, data: bytes) -> None:
        if data.startswith(_DONE):
            self._answer.said_last = True
            return
        values = _read_documents(data) or [data.decode("utf-8", "replace")]
        if kind not in ("", "message"):
            values = [value if _says_its_kind(value) else {"event": kind, "data": value} for value in values]
        self._add(values)

    def _json_line(self, line: bytes) -> None:
        if line.strip():
            self._add(_read_documents(line) or [line.decode("utf-8", "replace")])

    def _add(self, values: list[Any]) -> None:
        self.events += len(values)
        for value in values:
            self._answer.add(value)


_DONE = b"[DONE]"


class _Answer:
    """The events of one answer, put together by the dialect that knows the first of them; others stay as they are."""

    def __init__(self) -> None:
        self.dialect: Dialect | None = None
        self.said_last = False
        self._others: list[Any] = []

    def add(self, event: Any) -> None:
        if not isinstance(event, dict):
            self._others.append(event)
            return
        if event.get("error"):
            self.said_last = True
        if self.dialect is None:
            self.dialect = next((dialect() for dialect in DIALECTS if dialect.knows(event)), None)
        if self.dialect is None or not self.dialect.take(event):
            self._others.append(event)

    def value(self) -> Any:
        answer = self.dialect.value() if self.dialect is not None else []
        # A copy: the caller may go on reading, and what is given away is changed when secrets are removed.
        answer, others = copy.deepcopy(answer), copy.deepcopy(self._others)
        if isinstance(answer, list):
            return answer + others or None
        return {**answer, "other_events": others} if others else answer


def _says_its_kind(value: Any) -> bool:
    return isinstance(value, dict) and any(dialect.knows(value) for dialect in DIALECTS)


def _read_documents(data: bytes) -> list[Any] | None:
    """The JSON texts that stand one after the other in `data`; None where there is anything else, or nothing."""
    try:
        return _all_of(data.decode().strip()) or None
    except (ValueError, RecursionError):
        return None


_decoder = json.JSONDecoder()


def _all_of(text: str) -> list[Any]:
    values, at = [], 0
    while at < len(text):
        value, at = _decoder.raw_decode(text, at)
        values.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    return values


def _is_whole(data: bytes) -> bool:
    data = data.removeprefix(b"data:").strip()
    return data.startswith(_DONE) or bool(_read_documents(data))


def _documents_in(lines: list[bytes]) -> Any:
    """One JSON text over many lines, several of them, or else the lines."""
    values = _read_documents(b"\n".join(lines))
    if values is not None:
        return values[0] if len(values) == 1 else values
    read: list[Any] = []
    for line in lines:
        read += _read_documents(line) or ([line.decode("utf-8", "replace")] if line.strip() else [])
    return read


def is_event_stream(data: bytes) -> bool:
    """Whether a text, whatever it was sent as, begins as an event stream does."""
    return data[:1] != b"{" and is_event_line(data[:64].removeprefix(BYTE_ORDER_MARK).lstrip())
