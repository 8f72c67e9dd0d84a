"""Turn a run's events into messages for watchers: each message once for all who may see the same in one language."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from collectors.recording.live import LiveEvent
from devserver.web.board import Contents, board_of
from devserver.web.run_state import RunState
from exporters.story.parts import RESEARCHER
from otel_tracking import canonical

REMEMBERED = 32


class Telling:
    """The messages of one run so far. A message says which boxes of the page its event changed.

    What a message says depends on the events before it alone, so every watcher gets the same ones, from wherever they
    begin. May be shared by threads.
    """

    def __init__(self, language: str, audience: str, prefix: str = "") -> None:
        self._language, self._audience, self._prefix = language, audience, prefix
        self._lock = threading.Lock()
        self._messages: list[bytes] = []
        self._state = RunState()
        self._contents: Contents = {}
        self._boxes: dict[str, Any] = {}
        self._head: Any = None

    def message(self, event: LiveEvent) -> bytes:
        """The message of an event; of each run every event has to come, in order, from somebody."""
        with self._lock:
            if event.number > len(self._messages):
                self._messages.append(message(event.kind, self._told(event), f"{self._prefix}{event.number}"))
            return self._messages[event.number - 1]

    def _told(self, event: LiveEvent) -> dict[str, Any]:
        changes = self._changes() if self._state.tell(event) else {"boxes": []}
        told = {"number": event.number, "name": event.name, "timestamp_ns": event.timestamp_ns, **changes}
        if self._audience == RESEARCHER:
            span = {"span_id": f"{event.span_id:016x}", "fields": dict(event.fields)}
            told |= span if event.parent_id is None else {**span, "parent_span_id": f"{event.parent_id:016x}"}
        return told

    def _changes(self) -> dict[str, Any]:
        board = board_of(self._state, language=self._language, audience=self._audience, contents=self._contents)
        boxes, head = {box.key: box for box in board.boxes}, board.head
        told: dict[str, Any] = {"boxes": [box.to_dict() for key, box in boxes.items() if self._boxes.get(key) != box]}
        if head != self._head:
            told["run"] = head.to_dict()
        self._boxes, self._head = boxes, head
        return told


class Tellings:
    """The tellings of the runs that are watched, the last few of them."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most, self._lock = most, threading.Lock()
        self._known: OrderedDict[tuple[str, str, str], Telling] = OrderedDict()

    def of(self, trace_id: str, language: str, audience: str) -> Telling:
        """The telling of a run that all its watchers share."""
        key = trace_id, language, audience
        with self._lock:
            telling = self._known.pop(key, None) or Telling(language, audience)
            self._known[key] = telling
            while len(self._known) > self._most:
                self._known.popitem(last=False)
            return telling


def message(kind: str, data: Any, number: str | None = None) -> bytes:
    r"""One Server-Sent Event.

    >>> message("queued", {"position": 2})
    b'event: queued\ndata: {"position":2}\n\n'
    """
    head = f"id: {number}\n" if number else ""
    return f"{head}event: {kind}\ndata: {canonical.dumps(data)}\n\n".encode()


def heartbeat() -> bytes:
    """A comment that keeps the connection, and finds out whether anybody is still there."""
    return b": still here\n\n"
