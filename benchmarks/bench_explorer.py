"""What the list of 100,000 runs costs: its first page, sorted otherwise, searched, far down, and a ZIP of 1,000 runs.

python -m benchmarks.bench_explorer            the store is made once (some minutes); --quick for 5,000 runs

Over HTTP from a server of its own process, and each figure is the median of five, with the least and the most. Cold is
the first request to a server that has just been started, with the index there already.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from exporters import ParquetSink, compact
from exporters.explorer.filling import Filler
from exporters.explorer.index_file import path_in
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, MediaType, SpanRecord

START = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
SEED, BATCH, PER_DAY, RARE = 11, 1000, 1000, "Quastenflosser"
TEXT = (
    "eine Blume auf der Wiese während ein alter Roboter dem Mond singt meine Großmutter hebt das ganze Meer in einem "
    "Marmeladenglas auf der kleine Fuchs lacht über den großen kalten Regen a flower blooms on the meadow while an old "
    "robot sings to the moon my grandmother keeps the whole sea jam jar small fox laughs at big cold rain une fleur "
    "dans le pré un vieux robot chante à la lune زهرة في المرج وروبوت قديم يغني للقمر "
    "春天 的 花园 里 有 一只 狐狸 цветок на лугу"
)
WORDS = TEXT.split()
CONFIGS = ("stillepost", "dada", "bauhaus", "image_comparison", "image_and_music")
STATUSES = ("completed", "completed", "completed", "blocked", "partial", "error")

TEACHER, PUPIL = "teacher-0123456789abcdef", "class-0123456789abcdef"

SERVER = """
import sys
from devserver.settings import Settings
from devserver.testing import scripted_engines
from devserver.web import WebSettings, create_app
from devserver.web.serving import serving
from devserver.wiring import open_devserver
from pathlib import Path
settings = Settings(data_dir=Path(sys.argv[1]), journal=False)
with open_devserver(settings, engines=scripted_engines()) as devserver:
    web = WebSettings(port=0, token="teacher-0123456789abcdef", class_token="class-0123456789abcdef")
    with serving(create_app(devserver, web), web) as address:
        print(address, flush=True)
        sys.stdin.read()
"""


def a_run(chance: random.Random, number: int, runs: int) -> ExecutionRecord:
    """A run with a sentence and what became of it; one in the middle has a word that no other has."""
    trace_id = f"{chance.getrandbits(128):032x}"
    at = START + dt.timedelta(days=number // PER_DAY, seconds=number % PER_DAY * 20)
    texts = [" ".join(chance.choices(WORDS, k=chance.randint(8, 24))) for _ in range(2)]
    if number == runs // 2:
        texts[0] += f" {RARE}"
    places = ((ItemType.USER_INPUT_TEXT, 1, texts[0]), (ItemType.INTERCEPTION_FINAL, 2, texts[1]))
    check = ExecutionItem(
        sequence_number=2,
        timestamp=at,
        item_type=ItemType.STAGE1_SAFETY_CHECK,
        media_type=MediaType.METADATA,
        stage=1,
        metadata={"safe": True},
    )
    said = [
        ExecutionItem(
            sequence_number=place * 2 - 1,
            timestamp=at,
            item_type=kind,
            media_type=MediaType.TEXT,
            stage=stage,
            content=text,
        )
        for place, (kind, stage, text) in enumerate(places, start=1)
    ]
    return ExecutionRecord(
        execution_id=f"exec_{at:%Y%m%d_%H%M%S}_{trace_id[:8]}",
        trace_id=trace_id,
        config_name=chance.choice(CONFIGS),
        timestamp=at,
        status=chance.choice(STATUSES),
        safety_level="kids",
        user_id=f"user{chance.randrange(400)}",
        session_id=f"session{number // 20}",
        total_execution_time=chance.random() * 60,
        items=(said[0], check, said[1]),
        spans=(
            SpanRecord(span_id=trace_id[:16], parent_span_id=None, name="execution", kind="internal", timestamp=at),
        ),
        item_count=3,
    )


def a_store(directory: Path, runs: int) -> Path:
    """A store of that many runs, made once."""
    data_dir, made = directory / f"explorer-{SEED}-{runs}", directory / f"explorer-{SEED}-{runs}.made"
    if made.exists():
        return data_dir
    chance, sink, began = random.Random(SEED), ParquetSink(data_dir), time.perf_counter()
    records = (a_run(chance, number, runs) for number in range(runs))
    while some := list(islice(records, BATCH)):
        sink.write_all(some)
    compact(data_dir, before=dt.date.max)
    made.touch()
    print(f"a store of {runs:,} runs: made in {time.perf_counter() - began:.0f} s", flush=True)
    return data_dir


def an_index(data_dir: Path) -> None:
    """Its index, made once, as a server has it made beside its work."""
    began = time.perf_counter()
    Filler(data_dir).fill()
    files = [path for path in path_in(data_dir).parent.glob("explorer.sqlite*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"its index: {time.perf_counter() - began:.1f} s, {size / 2**20:.0f} MiB", flush=True)


@contextmanager
def a_server(data_dir: Path, token: str = TEACHER) -> Iterator[httpx.Client]:
    """A client of a server in a process of its own, which brings a token."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdout is not None
    try:
        with httpx.Client(
            base_url=process.stdout.readline().strip(),
            timeout=600,
            trust_env=False,
            headers={"Authorization": f"Bearer {token}"},
        ) as client:
            yield client
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def milliseconds(action: Callable[[], Any]) -> float:
    """How long something takes."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def say(name: str, times: list[float]) -> None:
    """A figure with its spread."""
    print(f"{name:<46} {statistics.median(times):>7.0f} ms   {min(times):.0f} to {max(times):.0f}", flush=True)


def get(client: httpx.Client, address: str) -> str:
    """A page that has to be there."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text[:200]
    return answer.text


