"""How fast records become durable and how fast they are found; ratios against a raw write of one JSON column.

    python benchmarks/bench_storage.py            a few minutes; --quick for a first look

Every record is different: text, seeds and a 40 KB graph per run, in 26 items and 17 spans.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exporters import ParquetSink, compact, read_records
from exporters.storage.reading.sql import connect
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, MediaType, SpanRecord

START = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
BATCH = 64


class Author:
    """Makes records that look like a pipeline's, none like another, the same ones every time."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)
        letters = "etaoinshrdlucmfwypvbgk"
        self._words = ["".join(self._random.choices(letters, k=self._random.randint(3, 9))) for _ in range(4000)]

    def text(self, words: int) -> str:
        return " ".join(self._random.choices(self._words, k=words))

    def graph(self, characters: int = 40_000) -> dict[str, Any]:
        nodes: dict[str, Any] = {}
        while len(nodes) * 280 < characters:
            inputs = {"seed": self._random.getrandbits(63), "cfg": round(self._random.random() * 9, 2), "steps": 30}
            inputs |= {"text": self.text(12), "model": [str(self._random.randint(1, 99)), 0], "sampler_name": "euler"}
            nodes[str(len(nodes) + 1)] = {"class_type": "KSampler", "inputs": inputs, "_meta": {"title": self.text(2)}}
        return nodes

    def record(self, number: int, *, per_day: int = 1000, has_graph: bool = True) -> ExecutionRecord:
        trace_id = f"{self._random.getrandbits(128):032x}"
        start = START + dt.timedelta(days=number // per_day, seconds=number % per_day * 25)
        return ExecutionRecord(
            execution_id=f"exec_{start:%Y%m%d_%H%M%S}_{trace_id[:8]}",
            trace_id=trace_id,
            config_name=self._random.choice(["stillepost", "bauhaus", "dada", "overdrive"]),
            timestamp=start,
            user_id=f"user{number % 97}",
            session_id=f"session{number // 8}",
            execution_mode="eco",
            safety_level="kids",
            used_seed=self._random.getrandbits(64),
            total_execution_time=self._random.random() * 60,
            outputs_generated=1,
            stages_completed=(1, 2, 3, 4),
            items=tuple(self._items(start, self.graph() if has_graph else None)),
            spans=tuple(self._spans(start)),
            span_count=17,
            item_count=26,
        )

    def _items(self, start: dt.datetime, graph: Any) -> Iterator[ExecutionItem]:
        given = self.text(20)
        for number in range(1, 27):
            made = self.text(20)
            yield ExecutionItem(
                sequence_number=number,
                timestamp=start + dt.timedelta(milliseconds=number * 350 + self._random.randint(0, 99)),
                item_type=list(ItemType)[number % 19],
                media_type=MediaType.TEXT,
                stage=number % 5,
                stage_iteration=number,
                content=made,
                input_text=given if number % 3 == 0 else None,
                model_used="mistral-nemo",
                backend_used="ollama",
                execution_time=self._random.random(),
                span_id=f"{self._random.getrandbits(64):016x}",
                metadata={
                    **{"seed": self._random.getrandbits(63), "cfg": self._random.random(), "width": 1024},
                    **{"steps": 30, "sampler": "euler", "language": "sw", "tokens": self._random.randint(1, 900)},
                    **({"workflow": graph} if number == 20 and graph else {}),
                },
            )
            given = made

    def _spans(self, start: dt.datetime) -> Iterator[SpanRecord]:
        for number in range(17):
            is_call = number % 2 == 1
            yield SpanRecord(
                span_id=f"{self._random.getrandbits(64):016x}",
                parent_span_id=f"{self._random.getrandbits(64):016x}",
                name="iteration",
                kind="client" if is_call else "internal",
                timestamp=start + dt.timedelta(milliseconds=number * 350),
                execution_time=self._random.random(),
                stage=2,
                stage_iteration=number,
                backend_used="ollama" if is_call else None,
                configured={"temperature": 0.7, "model": "mistral-nemo"} if is_call else None,
                passed={"method": "POST", "url": "http://localhost:11434/api/chat", "body": {"prompt": self.text(12)}}
                if is_call
                else None,
                response={"model": "mistral-nemo", "eval_count": self._random.randint(1, 900)} if is_call else None,
            )


def main() -> None:
    """Print every figure with its median and its spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as directory:
        bench_writing(Path(directory) / "writing", batches=4 if quick else 12)
        bench_size(Path(directory) / "size", runs=200 if quick else 1000)
        bench_queries(Path(directory) / "queries", runs=4_000 if quick else 38_500)


def bench_writing(data_dir: Path, batches: int) -> None:
    """Group commit and single writes, interleaved with raw Parquet files of one JSON column."""
    author = Author()
    ours, raw, single = [], [], []
    sink = ParquetSink(data_dir)
    raw_file = data_dir / "raw.parquet"
    for number in range(batches):
        records = [author.record(number * BATCH + offset) for offset in range(BATCH)]
        ours.append(seconds(lambda batch=records: sink.write_all(batch)))
        raw.append(seconds(lambda batch=records: write_raw(raw_file, batch)))
        for extra in (author.record(10**5 + number * 5 + offset) for offset in range(5)):
            single.append(seconds(lambda record=extra: sink.write(record)))
    report(f"write_all of {BATCH} runs of 26 items", [BATCH / duration for duration in ours], "runs/s")
    report("  raw: the same items in one JSON column", [BATCH / duration for duration in raw], "runs/s")
    report("  ours / raw, time", [mine / theirs for mine, theirs in zip(ours, raw, strict=True)], "x")
    report("one write, durable", [duration * 1000 for duration in single], "ms")


def write_raw(path: Path, records: Sequence[ExecutionRecord]) -> None:
    """What a short script would do: json.dumps per item, one column, no sync."""
    rows = [json.dumps(item.to_dict(), default=str) for record in records for item in record.items]
    pq.write_table(pa.table({"item": rows}), path, compression="zstd", compression_level=3)


def bench_size(data_dir: Path, runs: int) -> None:
    """Bytes per item after compaction, with and without a graph of its own in every run."""
    for has_graph in (False, True):
        author, folder = Author(), data_dir / str(has_graph)
        write_many(folder, (author.record(number, has_graph=has_graph) for number in range(runs)))
        report(f"compact {runs} runs", [seconds(lambda at=folder: compact(at, before=dt.date.max))], "s")
        stored = sum(path.stat().st_size for path in folder.glob("*/date=*/*.parquet"))
        print(f"stored, {'one graph of 40 KB per run' if has_graph else 'no graphs'}: {stored / runs / 26:.0f} B/item")


def bench_queries(data_dir: Path, runs: int) -> None:
    """DuckDB and `read_records` over a million items in compacted days."""
    author = Author()
    records = (author.record(number, has_graph=False, per_day=1300) for number in range(runs))
    write_many(data_dir, records)
    compact(data_dir, before=dt.date.max)
    wanted = next(read_records(data_dir, date=START.date(), limit=1)).execution_id
    views, items = connect(data_dir), f"read_parquet('{data_dir}/items/date=*/*.parquet')"
    [(count,)] = views.sql(f"select count(*) from {items}").fetchall()
    print(f"{count:,} items")
    first_day = f"'{START:%Y-%m-%d}'"
    row = "* exclude (timestamp)"  # to fetch a time with a zone, DuckDB wants pytz
    for name, source in {"plain files": items, "view": "items"}.items():
        queries = {
            "GROUP BY": f"select item_type, stage, count(*) from {source} group by all",
            "one run by id": f"select {row} from {source} where execution_id = '{wanted}'",
            "one run by id, date": f"select {row} from {source} where date = {first_day} and execution_id = '{wanted}'",
            "text search": f"select count(*) from {source} where content like '%nirgendwo%'",
        }
        for title, query in queries.items():
            report(f"{title}, {name}", repeated(lambda sql=query: views.sql(sql).fetchall()), "ms")
    report("read_records by id", repeated(lambda: list(read_records(data_dir, execution_id=wanted))), "ms")


def write_many(data_dir: Path, records: Iterator[ExecutionRecord]) -> None:
    """All records, in batches."""
    sink = ParquetSink(data_dir)
    batch: list[ExecutionRecord] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH * 8:
            sink.write_all(batch)
            batch = []
    sink.write_all(batch)


def repeated(action: Callable[[], Any], times: int = 9) -> list[float]:
    """Milliseconds of each repetition after a first one that is not counted."""
    action()
    return [seconds(action) * 1000 for _ in range(times)]


def seconds(action: Callable[[], Any]) -> float:
    """How long `action` takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def report(title: str, values: Sequence[float], unit: str) -> None:
    """A line with median, least and greatest."""
    print(f"{title}: {statistics.median(values):.1f} {unit} ({min(values):.1f} to {max(values):.1f})", flush=True)


if __name__ == "__main__":
    main()
