"""Send what waits in an outbox until it is taken, in order, on a thread of its own."""

from __future__ import annotations

import itertools
import logging
import os
import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

from collectors.outbox.boxes import REFUSED, left_boxes
from collectors.outbox.posting import Answer, Post, Verdict
from collectors.receiving.entries import PROTOBUF, PackedEntry
from collectors.receiving.kept_runs import traces_in, without_traces
from collectors.receiving.spool import InSpool, Spool

_log = logging.getLogger("otel_tracking")

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
ANYBODY = 0
"""In a spool, requests are held by what they are of. One of an outbox is released as a whole."""

IsErased = Callable[[str], bool]
"""Whether a run was erased, by its trace id in hex."""


class Sender:
    """Sends the requests of one outbox. `put` is for any thread."""

    def __init__(self, outbox: Path, box: Spool, post: Post, is_erased: IsErased, counts: Counter[str]) -> None:
        self._outbox, self._box, self._post, self._is_erased, self.counts = outbox, box, post, is_erased, counts
        self._waiting: deque[InSpool] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self.trouble = ""
        self._thread = threading.Thread(target=self._work, name="otel-tracking outbox", daemon=True)

    def start(self) -> None:
        """Begin, with what earlier processes have left."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests of this process that are not taken yet."""
        return len(self._waiting)

    def put(self, place: InSpool) -> None:
        """A request is in the box."""
        with self._changed:
            self._waiting.append(place)
            self._changed.notify_all()

    def drop_oldest(self) -> bool:
        """Let go of the request that has waited longest; False where there is none."""
        with self._changed:
            if not self._waiting:
                return False
            self._box.release([self._waiting.popleft()], ANYBODY)
        self.counts["dropped"] += 1
        return True

    def settle(self, timeout: float | None) -> bool:
        """Wait until everything is taken, or time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout)

    def close(self, timeout: float) -> None:
        """Send what can be sent in `timeout` seconds; the rest stays for the next process."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def _work(self) -> None:
        try:
            self._send_left()
            while self._wait_for_one():
                self._send_next()
        except BaseException as trouble:  # this thread is ours; what waits stays on disk
            self.counts["sender_died"] += 1
            _log.error("the outbox met %s and sends no more; what waits is kept", type(trouble).__name__)

    def _wait_for_one(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            # What could not be sent before the end is the next process's.
            return bool(self._waiting) and not (self._is_closed and self.trouble)

    def _send_next(self) -> None:
        place = self._waiting[0]
        if not self._send(self._box.read(place).body):
            return
        with self._changed:
            if self._waiting and self._waiting[0] == place:  # it may have been dropped meanwhile
                self._waiting.popleft()
                self._box.release([place], ANYBODY)
            self._changed.notify_all()

    def _send_left(self) -> None:
        for box in (self._box, *left_boxes(self._outbox)):
            for entry in box.entries():
                box.hold(entry.place, [ANYBODY])
                if not self._send(entry.body):
                    return
                box.release([entry.place], ANYBODY)
            if box is not self._box:
                box.close()

    def _send(self, body: bytes) -> bool:
        """Send until it is taken or refused; False where the end came first."""
        for attempt in itertools.count():
            rest = self._rest_of(body)
            answer = self._post(rest) if rest else Answer(Verdict.TAKEN)
            self.trouble = "" if answer.verdict is Verdict.TAKEN else answer.reason
            if answer.verdict is Verdict.TAKEN:
                self.counts["sent"] += 1
                return True
            if answer.verdict is Verdict.REFUSED:
                self._set_aside(rest, answer.reason)
                return True
            self.counts["attempts_failed"] += 1
            if self._pause(answer.wait if answer.wait is not None else _wait_after(attempt)):
                return False
        raise AssertionError("there is always another attempt")

    def _rest_of(self, body: bytes) -> bytes:
        erased = frozenset(trace for trace in traces_in(PROTOBUF, body) if self._is_erased(f"{trace:032x}"))
        return without_traces(PROTOBUF, body, erased) if erased else body

    def _set_aside(self, body: bytes, reason: str) -> None:
        folder = self._outbox / REFUSED
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{os.getpid()}-{self.counts['refused']}.otlp"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(PackedEntry.of(PROTOBUF, body, "").to_bytes())
            file.flush()
            os.fsync(file.fileno())
        if not self.counts["refused"]:
            _log.error("the research endpoint refuses requests (%s); they are kept in %s", reason, folder)
        self.counts["refused"] += 1

    def _pause(self, seconds: float) -> bool:
        """Wait; True where the end came."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_closed, seconds)


def _wait_after(attempt: int) -> float:
    """Twice as long each time, and not all DevServers of a programme at once."""
    seconds: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 10))
    return seconds * random.uniform(0.5, 1.0)
