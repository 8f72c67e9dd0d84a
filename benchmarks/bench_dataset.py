"""100,000 stored items to a dataset: seconds and memory, and beside it the time of copying the tables by DuckDB.

With `--semantics`: how long distinct texts take besides, which is all that it costs to measure how near they are.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import workloads
from collectors import start_recording
from exporters import ParquetSink
from exporters.dataset import make_dataset
from exporters.measures.meaning import Meanings
from exporters.storage.reading.sql import connect


def fill(data_dir: str, runs: int) -> None:
    """Runs of workload A: 26 items each."""
    with start_recording([ParquetSink(data_dir)]) as recording:
        tracker = recording.tracker()
        for number in range(runs):
            workloads.ours(tracker, calls=False)
            if number % 100 == 99:
                recording.flush(timeout=60)


def make(data_dir: str, out: str) -> None:
    """Make the dataset, in a process that has done nothing else, and say what it took."""
    started = time.perf_counter()
    made = make_dataset(data_dir, out)
    seconds, megabytes = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"dataset of {made.rows['items']:,} items   {seconds:6.1f} s, {time.process_time():.1f} s of a processor, "
        f"{megabytes:,.0f} MB",
        end="   ",
        flush=True,
    )


def main(items: int) -> None:
    """Store the items, then make a dataset of them."""
    with tempfile.TemporaryDirectory() as directory:
        data_dir = f"{directory}/data"
        fill(data_dir, items // 26 + 1)
        command = [sys.executable, "-m", "benchmarks.bench_dataset", data_dir, f"{directory}/dataset"]
        subprocess.run(command, check=True)
        started = time.perf_counter()
        with connect(data_dir) as connection:
            for table in ("executions", "items", "blobs"):
                target = Path(directory, f"{table}.parquet")
                connection.execute(f"copy (select * from {table} order by execution_id) to '{target}'")
        copied = time.perf_counter() - started
    print(f"({copied:.1f} s to copy the tables alone)")


def time_meanings(texts: int) -> None:
    """So many distinct sentences, of a length that children write, looked at as a dataset looks at them."""
    said = "Eine blaue Blume, Nummer {}, erzählt dem alten Mond auf der Wiese eine lange Geschichte."
    started = time.perf_counter()
    meanings = Meanings()
    loaded = time.perf_counter()
    meanings.learn(said.format(number) for number in range(texts))
    seconds = time.perf_counter() - loaded
    print(f"meaning of {texts:,} distinct texts   {seconds:6.1f} s   ({loaded - started:.1f} s to load the engine)")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--semantics"]
    if len(arguments) == 2:
        make(*arguments)
    else:
        main(int(arguments[0]) if arguments else 100_000)
    if "--semantics" in sys.argv:
        time_meanings(1_000)
