"""What era A's routes cost: a list, a filter, one run, beside the files of the old tracker; and while a disk fails.

    python -m benchmarks.bench_era_a           a minute, 1,000 records; another number as the argument

The stand-in for the old tracker reads as it did: one JSON file for each record, sorted by time, the thousand latest
loaded for each list and each filter, an object for each item. Both are asked in turns for what the routes ask; `first`
is a process that has read nothing yet. Then a run and a list, the slowest of forty, while the data directory is
read-only, full or gone: no request may take 100 ms more than while all is well.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters import read_records
from otel_tracking.environment import RecordingSettings
from otel_tracking.migration import era_a

LIST_PAGE = 20
ROUNDS = 7
FAULT_ROUNDS = 40
WORDS = "Eine Blume auf der Wiese, die im Wind steht und wartet. "
ITEM_FIELDS = (
    *("sequence_number", "timestamp", "item_type", "media_type", "stage", "stage_iteration", "loop_iteration"),
    *("content", "file_path", "config_used", "model_used", "backend_used", "execution_time", "metadata"),
)
HEAD_FIELDS = (
    *("execution_id", "config_name", "timestamp", "user_id", "session_id", "execution_mode", "safety_level"),
    *("used_seed", "total_execution_time", "items", "taxonomy_version"),
)


@dataclass
class OldItem:
    """An item as the old tracker read it."""

    values: dict[str, Any]
    timestamp: dt.datetime


@dataclass
class OldRecord:
    """A record as the old tracker read it."""

    values: dict[str, Any]
    timestamp: dt.datetime
    items: list[OldItem]

    def __getattr__(self, name: str) -> Any:
        return self.__dict__["values"][name]

    def to_dict(self) -> dict[str, Any]:
        return self.values


class OldFiles:
    """One JSON file for each record."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def list_execution_records(self, limit: int, offset: int = 0) -> list[str]:
        files = sorted(self._directory.glob("exec_*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        return [path.stem for path in files[offset : offset + limit]]

    def load_execution_record(self, execution_id: str) -> OldRecord:
        read = json.loads((self._directory / f"{execution_id}.json").read_text("utf-8"))
        items = [OldItem(item, dt.datetime.fromisoformat(item["timestamp"])) for item in read["items"]]
        return OldRecord(read, dt.datetime.fromisoformat(read["timestamp"]), items)


def listed(history: Any, config: str | None = None) -> int:
    """What the route of the list does: load the latest thousand, filter, show a page. How many there are."""
    found = map(history.load_execution_record, history.list_execution_records(1_000, 0))
    wanted = [record for record in found if record and config in (None, record.config_name)]
    json.dumps([(record.execution_id, str(record.timestamp), len(record.items)) for record in wanted[:LIST_PAGE]])
    return len(wanted)


def shown(history: Any, execution_id: str) -> int:
    """What the route of one run does. The size of its answer."""
    return len(json.dumps(history.load_execution_record(execution_id).to_dict()))


def a_run(number: int) -> None:
    """Stille Post with eight hops, as era A's route logs it."""
    tracker = era_a.ExecutionTracker("stillepost", "eco", "kids")
    tracker.log_pipeline_start("Eine Blume", {"request_timestamp": None})
    tracker.set_stage(1)
    tracker.log_user_input_text(WORDS)
    tracker.set_stage(2)
    for hop in range(1, 9):
        tracker.log_interception_iteration(hop, f"{number} {hop} {WORDS * 6}", "de", "en", "mistral-nemo", "stillepost")
    tracker.log_interception_final(WORDS * 6, 8, "stillepost", "mistral-nemo", "ollama", 1.0)
    tracker.log_pipeline_complete(1.0, 0)
    tracker.finalize()


def prepare(directory: Path, count: int) -> list[str]:
    """Records in both stores; every third is a file of its own, as runs of a lesson are."""
    recording = era_a.start(RecordingSettings(data_dir=directory / "data", journal=False))
    for number in range(count):
        a_run(number)
        if number % 3 == 0:
            recording.flush(30)
    recording.flush(30)
    (directory / "old").mkdir()
    ids = []
    for record in read_records(directory / "data"):
        said = record.to_dict()
        old = {name: said[name] for name in HEAD_FIELDS}
        old["items"] = [{name: item[name] for name in ITEM_FIELDS} for item in said["items"]]
        (directory / "old" / f"{record.execution_id}.json").write_text(json.dumps(old, indent=2), "utf-8")
        ids.append(record.execution_id)
    return ids


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def compare(name: str, ask: Callable[[Any], object], old: OldFiles) -> None:
    """One line: the first time, then medians in turns, and their ratio."""
    first = seconds(lambda: ask(era_a))
    costs = [(seconds(lambda: ask(old)), seconds(lambda: ask(era_a))) for _ in range(ROUNDS)]
    theirs, ours = (statistics.median(column) for column in zip(*costs, strict=True))
    print(
        f"{name:24} old {theirs * 1e3:8.1f} ms   now {ours * 1e3:8.1f} ms   ratio {ours / theirs:5.2f} (at most 2)"
        f"   first {first * 1e3:8.1f} ms"
    )


def request() -> None:
    """A run, and the list after it."""
    a_run(0)
    listed(era_a)


@contextlib.contextmanager
def disk_of_its_own(path: Path) -> Iterator[bool]:
    """A RAM disk mounted at `path`; False where mounting is not permitted."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(path)]
    is_mounted = subprocess.run(mount, stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(path)], check=True)


def make_read_only(disk: Path) -> None:
    while subprocess.run(["mount", "-o", "remount,ro", str(disk)], stderr=subprocess.DEVNULL).returncode:
        time.sleep(0.01)  # a write that is under way keeps the disk busy


def make_full(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def take_away(disk: Path) -> None:
    shutil.rmtree(disk / "data")
    (disk / "data").write_text("")


FAULTS = {"read-only": make_read_only, "full": make_full, "gone": take_away}


def while_it_fails(directory: Path, name: str) -> None:
    """One line: what a request costs at most while all is well, and while the data directory fails."""
    with disk_of_its_own(directory / name) as is_mounted:
        if not is_mounted and name != "gone":
            print(f"directory {name:14} mounting is not permitted here")
            return
        recording = era_a.start(RecordingSettings(data_dir=directory / name / "data", journal=False))
        request()
        well = max(seconds(request) for _ in range(FAULT_ROUNDS))
        recording.flush(30)
        FAULTS[name](directory / name)
        broken = max(seconds(request) for _ in range(FAULT_ROUNDS))
        print(
            f"directory {name:14} well {well * 1e3:6.0f} ms   now {broken * 1e3:6.0f} ms   "
            f"{(broken - well) * 1e3:+.0f} ms (at most +100)"
        )
        era_a.stop(timeout=0.5)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if sys.argv[1:] else 1_000
    with tempfile.TemporaryDirectory() as directory:
        ids = prepare(Path(directory), count)
        old = OldFiles(Path(directory) / "old")
        era_a.start(RecordingSettings(data_dir=Path(directory) / "data", journal=False))
        compare("list", listed, old)
        compare("filter without hits", lambda history: listed(history, "nobody"), old)
        compare("one run of the page", lambda history: shown(history, ids[1]), old)
        unread = iter(ids[LIST_PAGE:])
        compare("one run, not asked yet", lambda history: shown(history, next(unread)), old)
        era_a.stop()
        for name in FAULTS:
            while_it_fails(Path(directory), name)


if __name__ == "__main__":
    main()
