"""A run's events as Server-Sent Events: from the beginning, or from where a watcher left off, until it has finished."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from collectors.recording import FINISHED, PROGRESS, FreshEvent
from devserver.web.asking.runner import Job
from devserver.web.live.progress import progress_message
from devserver.web.live.telling import STORED, Telling, Tellings, heartbeat, last_id, message, stored_messages
from devserver.web.runs.lookup import Runs
from exporters.errors import UnknownExecution

HEARTBEAT_SECONDS = 15.0
GONE = "gone"
"""The run was taken away from whoever follows it: nothing more is said of it."""
LOOK_SECONDS = 0.25
"""How often somebody who follows a run of a room is asked whether they still may."""
RETRY_MILLISECONDS = 2000
END_SECONDS = 5.0


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


@dataclass(frozen=True, slots=True)
class Stream:
    """What one watcher gets: of a run that is `found`, in a language, for an audience.

    `may_go_on` is asked before anything is said, and every `look_seconds`.
    """

    runs: Runs
    tellings: Tellings
    found: Job | str
    language: str
    audience: str
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    may_go_on: Callable[[], bool] = lambda: True
    look_seconds: float = HEARTBEAT_SECONDS

    def messages(self, after: str = "") -> Iterator[bytes]:
        """The messages after the one with that id; a run that waits tells its place in the queue first."""
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        if isinstance(self.found, str):
            yield from self._stored(self.found, _number(after, STORED))
            return
        yield from self._waiting(self.found)
        for said in self._running(self.found, after):
            if not self.may_go_on():
                yield message(GONE, {"boxes": []})
                return
            if said:
                yield said

    def _waiting(self, job: Job) -> Iterator[bytes]:
        standing = None
        while not job.started.is_set():
            moved = self.runs.runner.wait_for_move(job, standing, self.heartbeat_seconds)
            if moved == standing:
                yield heartbeat()
            elif moved.position:
                held = {"held": moved.held} if moved.held else {}
                yield message("queued", {"position": moved.position, **held})
            else:
                job.started.wait(self.heartbeat_seconds)
            standing = moved

    def _running(self, job: Job, after: str) -> Iterator[bytes]:
        if job.execution_id is None:
            yield message(FINISHED, {"name": "not_started", "boxes": []})
            return
        try:
            yield from self._live(job, _number(after, ""))
        except LookupError:
            # It ended, and others have ended since: what the feed has forgotten is in the dataset.
            job.done.wait()
            yield from self._stored(job.execution_id, 0)

    def _live(self, job: Job, seen: int) -> Iterator[bytes]:
        trace_id = job.trace_id or ""
        saying, told, quiet = (
            _Saying(self.tellings(trace_id, self.language, self.audience), self.language, seen),
            0,
            0.0,
        )
        pause = min(self.look_seconds, self.heartbeat_seconds)
        while True:
            try:
                for news in self.runs.follow(trace_id, told, pause):
                    quiet = 0.0
                    is_over = news[-1].kind == FINISHED
                    # What comes together is sent together: each time costs each watcher more than what is said.
                    yield b"".join(saying.of(news[:-1] if is_over else news))
                    told = news[-1].number
                    if is_over:
                        # Whoever asks for the record on hearing this shall find it.
                        job.done.wait(END_SECONDS)
                        yield from saying.of(news[-1:])
                        return
            except TimeoutError:
                quiet += pause
                yield heartbeat() if quiet >= self.heartbeat_seconds else b""
                quiet %= self.heartbeat_seconds

    def _stored(self, execution_id: str, seen: int) -> Iterator[bytes]:
        with contextlib.suppress(UnknownExecution):  # it was erased a moment ago
            yield from islice(stored_messages(self.runs.record(execution_id), self.language, self.audience), seen, None)


class _Saying:
    """The messages of events, but of those that were seen; how far a call is, only where that is news."""

    def __init__(self, telling: Telling, language: str, seen: int) -> None:
        self._telling, self._language, self._seen, self._how_far = telling, language, seen, b""

    def of(self, news: Iterable[FreshEvent]) -> Iterator[bytes]:
        for event in news:
            if event.kind == PROGRESS:
                before, self._how_far = self._how_far, progress_message(event.read(), self._language)
                # Whoever looks again is told again.
                yield self._how_far if self._how_far != before else b""
                continue
            said = self._telling.message(event)
            if event.number > self._seen:
                yield said


def has_seen_the_end(runs: Runs, found: Job | str, after: str) -> bool:
    """Whether the id is that of the last message of a run that is over."""
    return not isinstance(found, Job) and after != "" and after == last_id(runs.record(found))


def _number(after: str, prefix: str) -> int:
    """The number in an id of that kind; 0 for one of another kind."""
    digits = after[len(prefix) :] if after.startswith(prefix) else ""
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0
