"""What tracking costs the pipeline's thread: whole runs A and B, single items in several ways, eight threads at once.

Processor time of the thread that logs, in turns with the raw SDK: what others do on the machine meanwhile is not
counted. Each ratio is the median of those of all rounds, with their quartiles.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import orjson
from opentelemetry import trace

from benchmarks.contenders import LastSpans, contenders, flush, raw_provider
from benchmarks.figures import costs_in_turns, figure, ratio
from benchmarks.workloads import GRAPH, IMAGE_PARAMETERS, TEXT, WORDS
from collectors import Recording, start_recording
from exporters import ParquetSink
from otel_tracking import ExecutionTracker, ItemType

ITEMS = 200
THREADS = 8
PAUSE = 0.01
"""Seconds that a pipeline waits for a backend before it logs, and finds nothing of ours in the processor's caches."""

Item = tuple[str, dict[str, Any]]
"""What an item says and its parameters."""


def whole_runs(rounds: int) -> None:
    """Workloads A and B, interleaved."""
    with contenders() as (rivals, recording):
        for name, calls in (("A: 17 spans, 26 items", False), ("B: 29 spans, 26 items, 36 call facts", True)):
            pairs = [(partial(rival.run, calls), rival.between) for rival in rivals]
            costs = costs_in_turns(pairs, rounds, time.thread_time_ns)
            show(f"whole run {name}", [rival.name for rival in rivals], costs)
        waited = recording.health()["journal"]["counters"].get("entries_waited", 0)
        print(f"  journal entries that had to wait for a segment: {waited}")


class Stage:
    """An open stage 4 of a run that is exchanged between rounds, so that no run grows without end."""

    def __init__(self, recording: Recording) -> None:
        self._recording, self._tracker = recording, recording.tracker()
        self._begin()

    def log(self, items: Sequence[Item]) -> None:
        """Log items."""
        for text, parameters in items:
            self._stage.item(ItemType.OUTPUT_IMAGE, content=text, metadata=parameters)

    def exchange(self) -> None:
        """End the run and begin another."""
        self._run.end()
        flush(self._recording)
        self._begin()

    def _begin(self) -> None:
        self._run = self._tracker.execution("bench")
        self._stage = self._run.output(1).stage(4)


class RawSpan:
    """An open span of the raw SDK, exchanged in the same way."""

    def __init__(self) -> None:
        self._spans = LastSpans()
        self._tracer = raw_provider(self._spans).get_tracer("raw")
        self.span = self._tracer.start_span("stage")

    def exchange(self) -> None:
        """End it and begin another."""
        self.span.end()
        self._spans.spans.clear()
        self.span = self._tracer.start_span("stage")


def log_raw(span: trace.Span, items: Sequence[Item]) -> None:
    """The same with the raw SDK: nested values as JSON text."""
    for number, (text, parameters) in enumerate(items):
        flat: dict[str, Any] = {"devserver.sequence_number": number, "devserver.item_type": "output_image"}
        flat |= {"devserver.content": text, "devserver.stage": 4, "devserver.loop_iteration": 1}
        for key, value in parameters.items():
            flat["devserver." + key] = json.dumps(value) if isinstance(value, dict | list) else value
        span.add_event("output_image", flat)


def log_one_attribute(span: trace.Span, items: Sequence[Item]) -> None:
    """The same as one text, by the fastest JSON there is."""
    for number, (text, parameters) in enumerate(items):
        told = {"sequence_number": number, "item_type": "output_image", "content": text, "stage": 4}
        text = orjson.dumps({**told, "loop_iteration": 1, "metadata": parameters}).decode()
        span.add_event("output_image", {"devserver.payload": text})


def items(rounds: int) -> None:
    """One item inside an open stage, as the raw SDK and as we log it (journalled)."""
    typical, graph = (TEXT, IMAGE_PARAMETERS), (TEXT, {"workflow": GRAPH})
    with contenders() as (_, recording):
        stage = Stage(recording)
        for name, count, make in (
            ("typical item, 14 parameters, the same again and again", ITEMS, lambda: [typical] * ITEMS),
            ("fresh item: texts and parameters of its own", ITEMS, fresh_items),
            ("item after a pause", 1, partial(after_a_pause, typical)),
            ("item with a 40 KB graph", 10, lambda: [graph] * 10),
        ):
            one_item(name, rounds, count, make, stage)
        stage.exchange()


