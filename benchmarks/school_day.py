"""A programme's day at school, simulated: runs leave DevServers, pass gateways and a topic, and come into a table.

Runs travel in parcels: what a group of DevServers has made within some seconds. A parcel goes to one partition, where a
real one would be shared among all: what stands here is a little worse than what would be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

import numpy as np
import simpy

from benchmarks.programme import Figures, Plan, busiest_runs_per_second

HOUR = 3600.0
LESSONS = tuple(HOUR * hour for hour in (0.0, 0.83, 1.92, 2.75, 3.83, 4.67))
"""When lessons begin, after the first bell: pairs of lessons, with longer breaks between."""
LESSON_SECONDS, BELLS_DIFFER = 45 * 60.0, 15 * 60.0
IN_USE = 0.6
"""The share of DevServers that have a class in a lesson."""
GROUPS, TICK, SAMPLE = 50, 5.0, 60.0
LONGEST_DAY = 48 * HOUR

PARTS = ("gateways", "kafka", "table", "a gateway", "a worker")
Times = Generator[simpy.Event, Any, None]


class Parcel(NamedTuple):
    """So many runs, made at one time."""

    made: float
    runs: int


class Away(NamedTuple):
    """A part that is away from one moment to another."""

    part: str
    begins: float
    ends: float


class Backlog(NamedTuple):
    """Runs that are not in the table yet, by where they are, at one time."""

    at: float
    outboxes: int
    gateways: int
    kafka: int

    @property
    def runs(self) -> int:
        """All of them."""
        return self.outboxes + self.gateways + self.kafka


class Day(NamedTuple):
    """What became of a day."""

    made: int
    durable: int
    delays: Mapping[float, int]
    commits: int
    busy_workers: float
    backlogs: tuple[Backlog, ...]
    ended: float

    def delay(self, share: float) -> float:
        """Within how many seconds this share of the runs was durable."""
        wanted, seen = share * self.durable, 0
        for seconds, runs in sorted(self.delays.items()):
            seen += runs
            if seen >= wanted:
                return seconds
        return 0.0

    @property
    def worst(self) -> Backlog:
        """The largest backlog there was."""
        return max(self.backlogs, key=lambda backlog: backlog.runs)

    def caught_up(self, away: Away) -> float:
        """How many seconds after a part's return no more was waiting than before it went, but for a fifth."""
        before = max(b.runs for b in self.backlogs if b.at <= away.begins)
        after = (b for b in self.backlogs if b.at >= away.ends)
        return next((b.at - away.ends for b in after if b.runs <= 1.2 * before), self.ended)


