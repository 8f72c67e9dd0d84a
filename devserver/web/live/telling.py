"""Turn a run into messages for watchers: its events while it goes on, each message once for all who may see the same.

A run that is over is told from its record: first all of its boxes, then its items, then that it has finished.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from collectors.building.live import RunSoFar
from collectors.recording import FINISHED, LOGGED, STARTED, FreshEvent, LiveEvent
from devserver.web.live.board import Contents, board_of
from devserver.web.live.text_changes import ComparedTexts
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.audience import Audience
from otel_tracking.record import ExecutionItem, ExecutionRecord

REMEMBERED = 32
STORED = "r"
"""What ids of messages begin with that were made from a record: they are numbered otherwise than the live ones."""


class Telling:
    """The messages of one run so far. A message says which boxes of the page its event changed.

    What a message says depends on the events before it alone, so every watcher gets the same ones, from wherever they
    begin. May be shared by threads.
    """

    def __init__(self, trace_id: str, language: str, audience: str) -> None:
        self._language, self._audience = language, audience
        self._lock = threading.Lock()
        self._messages: list[bytes] = []
        self._run = RunSoFar(trace_id)
        self._contents: Contents = {}
        self._compared = ComparedTexts()
        self._boxes: dict[str, Any] = {}
        self._head: Any = None

    def message(self, event: FreshEvent) -> bytes:
        """The message of an event; of each run every event has to come, in order, from somebody. The first reads it."""
        with self._lock:
            if event.number > len(self._messages):
                self._messages.append(message(event.kind, self._told(event.read()), str(event.number)))
            return self._messages[event.number - 1]

    def _told(self, event: LiveEvent) -> dict[str, Any]:
        changes = self._changes() if self._run.tell(event) else {"boxes": []}
        told = {"number": event.number, "name": event.name, "timestamp_ns": event.timestamp_ns, **changes}
        if self._audience == Audience.RESEARCHER:
            span = {"span_id": f"{event.span_id:016x}", "fields": dict(event.fields)}
            told |= span if event.parent_id is None else {**span, "parent_span_id": f"{event.parent_id:016x}"}
        return told

    def _changes(self) -> dict[str, Any]:
        record = self._run.record()
        board = board_of(
            record,
            language=self._language,
            audience=self._audience,
            contents=self._contents,
            compared=self._compared,
        )
        boxes, head = {box.key: box for box in board.boxes}, board.head
        told: dict[str, Any] = {"boxes": [box.to_dict() for key, box in boxes.items() if self._boxes.get(key) != box]}
        if head != self._head:
            told["run"] = head.to_dict()
        self._boxes, self._head = boxes, head
        return told


Tellings = Callable[[str, str, str], Telling]
"""The telling of a run, in a language and for an audience, that all its watchers share."""


def new_tellings() -> Tellings:
    """Those of the runs that are watched, the last few of them."""
    return lru_cache(REMEMBERED)(Telling)


def stored_messages(record: ExecutionRecord, language: str, audience: str) -> Iterator[bytes]:
    """The messages of a run that is over, numbered from 1."""
    board = board_of(record, language=language, audience=audience)
    run, start = {"run": board.head.to_dict()}, _nanoseconds(record.timestamp)
    begun = {"name": names.EXECUTION_SPAN, "timestamp_ns": start, "boxes": [box.to_dict() for box in board.boxes]}
    told = [(STARTED, {**begun, **run})]
    told += [(LOGGED, _item_told(item, audience)) for item in record.items]
    end = start + round((record.total_execution_time or 0) * 1e9)
    told.append((FINISHED, {"name": str(record.finish_reason), "timestamp_ns": end, "boxes": [], **run}))
    for number, (kind, data) in enumerate(told, start=1):
        yield message(kind, {"number": number, **data}, f"{STORED}{number}")


def last_id(record: ExecutionRecord) -> str:
    """The id of the last of `stored_messages`."""
    return f"{STORED}{len(record.items) + 2}"


def _item_told(item: ExecutionItem, audience: str) -> dict[str, Any]:
    told = {"name": str(item.item_type), "timestamp_ns": _nanoseconds(item.timestamp), "boxes": []}
    if audience != Audience.RESEARCHER:
        return told
    fields = {name: value for name, value in item.to_dict().items() if value is not None}
    return {**told, "span_id": item.span_id, "fields": fields}


def _nanoseconds(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1e6) * 1000


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
