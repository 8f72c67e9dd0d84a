"""What the child processes of the crash tests do; they end by `kill -9`, at their own hand or their parent's."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from records import LATER, NOON, a_graph, a_picture, a_run_of_hops

from exporters import ParquetSink, compact
from otel_tracking import ExecutionRecord

PROGRAM = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import crash_stage; crash_stage.main()"


BATCHES = 12
"""How many batches a writer writes at most: who reads along must be able to catch up, however busy the machine is."""


def a_batch(number: int) -> list[ExecutionRecord]:
    """Three runs, the same ones in every process: with hops, with a picture, with a graph."""
    names = [f"{number:07x}{place:025x}" for place in (1, 2, 3)]
    at = NOON + dt.timedelta(minutes=number)
    return [
        a_run_of_hops("one", "two", f"three {number}", trace_id=names[0], timestamp=at),
        a_picture(b"meadow %d" % number, trace_id=names[1], timestamp=at),
        a_run_of_hops("x", "y", trace_id=names[2], timestamp=at, metadata={"graph": a_graph()}),
    ]


def stop_at(number: int) -> Callable[[str], None]:
    """A step that kills this process when it is called for that number of times."""
    steps = count(1)

    def step(name: str) -> None:
        if next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def main() -> None:
    """`write DATA STEP`, `compact DATA STEP`, or `write_on DATA FIRST` (`BATCHES` batches, each announced)."""
    action, data_dir, number = sys.argv[1:]
    if action == "write":
        ParquetSink(data_dir, step=stop_at(int(number))).write_all(a_batch(0))
    elif action == "compact":
        compact(data_dir, before=LATER, step=stop_at(int(number)))
    else:
        sink = ParquetSink(data_dir)
        for batch in range(int(number), int(number) + BATCHES):
            sink.write_all(a_batch(batch))
            print(batch, flush=True)
        signal.pause()
