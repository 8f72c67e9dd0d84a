"""What tracking costs the pipeline's thread: whole runs A and B, a typical item, an item with a 40 KB graph."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

from opentelemetry import trace

from benchmarks.contenders import LastSpans, contenders, flush, raw_provider
from benchmarks.figures import Figure, interleaved
from benchmarks.workloads import GRAPH, IMAGE_PARAMETERS, TEXT
from collectors import Recording
from otel_tracking import ItemType

ITEMS = 200


def whole_runs(rounds: int) -> None:
    """Workloads A and B, interleaved."""
    with contenders() as (rivals, recording):
        for name, calls in (("A: 17 spans, 26 items", False), ("B: 29 spans, 26 items, 36 call facts", True)):
            pairs = [(partial(rival.run, calls), rival.between) for rival in rivals]
            show(f"whole run {name}", [rival.name for rival in rivals], interleaved(pairs, rounds))
        waited = recording.health()["journal"]["counters"].get("entries_waited", 0)
        print(f"  journal entries that had to wait for a segment: {waited}")


class Stage:
    """An open stage 4 of a run that is exchanged between rounds, so that no run grows without end."""

    def __init__(self, recording: Recording) -> None:
        self._recording, self._tracker = recording, recording.tracker()
        self._begin()

    def log(self, parameters: dict[str, Any], count: int) -> None:
        """Log `count` items."""
        for _ in range(count):
            self._stage.item(ItemType.OUTPUT_IMAGE, content=TEXT, metadata=parameters)

    def exchange(self) -> None:
        """End the run and begin another."""
        self._run.end()
        flush(self._recording)
        self._begin()

    def _begin(self) -> None:
        self._run = self._tracker.execution("bench")
        self._stage = self._run.output(1).stage(4)


def log_raw(tracer: trace.Tracer, parameters: dict[str, Any], count: int) -> None:
    """The same with the raw SDK: nested values as JSON text."""
    span = tracer.start_span("stage")
    for number in range(count):
        flat: dict[str, Any] = {"devserver.sequence_number": number, "devserver.item_type": "output_image"}
        flat |= {"devserver.content": TEXT, "devserver.stage": 4, "devserver.loop_iteration": 1}
        for key, value in parameters.items():
            flat["devserver." + key] = json.dumps(value) if isinstance(value, dict | list) else value
        span.add_event("output_image", flat)
    span.end()


def items(rounds: int) -> None:
    """One item inside an open stage, as the raw SDK and as we log it (journalled)."""
    tracer = raw_provider(LastSpans()).get_tracer("raw")
    with contenders() as (_, recording):
        stage = Stage(recording)
        for name, parameters, count in (
            ("typical item, 14 parameters", IMAGE_PARAMETERS, ITEMS),
            ("item with a 40 KB graph", {"workflow": GRAPH}, 10),
        ):
            calls = [
                (partial(log_raw, tracer, parameters, count), do_nothing),
                (partial(stage.log, parameters, count), stage.exchange),
            ]
            costs = interleaved(calls, rounds)
            show(name, ["raw SDK", "ours, journalled"], [Figure(*(part / count for part in cost)) for cost in costs])
        stage.exchange()


def do_nothing() -> None:
    """Between two rounds of the raw SDK."""


def show(title: str, names: list[str], figures: list[Figure]) -> None:
    """A small table with ratios to the first."""
    print(title)
    for name, cost in zip(names, figures, strict=True):
        print(f"  {name:24} {cost}   {cost.median / figures[0].median:5.2f} × {names[0]}")


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    whole_runs(rounds)
    items(max(20, rounds // 4))
