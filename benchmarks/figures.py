"""Medians, spread and ratios of interleaved measurements."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
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


def interleaved(calls: Sequence[tuple[Callable[[], object], Callable[[], object]]], rounds: int) -> list[Figure]:
    """Cost of each call, in turns; the second function of a pair runs after it, unmeasured."""
    costs: list[list[float]] = [[] for _ in calls]
    for measured, between in calls:
        measured(), between()
    gc.collect()
    for _ in range(rounds):
        for cost, (measured, between) in zip(costs, calls, strict=True):
            started = time.perf_counter_ns()
            measured()
            cost.append((time.perf_counter_ns() - started) / 1000)
            between()
    return [figure(cost) for cost in costs]
