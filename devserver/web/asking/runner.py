"""Run requests in the background: a few at once, the others in the order they came.

A run belongs to the server, not to the browser that asked for it: whoever leaves neither ends nor loses it. What was
asked for is kept before anybody is told that it will be run, so that a run that waits outlives the server too.
"""

from __future__ import annotations

import datetime as dt
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from devserver.pipeline import Pipeline
from devserver.requests import Request, Result
from devserver.web.asking.tickets import Kept, Tickets
from otel_tracking.run import Execution

_log = logging.getLogger(__name__)

_ENDING = "the server is being stopped; ask again when it is back"

REMEMBERED = 200
"""Jobs that are over and can still be asked about by their ticket."""


class RunnerFull(Exception):
    """No more runs are taken now; `retry_after` says in how many seconds to ask again."""

    def __init__(self, sentence: str, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Withdrawn(Exception):
    """A run that waited was erased."""


class Job:
    """One request on its way: waiting, then running under an execution id, then over."""

    def __init__(
        self, request: Request, owner: str = "", ticket: str | None = None, asked_at: float | None = None
    ) -> None:
        self.ticket = ticket or f"ticket_{secrets.token_hex(8)}"
        self.request, self.owner = request, owner
        self.asked_at = time.time() if asked_at is None else asked_at
        self.cancel = threading.Event()
        self.started = threading.Event()
        self.done = threading.Event()
        self.execution_id: str | None = None
        self.trace_id: str | None = None
        self.result: Result | None = None
        self.error: Exception | None = None

    @property
    def name(self) -> str:
        """What it can be asked for by: the execution id as soon as there is one."""
        return self.execution_id or self.ticket

    @property
    def moment(self) -> dt.datetime:
        """When it was asked for."""
        return dt.datetime.fromtimestamp(self.asked_at, dt.UTC)

    @property
    def status(self) -> str:
        """`waiting`, `running`, or how it ended."""
        if self.done.is_set():
            return self.result.status if self.result else "error"
        return "running" if self.started.is_set() else "waiting"

    def begin(self, execution: Execution) -> None:
        """Take the ids of the execution; what `Pipeline.run` calls when the run begins."""
        self.execution_id, self.trace_id = execution.execution_id, execution.trace_id
        self.started.set()

    def end(self, result: Result | None, error: Exception | None) -> None:
        """Keep what came of it, without the media: they are in the record."""
        outputs = tuple(replace(output, files=()) for output in result.outputs) if result else ()
        self.result, self.error = replace(result, outputs=outputs) if result else None, error
        self.request = replace(self.request, images=())
        self.started.set()
        self.done.set()


class Runner:
    """Runs jobs on `slots` threads of its own; up to `most_waiting` more wait for one of them."""

    def __init__(
        self, pipeline: Pipeline, *, slots: int = 2, most_waiting: int = 30, tickets: Tickets | None = None
    ) -> None:
        self._pipeline, self._slots, self._most_waiting = pipeline, slots, most_waiting
        self._tickets, self._entrance = tickets or Tickets(None), threading.Lock()
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: list[Job] = []
        self._over: deque[Job] = deque(maxlen=REMEMBERED)
        self._closed = False
        for number in range(slots):
            threading.Thread(target=self._work, name=f"devserver run {number + 1}", daemon=True).start()

    def check(self, request: Request) -> None:
        """Raise `ConfigError` or `RequestError` where the pipeline would not begin."""
        self._pipeline.check(request)

    def submit(self, request: Request, owner: str = "") -> Job:
        """The job of a request that was checked, kept as its run will be recorded; `owner` is whose it is.

        Raises `RunnerFull` where too many wait, or the server is ending.
        """
        job = Job(self._pipeline.as_recorded(request), owner)
        # One after another: nobody comes between the look whether there is room and the place in the queue.
        with self._entrance:
            self._check_room()
            self._tickets.keep(job.ticket, owner, job.asked_at, job.request)
            if not self._enqueue(job):
                self._tickets.end(job.ticket, "refused")
                raise RunnerFull(_ENDING, 60)
        return job

    def resume(self) -> list[Job]:
        """The runs that waited when the server ended last, waiting again: as many as there are, in their order."""
        left = [Job(one.request, one.owner, one.ticket, one.asked_at) for one in self._tickets.take_over()]
        for job in left:
            self._enqueue(job)
        return left

    def kept(self, ticket: str) -> Kept | None:
        """What is known of a ticket, also of one from before the server was started."""
        return self._tickets.find(ticket)

    def kept_of(self, execution_id: str) -> Kept | None:
        """What is known of the ticket that an execution was asked for with."""
        return self._tickets.of_execution(execution_id)

    def kept_of_owner(self, owner: str) -> list[Kept]:
        """What is known of all that somebody has asked for."""
        return self._tickets.of_owner(owner)

    def jobs(self) -> list[Job]:
        """The jobs under way, waiting ones last; in the order they were asked for."""
        with self._changed:
            return [*self._running, *self._waiting]

    def find(self, name: str) -> Job | None:
        """The job with that ticket, execution id or trace id."""
        with self._changed:
            known = [*self._running, *self._waiting, *reversed(self._over)]
        return next((job for job in known if name in (job.ticket, job.execution_id, job.trace_id)), None)

    def position(self, job: Job) -> int:
        """Its place in the queue: 1 for the one that is next; 0 where it does not wait, or is about to begin."""
        with self._changed:
            return self._position(job)

    def wait_for_move(self, job: Job, position: int, timeout: float) -> int:
        """The job's position when it is another than `position`, or when `timeout` seconds are over."""
        with self._changed:
            self._changed.wait_for(lambda: self._position(job) != position, timeout)
            return self._position(job)

    def stop(self, job: Job) -> None:
        """End a run at its next step. One that waits gets a record too, which says that it was cancelled."""
        job.cancel.set()
        with self._changed:
            waited = job in self._waiting
            if waited:
                self._waiting.remove(job)
                self._running.append(job)
                self._changed.notify_all()
        if waited:
            self._run(job)

    def close(self, timeout: float = 10.0) -> bool:
        """End all runs as cancelled and take no more; False where one did not end within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        jobs = self.jobs()
        for job in jobs:
            self.stop(job)
        is_done = _all_done(jobs, timeout)
        if is_done:
            with self._changed:
                self._changed.wait_for(lambda: not self._running)
            self._tickets.close()
        return is_done

    def _check_room(self) -> None:
        with self._changed:
            if self._closed:
                raise RunnerFull(_ENDING, 60)
            if len(self._waiting) >= self._most_waiting + self._slots - len(self._running):
                raise RunnerFull(f"{len(self._waiting)} runs are waiting already; ask again in a moment", 30)

    def _enqueue(self, job: Job) -> bool:
        with self._changed:
            if not self._closed:
                self._waiting.append(job)
                self._changed.notify_all()
            return not self._closed

    def _position(self, job: Job) -> int:
        if job not in self._waiting:
            return 0
        free = self._slots - len(self._running)
        return max(0, self._waiting.index(job) + 1 - max(0, free))

    def _work(self) -> None:
        while job := self._next():
            self._run(job)

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            job = self._waiting.popleft()
            self._running.append(job)
            self._changed.notify_all()
            return job

    def _run(self, job: Job) -> None:
        result, error = None, None
        try:
            # Before it begins, so that a run that makes the server die is not run again and again.
            if not self._tickets.begin(job.ticket):
                raise Withdrawn
            result = self._pipeline.run(job.request, on_start=lambda run: self._begin(job, run), cancel=job.cancel)
        except Exception as trouble:
            # Its message stays out of the log: it may hold what a child wrote.
            _log.warning("a run could not be started: %s", type(trouble).__name__)
            error = trouble
        job.end(result, error)
        self._tickets.end(job.ticket, job.status, type(error).__name__ if error else "")
        with self._changed:
            self._running.remove(job)
            self._over.append(job)
            self._changed.notify_all()

    def _begin(self, job: Job, run: Execution) -> None:
        job.begin(run)
        self._tickets.name(job.ticket, run.execution_id)


def _all_done(jobs: Iterable[Job], timeout: float) -> bool:
    time_is_up = time.monotonic() + timeout
    return all(job.done.wait(max(0.0, time_is_up - time.monotonic())) for job in jobs)
