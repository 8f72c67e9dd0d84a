"""A million stored items, compacted: seconds and memory to erase one person's runs, spread over all days.

And what a tombstone costs whoever stores a run: microseconds a write, before and after something was erased.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from exporters import ParquetSink, compact, list_executions
from exporters.erasure import erase, find
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, MediaType

DAYS = 20
ITEMS = 50
PERSON = "lena"
HERS_A_DAY = 5
TOGETHER = 250
FIRST = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


def a_record(number: int, day: int, person: str) -> ExecutionRecord:
    """A run with `ITEMS` items; with a picture where it is one of ten."""
    trace_id = hashlib.md5(f"{day} {number} {person}".encode()).hexdigest()
    moment = FIRST + dt.timedelta(days=day, seconds=number)
    item = ExecutionItem(
        sequence_number=1, timestamp=moment, item_type=ItemType.INTERCEPTION_ITERATION, media_type=MediaType.TEXT
    )
    text = hashlib.sha256(trace_id.encode()).hexdigest()
    items = tuple(
        dataclasses.replace(item, sequence_number=place, stage=2, content=f"a meadow, {place}: {text}", model_used="m")
        for place in range(1, ITEMS + 1)
    )
    return ExecutionRecord(
        execution_id=f"exec_{moment:%Y%m%d_%H%M%S}_{trace_id[:8]}",
        config_name="stillepost",
        timestamp=moment,
        trace_id=trace_id,
        user_id=person,
        items=items,
        item_count=ITEMS,
    )


def fill(data_dir: str, runs: int) -> None:
    """Runs of many people on each day, and five of one person; compacted."""
    sink = ParquetSink(data_dir)
    for day in range(DAYS):
        records = list(_of_day(day, runs // DAYS))
        for start in range(0, len(records), TOGETHER):
            sink.write_all(records[start : start + TOGETHER])
    compact(data_dir, before=FIRST.date() + dt.timedelta(days=DAYS + 1))


def _of_day(day: int, runs: int) -> Iterator[ExecutionRecord]:
    hers = set(range(0, runs, max(1, runs // HERS_A_DAY))[:HERS_A_DAY])
    for number in range(runs):
        yield a_record(number, day, PERSON if number in hers else f"child {number % 60}")


def per_question(tombstones: Tombstones, times: int = 20_000) -> float:
    """Microseconds to ask whether a run was erased."""
    started = time.perf_counter()
    for _ in range(times):
        tombstones.holds("exec_20260301_080000_0123abcd", "0123abcd" * 4)
    return (time.perf_counter() - started) / times * 1e6


def per_lock(tombstones: Tombstones, times: int = 20_000) -> float:
    """Microseconds to take and give back the lock of a write."""
    started = time.perf_counter()
    for _ in range(times):
        with tombstones.writing():
            pass
    return (time.perf_counter() - started) / times * 1e6


def peak_mb() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(items: int) -> None:
    """Store the items, then erase one person."""
    with tempfile.TemporaryDirectory() as data_dir:
        fill(data_dir, items // ITEMS)
        tombstones = Tombstones(data_dir)
        none = per_question(tombstones)
        size = sum(path.stat().st_size for path in Path(data_dir).rglob("*.parquet")) / 1e6
        before = peak_mb()
        started = time.perf_counter()
        found = find(data_dir, lambda record: record.user_id == PERSON)
        looked = time.perf_counter() - started
        started = time.perf_counter()
        done = erase(data_dir, lambda record: record.user_id == PERSON, reason="person")
        seconds = time.perf_counter() - started
        assert done.complete
        left = len(list_executions(data_dir))
        some, lock = per_question(Tombstones(data_dir)), per_lock(tombstones)
    print(f"{items:,} items ({size:.0f} MB), {len(found.runs)} runs of {len(found.runs) + left:,} over {DAYS} days")
    print(f"find {looked:6.1f} s   erase {seconds:6.1f} s   memory {peak_mb():.0f} MB ({before:.0f} MB before)")
    print(f"a write: lock {lock:.1f} µs; was it erased? {none:.1f} µs where nothing was, {some:.1f} µs where some were")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
