"""A run's events as Server-Sent Events: from the beginning, or from where a watcher left off, until it has finished."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from collectors.live import LiveEvent
from collectors.open_runs import FINISHED
from devserver.web.board import board_of
from devserver.web.run_state import RunState
from devserver.web.runner import Job
from devserver.web.runs import Runs
from exporters.journey_parts import RESEARCHER
from otel_tracking import canonical

HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 2000
END_SECONDS = 5.0
STORED = "r"
"""What ids of events begin with that were made from a record: they may be numbered otherwise than the live ones."""


class Seats:
    """Places for watchers: each holds a thread of the server while it watches."""

    def __init__(self, number: int) -> None:
        self._free = threading.BoundedSemaphore(number)

    def take(self) -> Callable[[], None] | None:
        """A function that gives the place back (once, however often it is called); None where all are taken."""
        if not self._free.acquire(blocking=False):
            return None
        once = threading.Lock()
        return lambda: self._free.release() if once.acquire(blocking=False) else None


class Telling:
    """Turns events into messages: each says which boxes of the page it changed."""

    def __init__(self, language: str, audience: str) -> None:
        self._language, self._audience = language, audience
        self._start()

    def _start(self) -> None:
        self._state = RunState()
        self._boxes: dict[str, Any] = {}
        self._head: Any = None
        self._skipped = False

    def skip(self, event: LiveEvent) -> None:
        """Take in an event that the watcher knows already."""
        self._state.tell(event)
        self._skipped = True

    def message(self, event: LiveEvent, prefix: str = "") -> bytes:
        """The message that tells of the next event."""
        if self._skipped:
            self._changes()
            self._skipped = False
        self._state.tell(event)
        return message(event.kind, self._told(event), f"{prefix}{event.number}")

    def restart(self) -> None:
        """Forget the run so far: it is told again, from elsewhere."""
        self._start()

    def _told(self, event: LiveEvent) -> dict[str, Any]:
        told = {"number": event.number, "name": event.name, "timestamp_ns": event.timestamp_ns, **self._changes()}
        if self._audience == RESEARCHER:
            span = {"span_id": f"{event.span_id:016x}", "fields": dict(event.fields)}
            told |= span if event.parent_id is None else {**span, "parent_span_id": f"{event.parent_id:016x}"}
        return told

    def _changes(self) -> dict[str, Any]:
        board = board_of(self._state, language=self._language, audience=self._audience)
        boxes, head = {box.key: box.to_dict() for box in board.boxes}, board.head.to_dict()
        changed = [box for key, box in boxes.items() if self._boxes.get(key) != box]
        told: dict[str, Any] = {"boxes": changed}
        if head != self._head:
            told["run"] = head
        self._boxes, self._head = boxes, head
        return told


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


def stream(
    runs: Runs, found: Job | str, telling: Telling, after: str, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> Iterator[bytes]:
    """The messages of a run after the one with the id `after`; a run that waits tells its place in the queue first."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    if isinstance(found, Job):
        yield from _waiting(runs, found, heartbeat_seconds)
        if found.execution_id is None:
            yield message(FINISHED, {"name": "not_started", "boxes": []})
            return
        seen = _number(after, "")
        try:
            yield from _live(runs, found, telling, seen, heartbeat_seconds)
            return
        except LookupError:
            # It ended, and others have ended since: what the feed has forgotten is in the dataset.
            after = ""
            telling.restart()
        found.done.wait()
        found = runs.find(found.name)
        if isinstance(found, Job):
            return
    yield from _stored(runs, found, telling, _number(after, STORED))


def has_seen_the_end(runs: Runs, found: Job | str, after: str) -> bool:
    """Whether the id is that of the last message of a run that is over."""
    if isinstance(found, Job) or not after:
        return False
    events = runs.events_so_far(found)
    return after == f"{STORED}{events[-1].number}"


def _waiting(runs: Runs, job: Job, heartbeat_seconds: float) -> Iterator[bytes]:
    position = -1
    while not job.started.is_set():
        moved = runs.runner.wait_for_move(job, position, heartbeat_seconds)
        if moved == position:
            yield heartbeat()
        elif moved:
            yield message("queued", {"position": moved})
        else:
            job.started.wait(heartbeat_seconds)
        position = moved


def _live(runs: Runs, job: Job, telling: Telling, seen: int, heartbeat_seconds: float) -> Iterator[bytes]:
    told = 0
    while True:
        try:
            for event in runs.follow(job.trace_id or "", told, heartbeat_seconds):
                told = event.number
                if event.kind == FINISHED:
                    # Whoever asks for the record on hearing this shall find it.
                    job.done.wait(END_SECONDS)
                if told <= seen:
                    telling.skip(event)
                else:
                    yield telling.message(event)
                if event.kind == FINISHED:
                    return
        except TimeoutError:
            yield heartbeat()


def _stored(runs: Runs, execution_id: str, telling: Telling, seen: int) -> Iterator[bytes]:
    for event in runs.events_so_far(execution_id):
        if event.number <= seen:
            telling.skip(event)
        else:
            yield telling.message(event, STORED)


def _number(after: str, prefix: str) -> int:
    """The number in an id of that kind; 0 for one of another kind."""
    digits = after[len(prefix) :] if after.startswith(prefix) else ""
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0
