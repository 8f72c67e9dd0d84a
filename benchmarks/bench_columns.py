"""From a finished run to its Parquet rows: processor time of each step, on the thread that assembles records."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import workloads
from benchmarks.figures import figure
from collectors.building.record import columns_of_recorded
from collectors.flight_recorder import FlightRecorder
from collectors.recording.open_runs import OpenRun, OpenRuns
from collectors.recording.provider import RecordingTracerProvider, make_resource
from exporters.storage.tables.rows import row_of
from otel_tracking import ExecutionTracker, FinishReason
from otel_tracking.columns import columns_of
from otel_tracking.errors import Troubles
from otel_tracking.frame import thaw_own
from otel_tracking.span_event import Frame

NOWHERE = Path("/")


def finished_runs(count: int, *, calls: bool) -> list[OpenRun]:
    """So many runs of a workload, each with other texts, as the assembly is given them."""
    draw, troubles, finished = random.Random(5), Troubles(), list[OpenRun]()
    runs = OpenRuns(FlightRecorder(enabled=False), lambda run, _: finished.append(run), troubles)
    provider = RecordingTracerProvider(runs, make_resource(None, None), troubles)
    tracker = ExecutionTracker(provider, emit=runs.record, troubles=troubles)
    for _ in range(count):
        workloads.vary(draw)
        workloads.ours(tracker, calls=calls)
    return finished


def cost_of(step: Callable[[Any], object], runs: list[Any]) -> str:
    """Processor time of a step for each of the runs."""
    step(runs[0])
    costs = []
    for run in runs:
        started = time.thread_time_ns()
        step(run)
        costs.append((time.thread_time_ns() - started) / 1000)
    return str(figure(costs))


def columns(run: OpenRun) -> Any:
    """The columns of a run."""
    return columns_of_recorded(run.spans(), finish_reason=FinishReason.ROOT_ENDED, revision=1, late_spans=0)


def thawed(run: OpenRun) -> list[Any]:
    """The values of its frames."""
    frames = [event for span in run.spans() for event in span.events if isinstance(event, Frame)]
    return [thaw_own(frame.payload) for frame in frames]


def main(rounds: int) -> None:
    """Print the steps of both workloads."""
    for name, calls in (("A", False), ("B", True)):
        runs = finished_runs(rounds, calls=calls)
        print(f"workload {name}, a run")
        print(f"  run → row                                 {cost_of(lambda run: row_of(columns(run), NOWHERE), runs)}")
        print(f"    frames → values                         {cost_of(thawed, runs)}")
        print(f"    run → columns, values included          {cost_of(columns, runs)}")
        # Few of them: what lives while something is measured costs it collections of garbage.
        built = [columns(run) for run in runs[:8]] * (rounds // 8)
        print(f"    columns → row                           {cost_of(lambda made: row_of(made, NOWHERE), built)}")
        print(f"  columns → record of objects               {cost_of(lambda made: made.record(), built)}")
        records = [made.record() for made in built[:8]] * (rounds // 8)
        print(f"  record of objects → row                   {cost_of(_row_of_record, records)}")


def _row_of_record(record: Any) -> object:
    return row_of(columns_of(record), NOWHERE)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
