"""What an item costs the pipeline's thread beside few and many open runs; each number in a process of its own.

The runs log in turns, so nothing of one stays warm for its next item. Processor time of the pipeline's thread, and of
all threads a run. At last what it costs to recover them where their process is killed.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

from otel_tracking import ItemType

COUNTS = (10, 999, 1_500, 5_000)
ITEMS, PARTS = 20_000, 20
LEFT = 1_500
"""Runs that are open when their process is killed."""


def measure(count: int) -> None:
    """Open so many runs, log into them in turns, end them; print what it cost."""
    from benchmarks.contenders import ForgetfulSink
    from benchmarks.workloads import IMAGE_PARAMETERS, TEXT
    from collectors import start_recording

    told: dict[str, Any] = {}
    with start_recording([ForgetfulSink()]) as recording:
        tracker = recording.tracker()
        with cost_of(told, "begin", count):
            runs = [tracker.execution("many") for _ in range(count)]
        in_turns, costs = cycle(runs), []
        for part in range(PARTS + 1):
            with cost_of(told, "item", ITEMS // PARTS):
                for run in islice(in_turns, ITEMS // PARTS):
                    run.item(ItemType.OUTPUT_IMAGE, content=TEXT, metadata=IMAGE_PARAMETERS)
            costs += [told["item"]] if part else []
        with cost_of(told, "health", 1):
            health = recording.health()
        with cost_of(told, "end", count):
            for run in runs:
                run.end()
        recording.flush(timeout=300)
        told |= {"records": recording.health()["records"], "item": median(costs), "worst": max(costs)}
    told |= {"in memory only": health["journal"]["entries_waiting"], "journal": health["journal"]["bytes"] / 2**20}
    print(json.dumps(told | {"all": time.process_time() * 1000 / count}))


@contextmanager
def cost_of(told: dict[str, Any], what: str, times: int) -> Iterator[None]:
    """Tell what a step of the block cost this thread, in microseconds of processor time."""
    started = time.thread_time_ns()
    yield
    told[what] = (time.thread_time_ns() - started) / times / 1000


def main(rounds: int, counts: tuple[int, ...] = COUNTS) -> None:
    """Print medians over processes, the numbers of runs in turns."""
    told: dict[int, list[dict[str, float]]] = {count: [] for count in counts}
    for _ in range(rounds):
        for count in counts:
            command = [sys.executable, "-m", "benchmarks.bench_open_runs", "measure", str(count)]
            child = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
            told[count].append(json.loads(child.stdout))
    print("open runs   an item (low … high; worst part)       begin       end    health  records   journal, not in it")
    for count, results in told.items():
        show(count, results)


def show(count: int, results: list[dict[str, float]]) -> None:
    """A line."""
    of = {name: median(one[name] for one in results) for name in results[0]}
    items = sorted(one["item"] for one in results)
    print(
        f"{count:9} {of['item']:6.1f} µs ({items[0]:.1f} … {items[-1]:.1f}; {of['worst']:6.1f})"
        f" {of['begin']:8.1f} µs {of['end']:6.1f} µs {of['health']:6.0f} µs {of['records']:8.0f}"
        f" {of['journal']:6.0f} MB {of['in memory only']:8.0f} entries"
    )


def leave(data_dir: str, journal: str) -> None:
    """Open runs, log into each, and die."""
    from benchmarks.workloads import IMAGE_PARAMETERS, TEXT
    from collectors import start_recording
    from exporters import ParquetSink

    recording = start_recording([ParquetSink(data_dir)], journal=journal, assembly="thread")
    runs = [recording.tracker().execution("many") for _ in range(LEFT)]
    for run in [run for run in runs for _ in range(3)]:
        run.item(ItemType.OUTPUT_IMAGE, content=TEXT, metadata=IMAGE_PARAMETERS)
    time.sleep(1)  # what waits for its place in the journal
    os.kill(os.getpid(), signal.SIGKILL)


def regain(data_dir: str, journal: str) -> None:
    """Recover them; print what it cost."""
    from collectors import recover
    from exporters import ParquetSink

    started, cost = time.perf_counter(), time.process_time()
    report = recover([ParquetSink(data_dir)], directory=journal, spill=Path(journal, "files"))
    taken, cost = time.perf_counter() - started, time.process_time() - cost
    files, peak = len(list(Path(data_dir).glob("*/date=*/*"))), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{len(report.recovered):,} runs of a killed process are recovered in {taken:.1f} s, {cost:.1f} s of a "
        f"processor, into {files:,} files, {peak} MB at most"
    )


def bench_recovery() -> None:
    """Both, in processes of their own."""
    with tempfile.TemporaryDirectory() as data_dir, tempfile.TemporaryDirectory(dir="/dev/shm") as journal:
        for step in ("leave", "regain"):
            subprocess.run([sys.executable, "-m", "benchmarks.bench_open_runs", step, data_dir, journal], check=False)


if __name__ == "__main__":
    logging.disable()
    match sys.argv[1:]:
        case ["measure", count]:
            measure(int(count))
        case ["leave", data_dir, journal]:
            leave(data_dir, journal)
        case ["regain", data_dir, journal]:
            regain(data_dir, journal)
        case rounds:
            main(rounds=int(rounds[0]) if rounds else 5)
            bench_recovery()
