"""Run requests in the background: a few at once, the others in turns over those who asked.

A run belongs to the server, not to the browser that asked for it: whoever leaves neither ends nor loses it. What was
asked for is kept before anybody is told that it will be run, so that a run that waits outlives the server too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from devserver.pipeline import Pipeline
from devserver.requests import Request
from devserver.web.asking.full import RunnerFull, WhyNot
from devserver.web.asking.job import Job
from devserver.web.asking.patience import REMEMBERED as DURATIONS
from devserver.web.asking.patience import seconds_until
from devserver.web.asking.run_queue import QueueBounds, RunQueue, Standing
from devserver.web.asking.tickets import Kept, Tickets
from otel_tracking.outcome import Status
from otel_tracking.run import Execution

__all__ = ["Job", "Runner", "RunnerFull", "Withdrawn"]

_log = logging.getLogger(__name__)

_ENDING = "the server is being stopped; ask again when it is back"
ENDING_SECONDS = 60

REMEMBERED = 200
"""Jobs that are over and can still be asked about by their ticket."""


class Withdrawn(Exception):
    """A run that waited was erased."""


class Runner:
    """Runs jobs on `slots` threads of its own; up to `most_waiting` more wait for one of them.

    Of each who takes turns, `runs_each` go on at once, and `waiting_each` more wait.
    `ended` counts runs that are over. `is_paused` says of a room whether nothing of it may begin now. It is asked
    often, and while nobody else can ask for anything: it answers from memory, and asks nothing of the runner.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        slots: int = 2,
        most_waiting: int = 30,
        runs_each: int = 1,
        waiting_each: int = 2,
        tickets: Tickets | None = None,
        is_paused: Callable[[str], bool] = lambda room: False,
    ) -> None:
        self._pipeline, self._tickets = pipeline, tickets or Tickets(None)
        self._entrance, self._changed = threading.Lock(), threading.Condition()
        self._queue = RunQueue(QueueBounds(slots, most_waiting, runs_each, waiting_each), is_paused)
        self._stopped: list[Job] = []
        self._over: deque[Job] = deque(maxlen=REMEMBERED)
        self._lasted: deque[float] = deque(maxlen=DURATIONS)
        self._closed, self.ended = False, 0
        for number in range(slots):
            threading.Thread(target=self._work, name=f"devserver run {number + 1}", daemon=True).start()

    @property
    def is_ending(self) -> bool:
        """Whether nothing more is taken, since the server is being stopped."""
        return self._closed

    def check(self, request: Request) -> None:
        """Raise `ConfigError` or `RequestError` where the pipeline would not begin."""
        self._pipeline.check(request)

    def as_recorded(self, request: Request) -> Request:
        """The request as its run will be recorded: with the pseudonyms of its study, where that has some."""
        return self._pipeline.as_recorded(request)

    def submit(self, request: Request, owner: str = "", room: str = "", *, turn: str = "") -> Job:
        """The job of a request that was checked, kept as its run will be recorded; `owner` is whose it is.

        It takes a turn of `turn`, or of its owner. Who has neither is not held to the bounds of each.
        Raises `RunnerFull` where too many wait, or too many of theirs, or the server is ending.
        """
        job = Job(self.as_recorded(request), owner, room=room, turn=turn)
        # One after another: nobody comes between the look whether there is room and the place in the queue.
        with self._entrance:
            self._check_room(job)
            self._tickets.keep(job.ticket, owner, job.asked_at, job.request, room)
            if not self._enqueue(job):
                self._tickets.end(job.ticket, "refused")
                raise RunnerFull(_ENDING, ENDING_SECONDS, WhyNot.ENDING)
        return job

    def resume(self) -> list[Job]:
        """The runs that waited when the server ended last, waiting again: as many as there are, in their order."""
        left = [
            Job(one.request, one.owner, one.ticket, one.asked_at, room=one.room) for one in self._tickets.take_over()
        ]
        for job in left:
            self._enqueue(job)
        return left

    def look(self) -> None:
        """Look again who may begin; to be called when a room is paused or goes on."""
        with self._changed:
            self._changed.notify_all()

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
        """The jobs under way, and then those that wait, the next one first."""
        with self._changed:
            return self._under_way()

    def find(self, name: str) -> Job | None:
        """The job with that ticket, execution id or trace id."""
        with self._changed:
            known = [*self._under_way(), *reversed(self._over)]
        return next((job for job in known if name in (job.ticket, job.execution_id, job.trace_id)), None)

    def position(self, job: Job) -> int:
        """Its place in the queue: 1 for the one that is next; 0 where it does not wait, or is about to begin."""
        return self.standing(job).position

    def standing(self, job: Job) -> Standing:
        """Its place in the queue, and what holds it there."""
        with self._changed:
            return self._queue.standing(job)

    def wait_for_move(self, job: Job, standing: Standing | None, timeout: float) -> Standing:
        """Where the job stands as soon as it is elsewhere than `standing`, or when `timeout` seconds are over."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue.standing(job) != standing, timeout)
            return self._queue.standing(job)

    def stop(self, job: Job) -> None:
        """End a run at its next step. One that waits gets a record too, which says that it was cancelled."""
        job.cancel.set()
        self._end_waiting([job])

    def clear(self, room: str) -> list[Job]:
        """End what waits in a room, as `stop` does; gives those jobs. What is under way goes on."""
        with self._changed:
            waiting = self._queue.waiting_in(room)
        return self._end_waiting(waiting)

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
                self._changed.wait_for(lambda: not (self._queue.running or self._stopped))
            self._tickets.close()
        return is_done

    def _under_way(self) -> list[Job]:
        return [*self._queue.running, *self._stopped, *self._queue.waiting()]

    def _check_room(self, job: Job) -> None:
        with self._changed:
            if self._closed:
                raise RunnerFull(_ENDING, ENDING_SECONDS, WhyNot.ENDING)
            why = self._queue.why_not(job)
            if why is WhyNot.OWN:
                first = self._queue.first_of(job.whose)
                turns = self._queue.standing(first).position if first else 1
                sentence = "as many of your runs are waiting as may; ask again when one of them has begun"
                raise RunnerFull(sentence, self._seconds_until(turns), why)
            if why:
                waiting = len(self._queue.waiting())
                sentence = f"{waiting} runs are waiting already; ask again in a moment"
                raise RunnerFull(sentence, self._seconds_until(1), why)

    def _seconds_until(self, turns: int) -> int:
        return seconds_until(turns, self._lasted, self._queue.bounds.slots)

    def _enqueue(self, job: Job) -> bool:
        with self._changed:
            if not self._closed:
                self._queue.enter(job)
                self._changed.notify_all()
            return not self._closed

    def _end_waiting(self, jobs: Iterable[Job]) -> list[Job]:
        """End those of them that wait; all leave the queue before the first is written down."""
        with self._changed:
            left = [job for job in jobs if self._queue.leave(job)]
            self._stopped += left
            self._changed.notify_all()
        for job in left:
            job.cancel.set()
            self._run(job)
        return left

    def _work(self) -> None:
        while job := self._next():
            begun = time.monotonic()
            self._run(job)
            if job.status == Status.COMPLETED:
                self._lasted.append(time.monotonic() - begun)

    def _next(self) -> Job | None:
        with self._changed:
            while not self._closed:
                if job := self._queue.begin_next():
                    self._changed.notify_all()
                    return job
                self._changed.wait()
            return None

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
        # Before anybody can be told that it is over: who asks for its ticket then is told the same.
        state = result.status if result else Status.ERROR
        self._tickets.end(job.ticket, state, type(error).__name__ if error else "")
        job.end(result, error)
        with self._changed:
            (self._stopped if job in self._stopped else self._queue.running).remove(job)
            self._over.append(job)
            self.ended += 1
            self._changed.notify_all()

    def _begin(self, job: Job, run: Execution) -> None:
        # Before anybody can be told the id: a server that dies now still knows whose it was.
        self._tickets.name(job.ticket, run.execution_id)
        job.begin(run)


def _all_done(jobs: Iterable[Job], timeout: float) -> bool:
    time_is_up = time.monotonic() + timeout
    return all(job.done.wait(max(0.0, time_is_up - time.monotonic())) for job in jobs)
