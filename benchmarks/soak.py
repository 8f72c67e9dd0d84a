"""Many runs through one recording: is memory flat, do descriptors, threads and journal segments stay as they are?

    python -m benchmarks.soak --runs 20000 [--sink forgetful] [--every 1000]

Exit code 1 where memory grows over the last half of the runs.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import pyarrow as pa

from benchmarks.workloads import GRAPH, IMAGE_PARAMETERS, TEXT
from collectors import Recording, Sink, start_recording
from exporters import ParquetSink
from otel_tracking import ExecutionRecord, ExecutionTracker, ItemType

IN_ONE_GO = 50
"""Runs after which the recording may catch up; else this measures a queue, not a leak."""

BYTES_PER_RUN = 256
"""Growth that is still called flat: half a megabyte in two thousand runs is the allocator's."""


class ForgetfulSink:
    """A sink that keeps nothing."""

    def write(self, record: ExecutionRecord) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


ONE_HEAP = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""What one thread allocates and another frees stays in the reserve of the first one's heap, several MB up and down:
with one heap for all, what is still held can be told from what is kept in reserve."""


def main() -> int:
    options = read_options()
    if not ONE_HEAP.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.soak", *sys.argv[1:]], {**os.environ, **ONE_HEAP})
    with tempfile.TemporaryDirectory() as directory:
        sink: Sink = ParquetSink(directory) if options.sink == "parquet" else ForgetfulSink()
        with start_recording([sink]) as recording:
            memory = soak(recording, options.runs, options.every)
            health = recording.health()
    print(f"records {health['records']}, dropped {health['dropped']}, guarded errors {health['guarded_errors']}")
    return judge(memory)


def soak(recording: Recording, runs: int, every: int) -> list[tuple[int, int]]:
    """Runs done and bytes of memory then."""
    tracker, memory, started = recording.tracker(), [], time.monotonic()
    print(f"{'runs':>8} {'MB':>8} {'files':>6} {'threads':>8} {'segments':>9} {'runs/s':>7}")
    for number in range(1, runs + 1):
        one_run(tracker, number)
        if number % IN_ONE_GO == 0:
            recording.flush(timeout=600)
        if number % every == 0:
            recording.flush(timeout=600)
            memory.append((number, resident_bytes()))
            journal = recording.health()["journal"]
            segments = journal["segments_in_use"] + journal["segments_spare"]
            files, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
            speed = number / (time.monotonic() - started)
            print(f"{number:8} {memory[-1][1] / 1e6:8.1f} {files:6} {threads:8} {segments:9} {speed:7.0f}", flush=True)
    return memory


def one_run(tracker: ExecutionTracker, number: int) -> None:
    with tracker.execution("stillepost", safety_level="kids") as run:
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content=f"{TEXT} {number}")
        with run.stage(2) as stage:
            for hop in range(1, 9):
                with stage.iteration(hop) as iteration, iteration.backend_call("ollama", model="m") as call:
                    call.passed({"seed": number})
                    iteration.item(ItemType.INTERCEPTION_ITERATION, content=f"{TEXT} {hop}", metadata=IMAGE_PARAMETERS)
        with run.output(1) as output, output.stage(4) as stage:
            graph = {**GRAPH, "number": number}
            stage.item(ItemType.OUTPUT_IMAGE, media=number.to_bytes(8) * 500, metadata={"workflow": graph})


def resident_bytes() -> int:
    """Memory of our own (RssAnon), with what allocators only hold in reserve given back.

    The recorder's segments are counted beside it: a file more of them is what the busiest moment needed, and stays.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


def judge(memory: list[tuple[int, int]]) -> int:
    """Whether memory is flat: the slope of a straight line through the last half."""
    half = memory[len(memory) // 2 :]
    if len(half) < 2:
        print("too few runs to tell")
        return 0
    mean_runs = sum(runs for runs, _ in half) / len(half)
    mean_bytes = sum(held for _, held in half) / len(half)
    rise = sum((runs - mean_runs) * (held - mean_bytes) for runs, held in half)
    slope = rise / sum((runs - mean_runs) ** 2 for runs, _ in half)
    flat = slope < BYTES_PER_RUN
    print(f"memory is {'flat' if flat else 'growing'}: {slope:+.0f} bytes a run over the last {len(half)} measurements")
    return 0 if flat else 1


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=1_000)
    parser.add_argument("--sink", choices=["parquet", "forgetful"], default="parquet")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
