"""A small real store, and everything that happens to files: the same damage every time.

A `Harm` says what was done to which files of a copy of the store. `demand` says what must hold then, whatever it was.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import random
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from records import LATER, NOON, a_graph, a_picture, a_record, a_run_of_hops, an_item, text_of

from exporters import ParquetSink, compact, list_executions, read_records
from exporters.storage.reading.damage import Damages
from exporters.storage.reading.sql import add_views, new_connection
from exporters.storage.tables.seal import MARK
from exporters.storage.upkeep.inspection import inspect_store
from otel_tracking import ExecutionRecord

DAY = dt.timedelta(days=1)
TABLES = ("executions", "items", "blobs")
SEAL = 48


@dataclass(frozen=True)
class Store:
    """A store, and what is in each of its files: the texts of the runs by the name that the files share."""

    path: Path
    runs: dict[str, list[str]]

    def files(self, table: str = "*") -> list[Path]:
        return sorted(self.path.glob(f"{table}/date=*/*.parquet"))

    def copy(self, to: Path) -> Store:
        shutil.copytree(self.path, to)
        return Store(to, self.runs)


def make_store(path: Path) -> Store:
    """Three days: one compacted, one of batches, one of single runs; with hops, pictures, graphs and revisions."""
    for number, days in enumerate((3, 3, 3, 2, 2)):
        ParquetSink(path).write_all(_batch(number, NOON - days * DAY + number * dt.timedelta(minutes=9)))
    compact(path, before=(NOON - 2 * DAY).date())
    sink = ParquetSink(path)
    for record in _batch(7, NOON):
        sink.write(record)
    return Store(path, {file.name: _texts_in(path, file) for file in path.glob("executions/date=*/*.parquet")})


def _batch(number: int, at: dt.datetime) -> list[ExecutionRecord]:
    # The first two have the same execution_id: only their traces tell them apart.
    ids = [f"{number:07x}{max(place, 1)}{place:024x}" for place in range(4)]
    return [
        a_run_of_hops("eins", "zwei", f"drei {number}", trace_id=ids[0], timestamp=at, user_id="blau"),
        a_picture(b"meadow %d" % number, trace_id=ids[1], timestamp=at),
        a_record(items=[an_item(metadata={"graph": a_graph(60)})], trace_id=ids[2], timestamp=at),
        a_record(items=[], trace_id=ids[3], timestamp=at, config_name={"a": "dict"}, used_seed=2**70),
    ]


def _texts_in(path: Path, file: Path) -> list[str]:
    traces = set(pq.ParquetFile(file).read(columns=["trace_id"])["trace_id"].to_pylist())
    return [text_of(record) for record in read_records(path) if record.trace_id in traces]


Deed = Callable[[Store], tuple[list[Path], list[Path]]]


@dataclass(frozen=True)
class Harm:
    """What was done: its name, the files that are harmed (of which a reader must say so), and those only foreign."""

    name: str
    do: Deed


def unseal(path: Path) -> None:
    """Make of a file one that was written before there were seals."""
    content = path.read_bytes()
    start = content.rindex(MARK)
    path.write_bytes(content[:start] + content[start + SEAL :])


def cuts(content: bytes) -> dict[str, int]:
    """Every interesting place to cut a file at."""
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    places = {"nothing": 0, "one byte": 1, "the magic": 4, "the first page": 40, "the pages": footer // 2}
    places |= {"the seal": footer - 20, "before the seal": footer - SEAL, "the footer": (footer + len(content)) // 2}
    return {
        **places,
        "before the end": len(content) - 8,
        "the last magic": len(content) - 4,
        "a byte": len(content) - 1,
    }


def harms() -> Iterator[Harm]:
    """The corpus, but for flipped bits."""
    for table in TABLES:
        yield from (Harm(f"{table} cut at {name}", _cutting(table, name)) for name in cuts(b"\0" * 100))
        for name, spoil in _SPOILED.items():
            yield Harm(f"{table}: {name}", _spoiling(table, spoil))
        yield Harm(f"{table}: gone", _removing(table))
        yield Harm(f"{table}: files of two days swapped", _swapping(table))
    yield Harm("executions and items swapped", _swapping_tables)
    for name in CONFLICTED:
        yield Harm(f"a copy called {name}", _copying(name))
    yield Harm("a day copied", _copying_a_day)
    yield Harm("a file where a day belongs", _file_for_a_day)


CONFLICTED = (
    "{stem}.sync-conflict-20261123-101010-ABCDEFG.parquet",
    "{stem} (Annas Laptop's conflicted copy 2026-11-23).parquet",
    "{stem} (conflicted copy 2026-11-23 101010).parquet",
    "{stem}-DESKTOP-1.parquet",
    "{stem} (1).parquet",
    "{stem} - Kopie.parquet",
    "{stem}.parquet~",
    "{stem}.parquet.bak",
    ".#{stem}.parquet",
    "{stem}.parquet.part",
    "{stem}.tmp",
    "~syncthing~{stem}.parquet.tmp",
    "copy-{stem}.parquet",
)


def flips(count: int, seed: int = 20261123) -> Iterator[Harm]:
    """Single bits, in every table, in pages, seal, footer and end alike."""
    chance = random.Random(seed)
    for number in range(count):
        yield Harm(f"flip {number}", _flipping(chance.random(), chance.random(), chance.randrange(8), number))


def _flipping(file_at: float, byte_at: float, bit: int, number: int) -> Deed:
    def do(store: Store) -> tuple[list[Path], list[Path]]:
        path = store.files()[int(file_at * len(store.files()))]
        content = bytearray(path.read_bytes())
        footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
        regions = [
            (0, footer - SEAL),
            (footer - SEAL, footer),
            (footer, len(content) - 8),
            (footer - 200, len(content)),
        ]
        start, end = [*regions, (0, footer - SEAL)][number % 5]
        content[start + int(byte_at * (end - start))] ^= 1 << bit
        path.write_bytes(content)
        return [path], []

    return do


def _cutting(table: str, name: str) -> Deed:
    def do(store: Store) -> tuple[list[Path], list[Path]]:
        path = store.files(table)[0]
        content = path.read_bytes()
        path.write_bytes(content[: cuts(content)[name]])
        return [path], []

    return do


def _spoiling(table: str, spoil: Callable[[Path], None]) -> Deed:
    def do(store: Store) -> tuple[list[Path], list[Path]]:
        path = store.files(table)[-1]
        spoil(path)
        return [path], []

    return do


def _instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        path.unlink()
        make(path)

    return spoil


def _column(path: Path, name: str, change: Callable[[pa.Array], pa.Array | list[object]]) -> None:
    table = pq.ParquetFile(path).read()
    place = table.schema.get_field_index(name)
    pq.write_table(table.set_column(place, name, change(table[name])), path)


_SPOILED: dict[str, Callable[[Path], None]] = {
    "not Parquet": lambda path: path.write_text("dear diary " * 200) and None,
    "zeros": lambda path: path.write_bytes(b"\0" * path.stat().st_size) and None,
    "Parquet of somebody else": lambda path: pq.write_table(pa.table({"colour": ["blue"]}), path),
    "a column of another type": lambda path: _column(
        path, "write_id", lambda column: column.cast(pa.float64(), safe=False)
    ),
    "a column without values": lambda path: _column(path, "write_id", lambda column: pa.nulls(len(column), pa.int64())),
    "a billion rows": lambda path: pq.write_table(pa.table({"write_id": pa.nulls(10**6, pa.int64())}), path),
    "twice itself": lambda path: path.write_bytes(path.read_bytes() * 2) and None,
    "more at its end": lambda path: path.write_bytes(path.read_bytes() + b"\n") and None,
    "a directory": _instead(lambda path: path.mkdir()),
    "a pipe": _instead(os.mkfifo),
    "a link to nowhere": _instead(lambda path: path.symlink_to("nowhere")),
    "a link to itself": _instead(lambda path: path.symlink_to(path)),
    "a link to an endless file": _instead(lambda path: path.symlink_to("/dev/zero")),
}


def _removing(table: str) -> Deed:
    def do(store: Store) -> tuple[list[Path], list[Path]]:
        path = store.files(table)[0]
        path.unlink()
        return [path], []

    return do


def _swapping(table: str) -> Deed:
    def do(store: Store) -> tuple[list[Path], list[Path]]:
        first, last = store.files(table)[0], store.files(table)[-1]
        _swap(first, last)
        return [first, last], []

    return do


def _swapping_tables(store: Store) -> tuple[list[Path], list[Path]]:
    first, last = store.files("executions")[0], store.files("items")[0]
    _swap(first, last)
    return [first, last], []


def _swap(first: Path, last: Path) -> None:
    content = first.read_bytes()
    first.write_bytes(last.read_bytes())
    last.write_bytes(content)


def _copying(name: str) -> Deed:
    def do(store: Store) -> tuple[list[Path], list[Path]]:
        copies = []
        for table in TABLES:
            path = store.files(table)[0]
            copies.append(path.with_name(name.format(stem=path.stem)))
            shutil.copy(path, copies[-1])
        return [], copies

    return do


def _copying_a_day(store: Store) -> tuple[list[Path], list[Path]]:
    copies = []
    for table in TABLES:
        day = store.files(table)[0].parent
        copies.append(day.with_name(f"{day.name} (1)"))
        shutil.copytree(day, copies[-1])
    return [], copies


def _file_for_a_day(store: Store) -> tuple[list[Path], list[Path]]:
    day = store.path / "executions" / "date=2026-11-24"
    day.write_text("a day")
    return [day], []


def demand(store: Store, harm: Harm, *, is_sealed: bool = True) -> None:
    """Nothing is raised; every run of which no file is harmed is read, once and as it was; harmed files are named."""
    harmed, foreign = harm.do(store)
    names = {path.name for path in harmed}
    whole = sorted(text for name, texts in store.runs.items() if name not in names for text in texts)
    all_texts = {text for texts in store.runs.values() for text in texts}
    bytes_before = {path: path.read_bytes() for path in harmed if path.is_file() and not path.is_symlink()}

    damages = _demand_reading(store, whole, all_texts, is_sealed=is_sealed)
    _demand_naming(store, harmed, foreign, damages)
    _demand_sql(store, whole)
    compact(store.path, before=LATER, orphan_age=dt.timedelta(seconds=-60))
    assert {path: path.read_bytes() for path in bytes_before} == bytes_before
    _demand_reading(store, whole, all_texts, is_sealed=is_sealed)
    _demand_sql(store, whole)


def _demand_reading(store: Store, whole: list[str], all_texts: set[str], *, is_sealed: bool) -> Damages:
    """What a reader of records is told of."""
    damages = Damages()
    read = [text_of(record) for record in read_records(store.path, on_damage=damages)]
    assert len(set(read)) == len(read)
    assert set(whole) <= set(read)
    if is_sealed:
        assert set(read) <= all_texts, "a record has other values than were written"
    listed = list_executions(store.path, on_damage=Damages())
    assert len(listed) >= len(read)
    return damages


def _demand_naming(store: Store, harmed: list[Path], foreign: list[Path], damages: Damages) -> None:
    oddities = list(inspect_store(store.path, now=time.time() + 9999))
    sentences = [oddity.sentence for oddity in oddities] + [damage.sentence for damage in damages]
    for path in [*harmed, *foreign]:
        assert any(str(path) in sentence for sentence in sentences), f"{path} is not named in {sentences}"
    assert len({oddity.path for oddity in oddities}) == len(oddities)


def _demand_sql(store: Store, whole: list[str]) -> None:
    with warnings.catch_warnings(action="ignore"):
        connection = _one_connection()
        add_views(connection, store.path)
        rows = {table: connection.sql(f"select * from {table}").to_arrow_table() for table in (*TABLES, "journeys")}
    trace_ids = rows["executions"]["trace_id"].to_pylist()
    assert len(trace_ids) == len(set(trace_ids))
    assert len(trace_ids) >= len(whole)


@functools.cache
def _one_connection() -> Any:
    """Of all stores, one after the other: each makes its views anew, and to begin one takes as long as to ask it."""
    connection = new_connection(Path("/nowhere"))
    connection.execute("set threads = 1")  # for tables of a few rows, others only stand in their way
    return connection
