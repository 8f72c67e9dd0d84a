"""Cut a stream into lines, and lines into server-sent events, in time that grows with the bytes and no faster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Lines:
    """Bytes in, cut anywhere; lines out, without their ends (LF, CR or both). Each byte is looked at once."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self._is_first, self._ends_with_cr = True, False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that `chunk` completes."""
        if self._ends_with_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        for line in chunk.splitlines(keepends=True):
            # Each copy of a long line costs as much as to receive it: its end is taken off before it is joined.
            whole = line.rstrip(b"\r\n")
            self._begun.append(whole)
            if len(whole) < len(line):
                yield self.rest()
        self._ends_with_cr = chunk.endswith(b"\r")

    def rest(self) -> bytes:
        """The line that was begun, taken as whole."""
        line = b"".join(self._begun)
        self._begun.clear()
        if self._is_first:
            self._is_first = False
            return line.removeprefix(BYTE_ORDER_MARK)
        return line


class ServerSentEvent(NamedTuple):
    """One server-sent event: its kind, where it says one, and its data."""

    kind: str
    data: bytes


class Events:
    """Lines of an event stream in, events out."""

    def __init__(self) -> None:
        self._kind, self._data = "", list[bytes]()

    def take(self, line: bytes) -> ServerSentEvent | None:
        """The event that this line ends, if it ends one."""
        if not line:
            return self.rest()
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line == b"data":
            self._data.append(b"")
        elif line.startswith(b"event:"):
            self._kind = line[6:].removeprefix(b" ").decode("utf-8", "replace")
        return None

    def rest(self) -> ServerSentEvent | None:
        """The event that was begun, taken as whole."""
        event = ServerSentEvent(self._kind, b"\n".join(self._data)) if self._data else None
        self._kind, self._data = "", []
        return event

    def has_begun(self, data: bytes) -> bool:
        """Whether the event that is under way begins with `data`."""
        return bool(self._data) and self._data[0].startswith(data)


_FIELD = re.compile(rb"(?:data|event|id|retry)?:")


def is_event_line(line: bytes) -> bool:
    """Whether a line can only be one of an event stream.

    >>> [is_event_line(line) for line in (b"data: {}", b": a comment", b'{"data": 1}')]
    [True, True, False]
    """
    return _FIELD.match(line) is not None
