"""Medians, spread and ratios of interleaved measurements."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple


class Figure(NamedTuple):
    """A measured cost in microseconds."""

    median: float
    low: float
    high: float
    p99: float

    def __str__(self) -> str:
        return f"{self.median:9.1f} µs  ({self.low:.1f} … {self.high:.1f}; p99 {self.p99:.1f})"


def figure(costs: Sequence[float]) -> Figure:
    """Median, quartiles and 99th percentile."""
    ordered = sorted(costs)
    return Figure(
        statistics.median(ordered),
        ordered[len(ordered) // 4],
        ordered[3 * len(ordered) // 4],
        ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
    )


Calls = Sequence[tuple[Callable[[], object], Callable[[], object]]]
"""What is measured, each with what runs after it, unmeasured."""


def interleaved(calls: Calls, rounds: int) -> list[Figure]:
    """Cost of each call, in turns."""
    return [figure(cost) for cost in costs_in_turns(calls, rounds)]


def costs_in_turns(calls: Calls, rounds: int, clock: Callable[[], int] = time.perf_counter_ns) -> list[list[float]]:
    """Microseconds of each call in each round, by a clock of nanoseconds."""
    costs: list[list[float]] = [[] for _ in calls]
    for measured, between in calls:
        measured(), between()
    gc.collect()
    for _ in range(rounds):
        for cost, (measured, between) in zip(costs, calls, strict=True):
            started = clock()
            measured()
            cost.append((clock() - started) / 1000)
            between()
    return costs


def ratio(cost: Sequence[float], other: Sequence[float]) -> str:
    """How one cost relates to another of the same rounds: the median of their ratios, and their quartiles."""
    found = figure([one / another for one, another in zip(cost, other, strict=True)])
    return f"{found.median:5.2f} ({found.low:.2f}–{found.high:.2f})"


def processor_seconds(process: int) -> float:
    """Seconds of processor time of a process and of those it has started, to a hundredth."""
    tasks = Path(f"/proc/{process}/task")
    children = {int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()}
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK") + sum(map(processor_seconds, children))