def forgotten(data_dir: Path) -> None:
    """Have the system forget the index: what is read next is read from the disk."""
    for path in path_in(data_dir).parent.glob("explorer.sqlite*"):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def bench_cold(data_dir: Path, address: str, name: str) -> None:
    """The first request to a server that has just begun."""
    times = []
    for _ in range(5):
        forgotten(data_dir)
        with a_server(data_dir) as client:
            get(client, "/healthz")
            times.append(milliseconds(lambda: get(client, address)))
    say(f"{name}, cold", times)


def bench_warm(client: httpx.Client, address: str, name: str) -> None:
    """The same again."""
    get(client, address)
    say(name, [milliseconds(lambda: get(client, address)) for _ in range(5)])


def bench_bundle(client: httpx.Client, runs: int) -> None:
    """A ZIP of so many runs, from the wish to the last byte."""

    def take_home() -> None:
        ids = re.findall(r'"execution_id":"([^"]+)"', "".join(pages))
        bundle = client.post("/api/bundles", json={"runs": ids, "format": "json_zip"}).json()
        while bundle["state"] in ("waiting", "running"):
            time.sleep(0.05)
            bundle = client.get(bundle["bundle_url"]).json()
        assert bundle["runs"] == len(ids), bundle
        assert len(client.get(bundle["file_url"]).content) > 1000 * len(ids)

    pages = [get(client, f"/api/runs?limit=100&page={page}") for page in range(3, 3 + runs // 100)]
    say(f"ZIP of {runs:,} runs (JSON)", [milliseconds(take_home) for _ in range(5)])


def main() -> None:
    """Print each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5,000 runs")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()), help="where the store is kept")
    chosen = parser.parse_args()
    runs = 5_000 if chosen.quick else 100_000
    data_dir = a_store(chosen.keep, runs)
    an_index(data_dir)
    view = "/runs?audience=researcher"
    bench_cold(data_dir, view, "first page")
    bench_cold(data_dir, f"{view}&q={RARE}", "search, one hit")
    asked = {
        "first page": view,
        "sorted by duration": f"{view}&sort=duration",
        "sorted by configuration": f"{view}&sort=config&order=asc",
        "of one status": f"{view}&status=blocked",
        f"page {runs // 25:,}": f"{view}&page={runs // 25}",
        "search, one hit": f"{view}&q={RARE}",
        "search, half of all": f"{view}&q=robot",
        "search, two words": f"{view}&q=robot+zirkus",
        "search, nothing": f"{view}&q=Zirkuszelt",
        "search, two signs": f"{view}&q=花园",
        "search, one sign": f"{view}&q=à",
    }
    with a_server(data_dir) as client:
        for name, address in asked.items():
            bench_warm(client, address, name)
        bench_bundle(client, min(1000, runs // 10))
    with a_server(data_dir, PUPIL) as client:
        bench_warm(client, "/runs", "a pupil: first page")
        bench_warm(client, "/runs?q=robot", "a pupil: search, half of all")
        bench_warm(client, f"/runs?page={runs // 25}", "a pupil: far down")


if __name__ == "__main__":
    main()
