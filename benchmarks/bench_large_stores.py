"""What commands cost on large stores: one of 100,000 runs, the list of 10,000, a stream of all, one day of many.

python -m benchmarks.bench_large_stores            some minutes; --quick for a first look
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from exporters import ParquetSink, compact, list_executions
from exporters.storage.tables.parquet_file import write_table
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, MediaType, SpanRecord

START = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
BATCH = 1000


def a_run(chance: random.Random, number: int, per_day: int, items: int, apart: int = 20) -> ExecutionRecord:
    """A small run, so many seconds after the one before; none is like another."""
    trace_id = f"{chance.getrandbits(128):032x}"
    at = START + dt.timedelta(days=number // per_day, seconds=number % per_day * apart)
    texts = [f"{chance.getrandbits(200):x} " * 4 for _ in range(items)]
    return ExecutionRecord(
        execution_id=f"exec_{at:%Y%m%d_%H%M%S}_{trace_id[:8]}",
        trace_id=trace_id,
        config_name="stillepost",
        timestamp=at,
        session_id=f"session{number // 20}",
        items=tuple(
            ExecutionItem(
                sequence_number=place,
                timestamp=at,
                item_type=ItemType.INTERCEPTION_ITERATION,
                media_type=MediaType.TEXT,
                stage=2,
                content=text,
            )
            for place, text in enumerate(texts, start=1)
        ),
        spans=(
            SpanRecord(span_id=trace_id[:16], parent_span_id=None, name="execution", kind="internal", timestamp=at),
        ),
        item_count=items,
    )


def fill(data_dir: Path, runs: int, *, per_day: int, items: int = 2, batch: int = BATCH) -> Path:
    """A store of that many runs, through our own writer and compaction."""
    chance, sink = random.Random(7), ParquetSink(data_dir)
    records: Iterator[ExecutionRecord] = (a_run(chance, number, per_day, items) for number in range(runs))
    for _ in range(0, runs, batch):
        sink.write_all([record for record, _ in zip(records, range(batch), strict=False)])
    compact(data_dir, before=dt.date.max)
    return data_dir


def seconds(action: Callable[[], Any]) -> float:
    """The least of three times."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return min(times)


