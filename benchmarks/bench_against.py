"""From the end of a run to durable Parquet, here and in another checkout, in turns: what a change cost or brought.

    git worktree add ../before <commit>
    python -m benchmarks.bench_against ../before 40

Each checkout has a process that lives as long as the comparison; they take turns every few runs, so that both meet the
same moods of the machine.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ONE_BY_ONE, TOGETHER = 15, 60
"""Runs of a turn: each waited for until it is durable, and then as fast as they come."""


def work(checkout: str) -> None:
    """Take a turn for each line that comes, and print what it took."""
    sys.path.insert(0, checkout)
    from benchmarks import workloads
    from collectors import start_recording
    from exporters import ParquetSink

    with tempfile.TemporaryDirectory() as data, start_recording([ParquetSink(data)]) as recording:
        tracker = recording.tracker()
        for _ in sys.stdin:
            processor, waited = [], []
            for _ in range(ONE_BY_ONE):
                workloads.ours(tracker, calls=False)
                cpu, now = time.process_time(), time.perf_counter()
                recording.flush(timeout=60)
                processor.append(time.process_time() - cpu)
                waited.append(time.perf_counter() - now)
            cpu, now, own = time.process_time(), time.perf_counter(), time.thread_time()
            for _ in range(TOGETHER):
                workloads.ours(tracker, calls=False)
            own = time.thread_time() - own
            recording.flush(timeout=300)
            told = {
                "processor after the end of a run, ms": statistics.mean(processor) * 1000,
                "run end → durable, ms": statistics.median(waited) * 1000,
                "processor beside the pipeline, sustained, ms/run": (time.process_time() - cpu - own) / TOGETHER * 1000,
                "sustained, runs/s": TOGETHER / (time.perf_counter() - now),
            }
            print(json.dumps(told), flush=True)


def turns(checkouts: list[str], rounds: int) -> list[list[dict[str, float]]]:
    """What each checkout printed, turn by turn; the first of each warms it up."""
    command = [sys.executable, str(Path(__file__).resolve()), "--work"]
    workers: list[Any] = [
        subprocess.Popen([*command, where], cwd=where, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for where in checkouts
    ]
    told: list[list[dict[str, float]]] = [[] for _ in workers]
    for number in range(rounds + 1):
        for worker, kept in zip(workers, told, strict=True):
            print("go", file=worker.stdin, flush=True)
            said = json.loads(worker.stdout.readline())
            kept += [said] if number else []
    for worker in workers:
        worker.stdin.close()
        worker.wait()
    return told


def main(other: str, rounds: int) -> None:
    """Print medians and quartiles of both, and of the ratio of each pair of turns."""
    theirs, ours = turns([str(Path(other).resolve()), str(Path.cwd())], rounds)
    print(f"{'':52}{'there':>24}{'here':>24}{'here / there':>22}")
    for name in ours[0]:
        there, here = [one[name] for one in theirs], [one[name] for one in ours]
        ratios = [one / two for one, two in zip(here, there, strict=True)]
        print(f"{name:52}{_figure(there):>24}{_figure(here):>24}{_figure(ratios):>22}")


def _figure(values: list[float]) -> str:
    low, median, high = statistics.quantiles(values, n=4)
    return f"{median:.2f} ({low:.2f}–{high:.2f})"


if __name__ == "__main__":
    if sys.argv[1] == "--work":
        work(sys.argv[2])
    else:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40)
