"""The stage of tests of large runs: a process that ends one and dies where it is told to, and what is checked then.

What is large is small here, so that a test takes seconds: `make_small`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from children import ROOT, start_python

from collectors import start_recording
from collectors.building import pieces
from collectors.recording import assembly
from exporters import ParquetSink, connect, list_executions, read_records
from exporters.storage.upkeep.inspection import inspect_store
from exporters.storage.writing import large_record

PATIENCE = 60

HOPS, OTHERS = 180, 20
"""Items of the large run, and of those that are small."""

STEPS = ("items", "media", "executions", "written")
"""What the sink tells of a large run, in order."""

_TRACED = ("/collectors/building/pieces.py", "/collectors/recording/assembly.py", "/exporters/storage/")

PROGRAM = "from large_run_stage import main; main()"


def make_small() -> None:
    """What is large from here on, in this process: a hundred items, in pieces and row groups of a few."""
    assembly.LARGE, pieces.PIECE, large_record.ROWS_TOGETHER = 100, 16, 48


def run_of(tracker: Any, hops: int) -> str:
    """A run with media and with values that are cut out of their rows; its trace id."""
    with tracker.execution("stillepost", safety_level="kids") as run, run.stage(2) as stage:
        for hop in range(1, hops + 1):
            with stage.iteration(hop) as iteration:
                graph = {"graph": f"{hop % 3}" * 9_000} if hop % 10 == 0 else {}
                iteration.item("interception_iteration", content=hop, metadata=graph)
        with run.output(1) as output, output.stage(4) as last:
            for number in range(3):
                last.item("output_image", media=bytes([number]) * 100, media_format="image/png")
    return str(run.trace_id)


def start(data: Path, ram: Path, mode: str, at: object) -> Any:
    """A process that ends a small, a large and a small run, tells their trace ids, and dies at a step or line."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "tests" / "faults")))
    return start_python(PROGRAM, data, ram, mode, at, PYTHONPATH=path)


def main() -> None:
    """That process."""
    data, ram, mode, at = sys.argv[1:5]
    make_small()
    lines = _Lines(int(at)) if at.lstrip("-").isdigit() else None
    if lines:
        threading.settrace(lines.count)
    sink = ParquetSink(data, step=partial(_die_at, at, os.getpid()))
    recording = start_recording([sink], journal=ram, spill=Path(ram, "files"), assembly=mode)  # type: ignore[arg-type]
    tracker = recording.tracker()
    tell(run_of(tracker, OTHERS))
    recording.flush(PATIENCE)
    if lines:
        lines.count_from_now()
    tell(run_of(tracker, HOPS))
    tell(run_of(tracker, OTHERS))
    recording.close(PATIENCE)
    if lines:
        tell(lines.seen)


def tell(what: object) -> None:
    """Say it, even where this process dies next."""
    os.write(1, f"{what}\n".encode())


def _die_at(at: str, pid: int, step: str) -> None:
    # Small runs have these steps as well.
    if step == at and os.getpid() == pid and _is_large():
        os.kill(pid, signal.SIGKILL)


def _is_large() -> bool:
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_name == "write_pieces":
            return True
    return False


class _Lines:
    """Counts lines of what makes and writes large runs, on all threads, and dies at one of them (0: at none)."""

    def __init__(self, last: int) -> None:
        self.seen, self._last, self._counts = 0, last, False

    def count_from_now(self) -> None:
        self._counts = True

    def count(self, frame: Any, event: str, _: Any) -> Any:
        if not any(part in frame.f_code.co_filename for part in _TRACED):
            return None
        if event == "line" and self._counts:
            self.seen += 1
            if self.seen == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.count


def expected(runs: list[str]) -> dict[str, int]:
    """How many hops each run has, by trace id; `runs` as they were told."""
    return dict(zip(runs, (OTHERS, HOPS, OTHERS), strict=False))


def check_readers_see_whole_runs(data: Path, runs: dict[str, int]) -> set[str]:
    """Whoever reads: what is there is whole. The trace ids of what is there."""
    records = {record.trace_id: record for record in read_records(data)}
    for trace_id, record in records.items():
        hops = [item.content for item in record.items if item.stage == 2]
        # Of a run that had not told its id yet nobody knows how far it was.
        assert hops == list(range(1, runs.get(trace_id, len(hops)) + 1))
        assert record.dropped == 0
        assert record.status == "completed" or trace_id not in runs
    assert sorted(row.trace_id for row in list_executions(data)) == sorted(records)
    with connect(data) as sql:
        told = sql.execute("select execution_id, count(*) from items group by 1")
        counts = dict(told.fetchall())
    assert counts == {record.execution_id: len(record.items) for record in records.values()}
    assert [oddity for oddity in inspect_store(data) if oddity.fault != "foreign"] == []
    return set(records)


def stored_rows(data: Path) -> Counter[str]:
    """How often each trace has a row, whoever reads it: a run that was stored twice has two."""
    paths = [path for path in (data / "executions").rglob("*.parquet") if not path.name.startswith(".")]
    return Counter(
        trace for path in paths for trace in pq.read_table(path, columns=["trace_id"])["trace_id"].to_pylist()
    )


class Hook:
    """What is done at the steps of a large run's write, in the process of the pipeline; nothing of itself."""

    def __init__(self) -> None:
        self.act: Any = None

    def __call__(self, step: str) -> None:
        if self.act is not None and _is_large():
            self.act(step)


HOOK = Hook()


def hooked(step: str) -> None:
    """A step of a sink that can be opened in another process, where nothing happens at it."""
    HOOK(step)


class Gate:
    """Stops a large run's write at a step, once, until it is opened."""

    def __init__(self, at: str) -> None:
        self._at, self.reached, self.opened = at, threading.Event(), threading.Event()

    def __call__(self, step: str) -> None:
        if step == self._at and not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(PATIENCE)
