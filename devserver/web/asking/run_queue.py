"""The jobs that wait and those that run: who may begin, who stands where, and who is too many.

Not for several threads at once: the runner holds its lock meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from devserver.web.asking.fair_order import Waiter, in_turns
from devserver.web.asking.full import WhyNot
from devserver.web.asking.job import Job

PAUSED, OWN_RUNS = "paused", "own"
"""Why a job does not begin though it could be its turn: its room is paused, or runs of the same person go first."""


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """How many runs go on at once and how many may wait: of all, and of each who takes turns."""

    slots: int
    waiting: int
    runs_each: int
    waiting_each: int


class Standing(NamedTuple):
    """A place in the queue: 1 for the one that is next, 0 for what begins now or does not wait; `held` says by what."""

    position: int
    held: str = ""


class RunQueue:
    """A fair queue before a few slots. Jobs of a room that is paused keep their place, and others pass them."""

    def __init__(self, bounds: QueueBounds, is_paused: Callable[[str], bool]) -> None:
        self.bounds, self._is_paused = bounds, is_paused
        self.running: list[Job] = []
        self._numbers = count(1)
        self._waiting: dict[Waiter, Job] = {}
        self._last_turns: dict[str, int] = {}

    def __contains__(self, job: Job) -> bool:
        return any(job is one for one in self._waiting.values())

    def enter(self, job: Job) -> None:
        """Stand at the end."""
        self._waiting[Waiter(job.whose, next(self._numbers))] = job

    def leave(self, job: Job) -> bool:
        """Whether it stood here; it does not any more."""
        found = [waiter for waiter, one in self._waiting.items() if one is job]
        for waiter in found:
            del self._waiting[waiter]
        self._forget_turns()
        return bool(found)

    def waiting(self) -> list[Job]:
        """Those that wait, the next one first."""
        return [self._waiting[waiter] for waiter in in_turns(self._waiting, self._last_turns)]

    def waiting_in(self, room: str) -> list[Job]:
        """Those of a room."""
        return [job for job in self.waiting() if job.room == room]

    def begin_next(self) -> Job | None:
        """The job whose turn it is, running now; None where none may begin."""
        job = next(self._beginning(self._waiting), None)
        if job:
            self.leave(job)
            self._last_turns[job.whose] = next(self._numbers)
            self._forget_turns()
            self.running.append(job)
        return job

    def standing(self, job: Job) -> Standing:
        """Where a job stands. What stands before it and cannot begin, since its room is paused, is not counted."""
        if job not in self:
            return Standing(0)
        line, beginning = self.waiting(), list(self._beginning(self._waiting))
        if job in beginning:
            return Standing(0)
        held = self._held(job, Counter(one.whose for one in [*self.running, *beginning]))
        before = [one for one in line[: line.index(job)] if one not in beginning]
        counted = before if held == PAUSED else [one for one in before if not self._is_paused(one.room)]
        return Standing(len(counted) + 1, held)

    def why_not(self, job: Job) -> WhyNot | None:
        """What stands against a job that would come now; None where it may. One that would begin at once always may."""
        others = self._left_over(self._waiting)
        mine = sum(one.whose == job.whose for one in others)
        # What waits in rooms that are paused fills only those.
        all_ = sum(one.room == job.room or not self._is_paused(one.room) for one in others)
        if job not in self._left_over({**self._waiting, Waiter(job.whose, next(self._numbers)): job}):
            return None
        if job.whose and mine >= self.bounds.waiting_each:
            return WhyNot.OWN
        return WhyNot.QUEUE if all_ >= self.bounds.waiting else None

    def first_of(self, whose: str) -> Job | None:
        """The next job of somebody."""
        return next((job for job in self.waiting() if job.whose == whose), None)

    def _left_over(self, waiting: Mapping[Waiter, Job]) -> list[Job]:
        """Those of them that will still wait when the free slots are taken."""
        beginning = list(self._beginning(waiting))
        return [job for job in waiting.values() if job not in beginning]

    def _beginning(self, waiting: Mapping[Waiter, Job]) -> Iterator[Job]:
        """Those that the free slots are for."""
        free, under_way = self.bounds.slots - len(self.running), Counter(job.whose for job in self.running)
        for job in (waiting[one] for one in in_turns(waiting, self._last_turns)):
            if free > 0 and not self._held(job, under_way):
                free -= 1
                under_way[job.whose] += 1
                yield job

    def _held(self, job: Job, under_way: Counter[str]) -> str:
        if self._is_paused(job.room):
            return PAUSED
        return OWN_RUNS if job.whose and under_way[job.whose] >= self.bounds.runs_each else ""

    def _forget_turns(self) -> None:
        """Whoever has nothing here comes anew; so what is remembered is no longer than the queue."""
        here = {waiter.whose for waiter in self._waiting}
        self._last_turns = {whose: turn for whose, turn in self._last_turns.items() if whose in here}
