"""How many gateways, partitions and workers a programme needs, from measured figures (`figures.toml`)."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import NamedTuple

FIGURES = Path(__file__).with_name("figures.toml")
HEADROOM = 1.5
"""What there is beyond the busiest hour: it is what a backlog is worked off with."""
PARTITIONS_PER_WORKER, PARTITIONS_AT_ONCE = 4, 12
"""A topic's partitions are not changed later, since the keys would move; twelve share evenly among 2, 3, 4 and 6."""


class Figures(NamedTuple):
    """What was measured. Sizes in KiB, times in seconds, rates a second."""

    items_per_run: float
    sent_kib_per_run: float
    unpacked_kib_per_run: float
    outbox_kib_per_run: float
    kafka_kib_per_run: float
    written_kib_per_run: float
    kept_kib_per_run: float
    upkeep_seconds_per_file: float
    gateway_runs_per_second: float
    gateway_queue_kib: float
    worker_items_per_second: float
    commit_seconds: float
    commit_every_seconds: float
    commit_most_runs: int
    files_per_commit: int
    rebalance_seconds: float
    sender_pause_seconds: float
    runs_per_lesson_hour: float


class Plan(NamedTuple):
    """What a programme of so many DevServers is given."""

    servers: int
    gateways: int
    partitions: int
    workers: int


def read_figures(path: Path = FIGURES) -> Figures:
    """The figures of a file, each of which says there what gave it."""
    said = tomllib.loads(path.read_text("utf-8"))
    return Figures(**{name: entry["value"] for name, entry in said.items()})


def busiest_runs_per_second(servers: int, figures: Figures) -> float:
    """When every DevServer has a class at work."""
    return servers * figures.runs_per_lesson_hour / 3600


def plan_for(servers: int, figures: Figures) -> Plan:
    """Enough of each part for the busiest moment, with headroom; never fewer than two of what may die.

    >>> plan_for(10, read_figures())
    Plan(servers=10, gateways=2, partitions=12, workers=2)
    """
    wanted = HEADROOM * busiest_runs_per_second(servers, figures)
    gateways = max(2, math.ceil(wanted / figures.gateway_runs_per_second))
    workers = max(2, math.ceil(wanted * figures.items_per_run / figures.worker_items_per_second))
    partitions = PARTITIONS_AT_ONCE * math.ceil(PARTITIONS_PER_WORKER * workers / PARTITIONS_AT_ONCE)
    return Plan(servers, gateways, partitions, workers)
