"""How long a document of ten pages takes, and how long it keeps other threads from running.

    python benchmarks/bench_documents.py          two minutes; --quick for a first look; --many N: so many runs in one

Every record is different: fifteen languages in another order, sixteen hops with their calls, three pictures. The
JSON of the same record is the yardstick. `others wait` is the longest pause of a thread that only looks at the clock.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import io
import random
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from exporters import FORMATS
from otel_tracking import ExecutionRecord, ItemType

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / folder) for folder in ("", "exporters")]

AIM = 2.0
"""Seconds for a PDF of ten pages."""
AIM_OF_MANY = 60.0
"""Seconds for a hundred such runs in one PDF."""


LONG_TEXTS = {
    "German": "Eine blaue Blume auf der Wiese erzählt dem alten Mond etwas. " * 1_640,
    "Arabic": "زهرة زرقاء في المرج (2026) تحكي للقمر العجوز حكاية طويلة. " * 1_000,
    "Chinese": "草地上的一朵蓝色的花，给老月亮讲了一个很长的故事。" * 1_330,
    "one word": "a" * 100_000,
    "control characters": "\0" * 100_000,
}
"""Texts of a hundred thousand bytes."""


class Cost(NamedTuple):
    """Of one document: seconds, bytes, pages where there are some, and the longest pause of another thread."""

    seconds: float
    size: int
    pages: int
    pause: float


class Clock(threading.Thread):
    """A thread that notices when it could not run."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0
        self._done = threading.Event()

    def run(self) -> None:
        before = time.perf_counter()
        while not self._done.wait(0.001):
            now = time.perf_counter()
            self.longest, before = max(self.longest, now - before), now

    def stop(self) -> float:
        self._done.set()
        self.join()
        return self.longest


def a_record(number: int) -> ExecutionRecord:
    """A Stille Post with pictures, unlike any other."""
    from printed_records import a_painting, fifteen_languages, four_outputs

    order = random.Random(number)
    record, outputs = fifteen_languages(), four_outputs()
    pictures = [item for item in outputs.items if item.item_type == ItemType.OUTPUT_IMAGE]
    texts = [str(item.content) for item in record.items]
    order.shuffle(texts)
    items = [
        dataclasses.replace(item, content=f"{text} {number}", input_text=None)
        for item, text in zip(record.items, texts, strict=True)
    ]
    attachments = dict.fromkeys(outputs.attachments, a_painting(1024, 1024, number % 190))
    numbered = [dataclasses.replace(item, sequence_number=place) for place, item in enumerate([*items, *pictures], 1)]
    return dataclasses.replace(
        record, items=tuple(numbered), spans=(*record.spans, *outputs.spans[1:]), attachments=attachments
    )


def cost_of(render: Callable[..., bytes], record: Any) -> Cost:
    """What one document costs."""
    clock = Clock()
    clock.start()
    started = time.perf_counter()
    document = render(record)
    seconds = time.perf_counter() - started
    return Cost(seconds, len(document), _pages(document), clock.stop())


def _pages(document: bytes) -> int:
    from pypdf import PdfReader

    return len(PdfReader(io.BytesIO(document)).pages) if document.startswith(b"%PDF") else 0


def one_cell(text: str) -> ExecutionRecord:
    """A record with that text in one hop."""
    from records import a_run_of_hops

    return a_run_of_hops("Blume", text)


def cost_of_many(name: str, count: int) -> tuple[Cost, float, float]:
    """What one document of so many runs costs; its seconds of CPU, and by how many MB the peak of memory rose."""
    from exporters.collections import COLLECTIONS, CollectionOptions

    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    records = (dataclasses.replace(a_record(number), execution_id=f"run {number}") for number in range(count))
    cost = cost_of(lambda runs: _written(COLLECTIONS[name].write, runs, CollectionOptions()), records)
    rose = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return cost, time.process_time() - started, rose / 1024


def _written(write: Callable[..., None], records: Iterable[ExecutionRecord], options: object) -> bytes:
    file = io.BytesIO()
    write(records, file, options)
    return file.getvalue()


def line(name: str, costs: Sequence[Cost]) -> str:
    """Medians of a format."""
    times = sorted(cost.seconds for cost in costs)
    pages = f"{median(cost.pages for cost in costs):.0f} pages" if costs[0].pages else ""
    return (
        f"{name:6}{median(times):8.3f} s  ({times[0]:.3f} … {times[-1]:.3f})"
        f"{median(cost.size for cost in costs) / 1000:9.0f} KB   "
        f"others wait {median(cost.pause for cost in costs) * 1000:5.0f} ms   {pages}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--many", type=int, help="runs in one document; 10 with --quick, else 100")
    asked = parser.parse_args()
    rounds, many = 3 if asked.quick else 15, asked.many or (10 if asked.quick else 100)
    names = ("json", "pdf", *(["pdfa"] if importlib.util.find_spec("pikepdf") else []), "docx")
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    first = cost_of(FORMATS["pdf"].render, a_record(0))
    for number in range(1, rounds + 1):
        record = a_record(number)
        for name in names:
            costs[name].append(cost_of(FORMATS[name].render, record))

    print(f"{rounds} records, in turns; medians (least … most)")
    print(f"first pdf of a process: {first.seconds:.3f} s, with imports and fonts")
    for name in names:
        print(line(name, costs[name]))
    per_page = median(cost.seconds / cost.pages for cost in costs["pdf"])
    print(f"ten pages of PDF: {per_page * 10:.3f} s (aim: {AIM:.0f} s)")
    for name, text in LONG_TEXTS.items():
        cost = cost_of(FORMATS["pdf"].render, one_cell(text))
        print(f"100 KB in one cell, {name:18}{cost.seconds:8.3f} s{cost.size / 1000:9.0f} KB   {cost.pages} pages")
    for name in ("html", "pdf", "docx"):
        cost, cpu, memory = cost_of_many(name, many)
        pages = f"   {cost.pages} pages" if cost.pages else ""
        aim = f" (aim for a hundred: {AIM_OF_MANY:.0f} s)" if name == "pdf" else ""
        print(
            f"{many} runs in one {name:5}{cost.seconds:8.1f} s ({cpu:.1f} s of CPU){cost.size / 1e6:9.1f} MB"
            f"   peak of memory {memory:+.0f} MB{pages}{aim}"
        )


if __name__ == "__main__":
    main()