def command(*arguments: object) -> tuple[float, float]:
    """Seconds and megabytes of a command in a process of its own."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", _MEASURED, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


_MEASURED = "from devserver.cli import main; main()"


def bench_finding(directory: Path, runs: int) -> None:
    """One run by the end of its id, and the list of all, in a compacted store."""
    from devserver.cli.records import load

    data_dir = fill(directory / "finding", runs, per_day=1000)
    ids = [row.execution_id for row in list_executions(data_dir, date=START.date())]
    short = ids[len(ids) // 2][-8:]
    print(f"show {short} among {runs:,} runs: {seconds(lambda: load(data_dir, short)):.2f} s", flush=True)
    print(f"  an id that is not there: {seconds(lambda: _missing(data_dir)):.2f} s", flush=True)
    print(f"  as a command: {command('show', short, '--data', data_dir)[0]:.2f} s", flush=True)


def _missing(data_dir: Path) -> None:
    from devserver.cli.records import load
    from exporters.errors import UnknownExecution

    try:
        load(data_dir, "00c0ffee")
    except UnknownExecution:
        return


def bench_list(directory: Path, runs: int) -> None:
    """The list of all runs in a process that has seen none of them."""
    for name, batch in (("one file a day", 1000), ("batches of 8", 8), ("one file a run", 1)):
        data_dir = directory / name.replace(" ", "-")
        chance, sink = random.Random(7), ParquetSink(data_dir)
        for first in range(0, runs, batch):
            sink.write_all([a_run(chance, first + number, 1000, 2) for number in range(batch)])
        print(f"list {runs:,} runs, {name}: {_listing(data_dir)}", flush=True)
        if batch == 1:
            _without_summaries(data_dir)
            print(f"  opened as Parquet: {_listing(data_dir)}", flush=True)


def _listing(data_dir: Path) -> str:
    """The least of three times, and of what that took of a processor: on a busy machine the one is not the other."""
    taken = seconds(lambda: list_executions(data_dir))
    busy = min(_processor_seconds(lambda: list_executions(data_dir)) for _ in range(2))
    return f"{taken:.2f} s, {busy:.2f} s of a processor"


def _processor_seconds(action: Callable[[], Any]) -> float:
    started = time.process_time()
    action()
    return time.process_time() - started


UNCOMPACTED = 6_000
"""Runs of one day, a file each: a busy day that nobody has compacted."""

_WAYS = {
    "list_executions": "from exporters import list_executions; work = lambda: list_executions(data)",
    "what a sink knows": (
        "from exporters.storage.writing.stored_keys import StoredKeys; "
        "work = lambda: StoredKeys(Path(data)).contains('0' * 32, 1)"
    ),
    "the latest in SQL": (
        "from exporters.storage.reading.sql import connect; "
        "work = lambda: connect(data).sql('from executions order by timestamp desc limit 50').fetchall()"
    ),
    "otel-tracking list": (
        "from devserver.cli import main; sys.argv = ['otel-tracking', 'list', '--data', data]; work = main"
    ),
    "the index of runs": "from exporters.explorer.filling import Filler; work = lambda: Filler(data).fill()",
}
_COMPACT = "import datetime; from exporters import compact; work = lambda: compact(data, before=datetime.date.max)"
_CHILD = """
import contextlib, io, resource, sys, time
from pathlib import Path
data = sys.argv[1]
{way}
started = time.perf_counter(), time.process_time()
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    work()
taken = time.perf_counter() - started[0], time.process_time() - started[1]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{{taken[0]:.2f}} s, {{taken[1]:.2f}} s of a processor, {{peak:.0f}} MB at most")
"""


def bench_uncompacted(directory: Path, runs: int) -> None:
    """Each way to ask for the runs of a day, in a fresh process that has seen none of them; what it imports aside."""
    data_dir, chance = directory / "uncompacted", random.Random(7)
    sink = ParquetSink(data_dir)
    for number in range(runs):
        sink.write(a_run(chance, number, 10**6, 2, apart=5))
    print(f"{runs:,} runs of a day, written one by one:", flush=True)
    for name, way in _WAYS.items():
        print(f"  {name}: {_in_a_child(way, data_dir)}", flush=True)
    shutil.rmtree(data_dir / ".summaries", ignore_errors=True)
    print(f"  list_executions, as a store of before: {_in_a_child(_WAYS['list_executions'], data_dir)}", flush=True)
    print(f"  compact: {_in_a_child(_COMPACT, data_dir)}", flush=True)
    print(f"  the latest in SQL, compacted: {_in_a_child(_WAYS['the latest in SQL'], data_dir)}", flush=True)


def _in_a_child(way: str, data_dir: Path) -> str:
    asked = [sys.executable, "-c", _CHILD.format(way=way), str(data_dir)]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def _without_summaries(data_dir: Path) -> None:
    """Write the files of executions as they were before they had a summary."""
    shutil.rmtree(data_dir / ".summaries", ignore_errors=True)
    for path in data_dir.glob("executions/date=*/*.parquet"):
        write_table(path, pq.ParquetFile(path).read())


def bench_streams(directory: Path, largest: int) -> None:
    """All of one day as documents, and checked: what twice as many cost."""
    for runs in (largest // 4, largest // 2, largest):
        data_dir = fill(directory / f"stream-{runs}", runs, per_day=10**6, items=12)
        exported, _ = command("export", "--all", "--out", directory / f"out-{runs}", "--data", data_dir)
        checked, _ = command("verify", "--all", "--data", data_dir)
        print(f"{runs:,} runs of one day: export --all {exported:.1f} s, verify --all {checked:.1f} s", flush=True)


def bench_one_day(directory: Path, runs: int) -> None:
    """A dataset of one day of a large store; memory is that of the largest process so far."""
    data_dir = fill(directory / "many", runs, per_day=1000, items=26)
    one_day = ("--since", START.date(), "--until", (START + dt.timedelta(days=1)).date())
    taken, megabytes = command("dataset", directory / "dataset", *one_day, "--data", data_dir)
    print(f"dataset of one day of {runs * 26:,} items: {taken:.1f} s, {megabytes:.0f} MB", flush=True)


def main() -> None:
    """Print each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--list", action="store_true", help="the lists alone")
    chosen = parser.parse_args()
    size = 1 if chosen.quick else 10
    if chosen.list:
        with tempfile.TemporaryDirectory() as directory:
            bench_uncompacted(Path(directory), UNCOMPACTED * size // 10)
            bench_list(Path(directory), 1_000 * size)
        return
    with tempfile.TemporaryDirectory() as directory:
        bench_one_day(Path(directory), 3_850 * size)
        bench_finding(Path(directory), 10_000 * size)
        bench_uncompacted(Path(directory), UNCOMPACTED * size // 10)
        bench_list(Path(directory), 1_000 * size)
        bench_streams(Path(directory), 100 * size)


if __name__ == "__main__":
    main()
