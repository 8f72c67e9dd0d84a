"""One run of 100,000 items beside a small one: seconds until each is durable Parquet, and peak memory.

Memory is what is this process's alone (`RssAnon` of /proc, looked at every 5 ms from outside): without the pages of
the flight recorder's map, which lie on the RAM disk, and without libraries. Each measurement in a process of its own.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import figure
from otel_tracking import ItemType

PAUSE = 0.005


def measure(items: int) -> None:
    """Log a large run, end it, run a small one at once; print when each was durable."""
    from benchmarks.workloads import IMAGE_PARAMETERS, TEXT
    from collectors import start_recording
    from exporters import ParquetSink

    with tempfile.TemporaryDirectory() as data, start_recording([sink := ParquetSink(data)]) as recording:
        tracker = recording.tracker()
        small_run(tracker)
        recording.flush(timeout=60)
        tell("idle")
        with tracker.execution("large") as run, run.output(1) as output, output.stage(4) as stage:
            for number in range(items):
                parameters = {**IMAGE_PARAMETERS, "seed": number}
                stage.item(ItemType.OUTPUT_IMAGE, content=f"{number} {TEXT}", metadata=parameters)
            tell("logged")
        started, cpu = time.perf_counter(), time.process_time()
        small = small_run(tracker)
        waits = {small: 0.0, run.trace_id: 0.0}
        while not all(waits.values()):
            for trace_id, seen in waits.items():
                if not seen and sink.contains(trace_id, 1):
                    waits[trace_id] = time.perf_counter() - started
            time.sleep(PAUSE)
        recording.flush(timeout=300)
        tell("durable", small=waits[small], large=waits[run.trace_id], cpu=time.process_time() - cpu)
        tell("dropped", count=recording.health()["dropped"])


def small_run(tracker: Any) -> str:
    """A run of a few items; its trace id."""
    from benchmarks import workloads

    with tracker.execution("small") as run, run.stage(1) as stage:
        stage.item(ItemType.USER_INPUT_TEXT, content=workloads.TEXT)
    return str(run.trace_id)


def tell(step: str, **figures: float) -> None:
    """Say that a step is reached."""
    print(json.dumps({"step": step, **figures}), flush=True)


def one_process(items: int) -> dict[str, float]:
    """What a process of its own told, and its peaks in MB above what it had when it was idle."""
    command = [sys.executable, "-m", "benchmarks.bench_large_run", "measure", str(items)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peaks, told, now = {"idle": 0.0}, dict[str, float](), ["start"]

    def watch() -> None:
        while child.poll() is None:
            peaks[now[0]] = max(peaks.get(now[0], 0.0), own_megabytes(child.pid))
            time.sleep(PAUSE)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert child.stdout is not None
    for line in child.stdout:
        step = json.loads(line)
        now[0] = step.pop("step")
        peaks[now[0]] = own_megabytes(child.pid)
        told |= step
    watcher.join()
    if child.returncode:
        raise RuntimeError(f"the run ended with {child.returncode}")
    idle = peaks["start"]
    return told | {"held": peaks["idle"] - idle, "peak": max(peaks.values()) - idle}


def own_megabytes(pid: int) -> float:
    """Memory that is a process's alone; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon")), 0.0)


def main(rounds: int, items: int) -> None:
    """Print medians."""
    results = [one_process(items) for _ in range(rounds)]
    of = {name: figure([one[name] for one in results]) for name in results[0]}
    print(f"one run of {items} items, {rounds} processes (low … high)")
    for name, unit, what in (
        ("large", "s", "it is durable after"),
        ("cpu", "s", "  processor time, all threads"),
        ("small", "s", "a small run that ended just after it is durable after"),
        ("held", "MB", "memory while it is logged, above idle"),
        ("peak", "MB", "peak until it is durable, above idle"),
    ):
        cost = of[name]
        print(f"  {what:55} {cost.median:8.2f} {unit}  ({cost.low:.2f} … {cost.high:.2f})")


if __name__ == "__main__":
    logging.disable()
    if sys.argv[1:2] == ["measure"]:
        measure(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
