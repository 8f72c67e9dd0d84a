"""What costs beside the pipeline: records made on a thread or in a process of their own, and the raw SDK's exporter.

    python -m benchmarks.bench_assembly              sustained, at 10, 50 and 100 runs a second
    python -m benchmarks.bench_assembly ../before    the same of another checkout, in turns

Each contender lives in a process of its own as long as the comparison, and they take turns, so that all meet the same
moods of the machine. Processor time is that of the contender's process and of those it has started. The raw SDK hands
its spans to a batch processor that encodes OTLP, sends nothing and stores nothing. A thread that waits for 5 ms, as for
an answer of a model server, says how late it was woken.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

RATES = (10, 50, 100)
SECONDS = 3.0
"""How long a turn lasts at one rate."""
TOGETHER = 300
"""Runs of a turn that come as fast as they can."""
WAIT = 0.005

RAW, THREAD, PROCESS = "raw", "thread", "process"


def work(contender: str, checkout: str) -> None:
    """Take a turn for each line that comes, and print what it took."""
    sys.path.insert(0, checkout)
    with started(contender) as (run, settle):
        for _ in range(20):
            run()
        settle()
        for line in sys.stdin:
            wish = json.loads(line)
            print(json.dumps(paced(run, settle, wish) if wish else sustained(run, settle)), flush=True)


@contextlib.contextmanager
def started(contender: str) -> Iterator[tuple[Callable[[], None], Callable[[], object]]]:
    """What makes a run, and what waits until all is done with those there were."""
    from benchmarks import workloads

    if contender == RAW:
        tracer, settle = raw_tracer()
        yield lambda: workloads.raw(tracer, calls=False), settle
        return
    from collectors import start_recording
    from exporters import ParquetSink

    told = {"assembly": contender} if contender == PROCESS else {}
    with tempfile.TemporaryDirectory() as data, start_recording([ParquetSink(data)], **told) as recording:
        tracker = recording.tracker()
        yield lambda: workloads.ours(tracker, calls=False), lambda: recording.flush(timeout=120)


def raw_tracer() -> tuple[Any, Callable[[], object]]:
    """The raw SDK with an exporter that encodes, and nothing else."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Encoding(SpanExporter):
        def export(self, spans: Any) -> Any:
            encode_spans(spans).SerializeToString()
            return SpanExportResult.SUCCESS

    provider = TracerProvider(span_limits=SpanLimits(*[SpanLimits.UNSET] * 8), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Encoding(), max_queue_size=2**16, schedule_delay_millis=500))
    return provider.get_tracer("raw"), provider.force_flush


def sustained(run: Callable[[], None], settle: Callable[[], object]) -> dict[str, float]:
    """Runs a second until all are durable."""
    cpu, now = processor_seconds(), time.perf_counter()
    for _ in range(TOGETHER):
        run()
    settle()
    return {
        "sustained, runs/s": TOGETHER / (time.perf_counter() - now),
        "sustained, processor ms/run": (processor_seconds() - cpu) / TOGETHER * 1000,
    }


def paced(run: Callable[[], None], settle: Callable[[], object], rate: int) -> dict[str, float]:
    """Processor time of a run at so many a second, and how late a thread is that has waited."""
    late: list[float] = []
    over = threading.Event()
    waiter = threading.Thread(target=wait_again_and_again, args=(over, late))
    idle = processor_seconds_of(waiter, over, late)
    cpu, begun, runs = processor_seconds(), time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        run()
        runs += 1
        time.sleep(max(0.0, begun + runs / rate - time.perf_counter()))
    settle()
    over.set()
    waiter.join()
    spent = processor_seconds() - cpu - idle * (time.perf_counter() - begun)
    return {
        f"{rate} runs/s, processor ms/run": spent / runs * 1000,
        f"{rate} runs/s, late after {WAIT * 1000:.0f} ms, p90 ms": statistics.quantiles(late, n=10)[-1] * 1000,
    }


def processor_seconds_of(waiter: threading.Thread, over: threading.Event, late: list[float]) -> float:
    """Processor seconds a second that the waiting thread takes by itself; it goes on afterwards."""
    waiter.start()
    cpu = time.process_time()
    time.sleep(0.5)
    late.clear()
    return (time.process_time() - cpu) / 0.5


def wait_again_and_again(over: threading.Event, late: list[float]) -> None:
    """Wait as for an answer, and note how late this thread goes on."""
    while not over.is_set():
        begun = time.perf_counter()
        time.sleep(WAIT)
        late.append(time.perf_counter() - begun - WAIT)


def processor_seconds() -> float:
    """Of this process and of those that it started and that live."""
    me, tick = os.getpid(), os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{me}/task/{me}/children").parent.parent.glob("*/children")
    pids = {pid for children_of in children for pid in children_of.read_text().split()}
    seconds = time.process_time()
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            seconds += (int(fields[11]) + int(fields[12])) / tick
    return seconds


def turns(contenders: list[tuple[str, str]], rounds: int) -> list[dict[str, list[float]]]:
    """What each contender told, by figure; the first turn of each warms it up."""
    command = [sys.executable, str(Path(__file__).resolve()), "--work"]
    workers: list[Any] = [
        subprocess.Popen([*command, *who], cwd=who[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for who in contenders
    ]
    told: list[dict[str, list[float]]] = [{} for _ in workers]
    for number in range(rounds + 1):
        for wish in (0, *RATES):
            for worker, kept in zip(workers, told, strict=True):
                print(wish, file=worker.stdin, flush=True)
                for name, value in json.loads(worker.stdout.readline()).items():
                    if number:
                        kept.setdefault(name, []).append(value)
    for worker in workers:
        worker.stdin.close()
        worker.wait()
    return told


def main(other: str | None, rounds: int) -> None:
    """Print medians with quartiles, and the ratio to the first contender of the same turns."""
    here = str(Path.cwd())
    contenders = [(RAW, here), (THREAD, here), (PROCESS, here)]
    if other:
        contenders.insert(1, (THREAD, str(Path(other).resolve())))
    names = ["raw SDK + encode", *(["there"] if other else []), "thread", "process"]
    told = turns(contenders, rounds)
    for figure in told[0]:
        print(figure)
        for name, kept in zip(names, told, strict=True):
            ratios = {
                base: [one / two for one, two in zip(kept[figure], of[figure], strict=True)]
                for base, of in zip(names, told, strict=True)
                if base in ("raw SDK + encode", "there") and base != name
            }
            said = "".join(f"   {_figure(found)} × {base}" for base, found in ratios.items())
            print(f"  {name:20}{_figure(kept[figure]):>22}{said}")


def _figure(values: list[float]) -> str:
    low, median, high = statistics.quantiles(values, n=4)
    return f"{median:.2f} ({low:.2f}–{high:.2f})"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], sys.argv[3])
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else None, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
