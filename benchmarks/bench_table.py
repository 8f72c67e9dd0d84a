"""What a commit to the table costs by how much is in it, what a run is there, and what upkeep brings and costs.

    python -m benchmarks.bench_table            about a minute; --quick for a first look

The ledger that `collect --kafka` commits through, on a real S3 server over a folder of this machine: a real object
store is farther away, and each of a commit's dozen requests takes its round trip. Runs are those of workload A.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import workloads
from benchmarks.figures import figure
from benchmarks.real_parts import built, parts
from collectors import start_recording
from collectors.testing import RememberingSink
from exporters.delta.ledger import DeltaLedger
from exporters.delta.tables import DeltaStore
from otel_tracking.record import ExecutionRecord

TABLES = ("executions", "items", "blobs")


def records(count: int, draw: random.Random) -> Sequence[ExecutionRecord]:
    """So many runs, with texts of their own."""
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording:
        for _ in range(count):
            workloads.vary(draw)
            workloads.ours(recording.tracker(), calls=False)
        recording.flush(timeout=60)
    return sink.records


def line_of(home: Path, store: DeltaStore, runs: int, commits: int) -> str:
    """One line of the table: so many commits of so many runs."""
    ledger = DeltaLedger(store, "otlp_spans")
    ledger.open([0])
    costs, draw = [], random.Random(1)
    for number in range(commits):
        rows = [ledger.prepare(record) for record in records(runs, draw)]
        began = time.perf_counter()
        assert not ledger.commit(rows, {0: number + 1}, ())
        costs.append(1e6 * (time.perf_counter() - began))
    cost, (files, size) = figure(costs), stored(home)
    began = time.perf_counter()
    for name in TABLES:
        table = store.open(name)
        table.optimize.compact()
        table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    upkeep = time.perf_counter() - began
    left, packed = stored(home)
    total = runs * commits
    return (
        f"| {runs:,} | {cost.median / 1000:.0f} ms | {cost.p99 / 1000:.0f} ms "
        f"| {files:,} | {size / total / 1024:.1f} KiB "
        f"| {left:,} | {packed / total / 1024:.2f} KiB | {1000 * upkeep / files:.1f} ms |"
    )


def stored(home: Path) -> tuple[int, int]:
    """How many files of rows there are, and their bytes."""
    files = [path for name in TABLES for path in (home / name).rglob("*.parquet") if "_delta_log" not in path.parts]
    return len(files), sum(path.stat().st_size for path in files)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few commits")
    some = 5 if parser.parse_args().quick else 50
    print("| runs in a commit | a commit | p99 | files | a run | files after upkeep | a run | upkeep, a file |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="bench-table-", dir="/var/tmp") as home:
        server = parts.s3(built("build_versitygw.sh"), Path(home) / "s3")
        server.start()
        server.wait()
        try:
            for runs, commits in ((1, some), (20, some), (400, some // 5)):
                place = f"table{runs}"
                bucket = Path(home) / "s3" / "data" / "research" / place
                store = DeltaStore(f"s3://research/{place}", server.options)
                print(line_of(bucket, store, runs, commits), flush=True)
        finally:
            server.end()


if __name__ == "__main__":
    main()
