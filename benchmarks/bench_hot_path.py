"""What tracking costs the pipeline's thread: whole runs A and B, a typical item, an item with a 40 KB graph."""

from __future__ import annotations

import json
import sys

from benchmarks.contenders import LastSpans, contenders, flush, raw_provider
from benchmarks.figures import Figure, interleaved
from benchmarks.workloads import GRAPH, IMAGE_PARAMETERS, TEXT
from otel_tracking import ItemType

ITEMS = 200


def whole_runs(rounds: int) -> None:
    """Workloads A and B, interleaved."""
    with contenders() as (rivals, recording):
        for name, calls in (("A: 17 spans, 26 items", False), ("B: 29 spans, 26 items, 36 call facts", True)):
            pairs = [(lambda rival=rival, calls=calls: rival.run(calls), rival.between) for rival in rivals]
            show(f"whole run {name}", [rival.name for rival in rivals], interleaved(pairs, rounds))
        waited = recording.health()["journal"]["counters"].get("entries_waited", 0)
        print(f"  journal entries that had to wait for a segment: {waited}")


def items(rounds: int) -> None:
    """One item inside an open stage, as the raw SDK and as we log it (journalled)."""
    graph_text = json.dumps
    tracer = raw_provider(LastSpans()).get_tracer("raw")
    with contenders() as (_, recording):
        tracker = recording.tracker()
        for name, parameters, count in (
            ("typical item, 14 parameters", IMAGE_PARAMETERS, ITEMS),
            ("item with a 40 KB graph", {"workflow": GRAPH}, 10),
        ):

            def raw_items(parameters=parameters, count=count) -> None:
                span = tracer.start_span("stage")
                for _ in range(count):
                    flat = {"devserver.content": TEXT, "devserver.stage": 4, "devserver.loop_iteration": 1}
                    for key, value in parameters.items():
                        flat["devserver." + key] = graph_text(value) if isinstance(value, dict | list) else value
                    span.add_event("output_image", flat)
                span.end()

            def our_items(parameters=parameters, count=count) -> None:
                stage = stages[-1]
                for _ in range(count):
                    stage.item(ItemType.OUTPUT_IMAGE, content=TEXT, metadata=parameters)

            def next_run() -> None:
                runs.pop().end()
                flush(recording)
                runs.append(tracker.execution("bench"))
                stages[:] = [runs[-1].output(1).stage(4)]

            runs, stages = [tracker.execution("bench")], []
            stages.append(runs[-1].output(1).stage(4))
            costs = interleaved([(raw_items, lambda: None), (our_items, next_run)], rounds)
            show(name, ["raw SDK", "ours, journalled"], [Figure(*(part / count for part in cost)) for cost in costs])
            runs.pop().end()


def show(title: str, names: list[str], figures: list[Figure]) -> None:
    """A small table with ratios to the first."""
    print(title)
    for name, cost in zip(names, figures, strict=True):
        print(f"  {name:24} {cost}   {cost.median / figures[0].median:5.2f} × {names[0]}")


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    whole_runs(rounds)
    items(max(20, rounds // 4))