class SchoolDay:
    """The parts of a programme at work, in simulated time."""

    def __init__(self, plan: Plan, figures: Figures, seed: int, lessons: int, away: Away | None) -> None:
        self.plan, self.figures, self.away = plan, figures, away
        self.lessons = LESSONS[:lessons]
        self.env, self.draw = simpy.Environment(), np.random.default_rng(seed)
        self.gateways = [simpy.Store(self.env) for _ in range(plan.gateways)]
        self.log: list[deque[Parcel]] = [deque() for _ in range(plan.partitions)]
        self.table_log = simpy.Resource(self.env)
        self.made = self.in_kafka = self.durable = self.commits = 0
        self.busy = 0.0
        self.delays: dict[float, int] = {}
        self.backlogs: list[Backlog] = []
        self.at_school = min(GROUPS, plan.servers)

    def run(self) -> Day:
        """Simulate until school is out and everything is in the table."""
        for group in range(self.at_school):
            self.env.process(self._group(group))
        for number in range(self.plan.gateways):
            self.env.process(self._gateway(number))
        for number in range(self.plan.workers):
            self.env.process(self._worker(number))
        self.env.run(self.env.process(self._sample()))
        share = self.busy / (self.plan.workers * self.env.now)
        return Day(self.made, self.durable, self.delays, self.commits, share, tuple(self.backlogs), self.env.now)

    def _is_away(self, part: str, margin: float = 0.0) -> bool:
        away = self.away
        return bool(away and away.part == part and away.begins <= self.env.now < away.ends + margin)

    def _until_back(self, part: str, margin: float = 0.0) -> Times:
        if self.away and self._is_away(part, margin):
            yield self.env.timeout(self.away.ends + margin - self.env.now)

    def _group(self, group: int) -> Times:
        """DevServers of one place: lessons begin together, and parcels leave in them."""
        servers = self.plan.servers // self.at_school + (group < self.plan.servers % self.at_school)
        bell = float(self.draw.uniform(0, BELLS_DIFFER))
        for lesson in self.lessons:
            yield self.env.timeout(max(0.0, lesson + bell - self.env.now))
            classes = int(self.draw.binomial(servers, IN_USE))
            ends = self.env.now + LESSON_SECONDS
            while self.env.now < ends:
                yield self.env.timeout(TICK)
                self._send(group, int(self.draw.poisson(busiest_runs_per_second(classes, self.figures) * TICK)))
        self.at_school -= 1

    def _send(self, group: int, runs: int) -> None:
        if runs:
            self.made += runs
            number = group % self.plan.gateways
            # A load balancer sends what is for a gateway that is away to the next.
            number = (number + (number == 0 and self._is_away("a gateway"))) % self.plan.gateways
            self.gateways[number].put(Parcel(self.env.now, runs))

    def _gateway(self, number: int) -> Times:
        while True:
            parcel = yield self.gateways[number].get()
            yield from self._until_back("gateways", self.figures.sender_pause_seconds)
            if number == 0:
                yield from self._until_back("a gateway")
            yield from self._until_back("kafka")
            yield self.env.timeout(parcel.runs / self.figures.gateway_runs_per_second)
            self.log[int(self.draw.integers(self.plan.partitions))].append(parcel)
            self.in_kafka += parcel.runs

    def _owned(self, number: int) -> list[deque[Parcel]]:
        """A worker's partitions: those of one that is away, once that was noticed, are shared by the others."""
        away, workers = self.away, list(range(self.plan.workers))
        if away and self._is_away("a worker") and self.env.now >= away.begins + self.figures.rebalance_seconds:
            workers = workers[1:]
        return self.log[workers.index(number) :: len(workers)] if number in workers else []

    def _worker(self, number: int) -> Times:
        yield self.env.timeout(float(self.draw.uniform(0, self.figures.commit_every_seconds)))
        while True:
            if number == 0:
                yield from self._until_back("a worker")
            batch = self._take(self._owned(number))
            if not batch:
                yield self.env.timeout(self.figures.commit_every_seconds)
                continue
            began, runs = self.env.now, sum(parcel.runs for parcel in batch)
            yield self.env.timeout(runs * self.figures.items_per_run / self.figures.worker_items_per_second)
            yield from self._commit(batch)
            self.busy += self.env.now - began
            if runs < self.figures.commit_most_runs:
                yield self.env.timeout(max(0.0, self.figures.commit_every_seconds - (self.env.now - began)))

    def _take(self, partitions: list[deque[Parcel]]) -> list[Parcel]:
        """What lies in a worker's partitions, oldest first in each, up to as much as a commit has."""
        batch: list[Parcel] = []
        room = self.figures.commit_most_runs
        while room > 0 and any(partitions):
            for partition in partitions:
                if partition and room > 0:
                    batch.append(partition.popleft())
                    room -= batch[-1].runs
        return batch

    def _commit(self, batch: list[Parcel]) -> Times:
        yield from self._until_back("table")
        # One after the other: each commit is a further version of the table's log.
        with self.table_log.request() as turn:
            yield turn
            yield self.env.timeout(self.figures.commit_seconds)
        self.commits += 1
        for parcel in batch:
            seconds = round(self.env.now - parcel.made, 1)
            self.delays[seconds] = self.delays.get(seconds, 0) + parcel.runs
            self.durable += parcel.runs

    def _sample(self) -> Times:
        while self.at_school or self.durable < self.made:
            self.backlogs.append(self._backlog())
            assert self.env.now < LONGEST_DAY, "the backlog does not drain"
            yield self.env.timeout(SAMPLE)
        self.backlogs.append(self._backlog())

    def _backlog(self) -> Backlog:
        """What is at the gateways beyond their queues' size is still in the outboxes that wait for them."""
        before = self.made - self.in_kafka
        room = self.plan.gateways * self.figures.gateway_queue_kib / self.figures.unpacked_kib_per_run
        at_gateways = 0 if self._is_away("gateways") else min(before, int(room))
        return Backlog(self.env.now, before - at_gateways, at_gateways, self.in_kafka - self.durable)


def simulate(
    plan: Plan, figures: Figures, *, seed: int = 1, lessons: int = len(LESSONS), away: Away | None = None
) -> Day:
    """A day of lessons, until everything is in the table; the same for the same seed."""
    return SchoolDay(plan, figures, seed, lessons, away).run()
