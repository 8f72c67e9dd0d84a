"""From the end of a run to durable Parquet: latency, runs a second under full load, and items with 8 threads."""

from __future__ import annotations

import sys
import tempfile
import threading
import time

from benchmarks import workloads
from benchmarks.contenders import ForgetfulSink
from benchmarks.figures import figure
from collectors import start_recording
from exporters import ParquetSink
from otel_tracking import ItemType


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


def throughput(runs: int) -> None:
    """As fast as one thread goes: runs a second until all are durable, and the processor time of each."""
    with tempfile.TemporaryDirectory() as data, start_recording([ParquetSink(data)]) as recording:
        tracker = recording.tracker()
        started, cpu = time.perf_counter(), time.process_time()
        for _ in range(runs):
            workloads.ours(tracker, calls=False)
        logged = time.perf_counter() - started
        recording.flush(timeout=300)
        total, cpu = time.perf_counter() - started, time.process_time() - cpu
        health = recording.health()
    waited = health["journal"]["counters"].get("entries_waited", 0)
    print(
        f"sustained, run → durable Parquet          {runs / total:7.0f} runs/s (logged at {runs / logged:.0f} runs/s)"
    )
    print(f"  processor time, all threads             {cpu / runs * 1000:7.2f} ms/run")
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
    throughput(scale * 5)
    threads(8, scale * 5)