def one_item(name: str, rounds: int, count: int, make: Callable[[], Sequence[Item]], stage: Stage) -> None:
    """The cost of one of `count` items that are made before, unmeasured."""
    raw, one_attribute, ready = RawSpan(), RawSpan(), [make()]

    def then(exchange: Callable[[], None]) -> None:
        if count > 1:
            exchange()
        ready[0] = make()

    calls = [
        (lambda: log_raw(raw.span, ready[0]), partial(then, raw.exchange)),
        (lambda: log_one_attribute(one_attribute.span, ready[0]), partial(then, one_attribute.exchange)),
        (lambda: stage.log(ready[0]), partial(then, stage.exchange)),
    ]
    costs = costs_in_turns(calls, rounds, time.thread_time_ns)
    names = ["raw SDK", "raw, one orjson attribute", "ours, journalled"]
    show(name, names, [[part / count for part in cost] for cost in costs])


def fresh_items() -> list[Item]:
    """Items as a pipeline has them: no text and no parameters twice."""
    return [_fresh_item() for _ in range(ITEMS)]


def _fresh_item() -> Item:
    words = _draw.choices(WORDS, k=25)
    parameters = {
        **IMAGE_PARAMETERS,
        "seed": _draw.getrandbits(60),
        "cfg_scale": _draw.random() * 10,
        "negative_prompt": " ".join(words[:6]),
        "lora": [{"name": words[7], "strength": _draw.random()}],
        "options": {"keep_alive": "10m", "num_ctx": None},
    }
    return " ".join(words), parameters


_draw = random.Random(17)


def after_a_pause(item: Item) -> list[Item]:
    """One item, when the thread has slept."""
    time.sleep(PAUSE)
    return [item]


def at_once(rounds: int) -> None:
    """Items while eight threads log, each into a run of its own, beside a sink that writes them."""
    raw_costs, costs = [], []
    with tempfile.TemporaryDirectory() as data, start_recording([ParquetSink(data)]) as recording:
        tracker = recording.tracker()
        for _ in range(rounds):
            raw_costs.append(_in_threads(_log_a_span))
            costs.append(_in_threads(partial(_log_a_run, tracker)))
        recording.flush(timeout=60)
    show(f"fresh item, {THREADS} threads at once, Parquet", ["raw SDK", "ours, journalled"], [raw_costs, costs])


def _log_a_span(items: Sequence[Item]) -> None:
    log_raw(RawSpan().span, items)


def _log_a_run(tracker: ExecutionTracker, items: Sequence[Item]) -> None:
    with tracker.execution("threads") as run, run.output(1).stage(4) as stage:
        for text, parameters in items:
            stage.item(ItemType.OUTPUT_IMAGE, content=text, metadata=parameters)


def _in_threads(log: Callable[[Sequence[Item]], None]) -> float:
    """Processor time of an item, in microseconds, where so many threads log at once."""
    costs: list[float] = []
    gate = threading.Barrier(THREADS)

    def work(items: Sequence[Item]) -> None:
        gate.wait()
        started = time.thread_time_ns()
        log(items)
        costs.append((time.thread_time_ns() - started) / 1000)

    threads = [threading.Thread(target=work, args=(fresh_items(),)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(costs) / THREADS / ITEMS


def show(title: str, names: Sequence[str], costs: Sequence[Sequence[float]]) -> None:
    """A small table with ratios to the first, and to the second where that is another baseline."""
    print(title)
    baselines = [number for number, name in enumerate(names) if name.startswith("raw")]
    for name, cost in zip(names, costs, strict=True):
        ratios = "   ".join(f"{ratio(cost, costs[number])} × {names[number]}" for number in baselines)
        print(f"  {name:26} {figure(cost)}   {ratios}")


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    whole_runs(rounds)
    items(max(20, rounds // 4))
    at_once(max(5, rounds // 20))
