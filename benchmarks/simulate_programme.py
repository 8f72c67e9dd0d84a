"""What programmes of 10 to 10,000 DevServers need, how a day of theirs goes, and what an hour without a part costs.

    python -m benchmarks.simulate_programme            about a minute; --servers N,N for others

The figures are those of `figures.toml`; the same seed gives the same day.
"""

from __future__ import annotations

import argparse

from benchmarks.programme import Figures, Plan, busiest_runs_per_second, plan_for, read_figures
from benchmarks.school_day import HOUR, PARTS, Away, Day, simulate

GIB = 2**20  # of KiB
NEEDS = (
    "| DevServers | gateways | partitions | workers | runs/s at most | runs a day | backlog at the peak, runs "
    "| durable p50 | p99 | workers busy | commits a day | table files a day "
    "| Kafka a day | table a day | after upkeep | upkeep takes |\n" + "|---" * 16 + "|"
)
OUTAGES = (
    "| away for an hour | backlog, runs | in outboxes | their size, each | in gateways' queues "
    "| in Kafka | its size | durable p99 | the last | caught up after |\n" + "|---" * 10 + "|"
)


def line_of(plan: Plan, day: Day, figures: Figures) -> str:
    """A day when nothing goes wrong."""
    kibs = (figures.kafka_kib_per_run, figures.written_kib_per_run, figures.kept_kib_per_run)
    sizes, files = (f"{kib * day.made / GIB:.2f} GiB" for kib in kibs), day.commits * figures.files_per_commit
    return (
        f"| {plan.servers:,} | {plan.gateways} | {plan.partitions} | {plan.workers} "
        f"| {busiest_runs_per_second(plan.servers, figures):,.1f} | {day.made:,} | {day.worst.runs:,} "
        f"| {day.delay(0.5):.1f} s | {day.delay(0.99):.1f} s | {day.busy_workers:.0%} | {day.commits:,} "
        f"| {files:,} | {' | '.join(sizes)} | {files * figures.upkeep_seconds_per_file / 60:.0f} min |"
    )


def outage_of(plan: Plan, away: Away, day: Day, figures: Figures) -> str:
    """A day on which a part was away."""
    worst = day.worst
    outbox, topic = worst.outboxes * figures.outbox_kib_per_run / plan.servers, worst.kafka * figures.kafka_kib_per_run
    return (
        f"| {away.part} | {worst.runs:,} | {worst.outboxes:,} | {outbox / 1024:.1f} MiB | {worst.gateways:,} "
        f"| {worst.kafka:,} | {topic / GIB:.1f} GiB | {_time(day.delay(0.99))} "
        f"| {_time(day.delay(1.0))} | {_time(day.caught_up(away))} |"
    )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="10,100,1000,10000", help="how many, with commas between")
    parser.add_argument("--seed", type=int, default=1)
    said, figures = parser.parse_args(), read_figures()
    sizes = [int(size) for size in said.servers.split(",")]
    print(NEEDS)
    for size in sizes:
        plan = plan_for(size, figures)
        print(line_of(plan, simulate(plan, figures, seed=said.seed), figures), flush=True)
    print(f"\nWith {sizes[-1]:,} DevServers, from the second lesson on:\n\n{OUTAGES}")
    for part in PARTS:
        away = Away(part, HOUR, 2 * HOUR)
        plan = plan_for(sizes[-1], figures)
        day = simulate(plan, figures, seed=said.seed, away=away)
        print(outage_of(plan, away, day, figures), flush=True)


if __name__ == "__main__":
    main()
