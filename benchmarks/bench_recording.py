"""From the end of a run to durable Parquet: latency, runs a second under full load, and items with 8 threads."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time

from benchmarks import workloads
from benchmarks.contenders import ForgetfulSink
from benchmarks.figures import figure, processor_seconds
from collectors import start_recording
from exporters import ParquetSink
from otel_tracking import ItemType
from otel_tracking.environment import PROCESS, THREAD


def latency(runs: int) -> None:
    """One run at a time: milliseconds from the root's end until the record is fsynced Parquet."""
    with tempfile.TemporaryDirectory() as data, start_recording([ParquetSink(data)]) as recording:
        tracker, costs = recording.tracker(), []
        for _ in range(runs + 3):
            workloads.ours(tracker, calls=False)
            started = time.perf_counter_ns()
            recording.flush(timeout=30)
            costs.append((time.perf_counter_ns() - started) / 1000)
    print(f"run end → durable, one run at a time      {figure(costs[3:])}")


def throughput(runs: int, assembly: str, *, calls: bool) -> None:
    """As fast as one thread goes: runs a second until all are durable, and the processor time of each."""
    with (
        tempfile.TemporaryDirectory() as data,
        start_recording([ParquetSink(data)], assembly=assembly) as recording,
    ):
        tracker = recording.tracker()
        for _ in range(20):
            workloads.ours(tracker, calls=calls)
        recording.flush(timeout=60)
        started, cpu = time.perf_counter(), processor_seconds(os.getpid())
        for _ in range(runs):
            workloads.ours(tracker, calls=calls)
        logged = time.perf_counter() - started
        recording.flush(timeout=300)
        total, cpu = time.perf_counter() - started, processor_seconds(os.getpid()) - cpu
        health = recording.health()
    waited = health["journal"]["counters"].get("entries_waited", 0)
    print(f"sustained {'B' if calls else 'A'}, run → durable Parquet, records made by a {assembly}")
    rate, own = runs / total, cpu / runs * 1000
    print(f"  {rate:.0f} runs/s (logged at {runs / logged:.0f} runs/s), {own:.2f} ms of processor a run")
    print(f"  records {health['records']}, dropped {health['dropped']}, entries that waited for a segment {waited}")


def threads(count: int, items: int) -> None:
    """Cost of an item while `count` threads log into runs of their own."""
    costs: list[float] = []
    with start_recording([ForgetfulSink()]) as recording:
        tracker, gate = recording.tracker(), threading.Barrier(count)

        def work() -> None:
            mine = []
            with tracker.execution("threads") as run, run.output(1).stage(4) as stage:
                gate.wait()
                for _ in range(items):
                    started = time.perf_counter_ns()
                    stage.item(ItemType.OUTPUT_IMAGE, content=workloads.TEXT, metadata=workloads.IMAGE_PARAMETERS)
                    mine.append((time.perf_counter_ns() - started) / 1000)
                    time.sleep(0)
            costs.extend(mine)

        workers = [threading.Thread(target=work) for _ in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    print(f"an item while {count} threads log             {figure(costs)}")


if __name__ == "__main__":
    scale = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    latency(scale // 2)
    for calls in (False, True):
        for assembly in (THREAD, PROCESS):
            throughput(scale * 5, assembly, calls=calls)
    threads(8, scale * 5)
