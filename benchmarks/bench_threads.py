"""Which thread takes how much processor time of a run, and how often each is put to sleep or interrupted.

    python -m benchmarks.bench_threads 50              at 50 runs a second: the raw SDK, a thread, a process of its own
    python -m benchmarks.bench_threads 50 ../before    the same of another checkout

Each contender has a process of its own, one after the other. Threads of a process that was started count as one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

SECONDS = 6.0
STARTED = "process of the sink"


class Spent(NamedTuple):
    """What a thread has taken by now."""

    seconds: float = 0.0
    slept: int = 0
    interrupted: int = 0


def measure(contender: str, checkout: str, rate: int) -> None:
    """Print what each thread takes, at so many runs a second."""
    sys.path.insert(0, checkout)
    from benchmarks.bench_assembly import started

    with started(contender) as (run, settle):
        paced(run, rate, 1.0)
        settle()
        before = spent_by_thread()
        runs = paced(run, rate, SECONDS)
        settle()
        for name, now in spent_by_thread().items():
            print_thread(name, before.get(name, Spent()), now, runs)


def print_thread(name: str, before: Spent, now: Spent, runs: int) -> None:
    """A line about one thread, by run, if it did anything."""
    seconds, slept, interrupted = ((after - earlier) / runs for after, earlier in zip(now, before, strict=True))
    if seconds > 1e-6:
        print(f"  {name:32}{seconds * 1e6:7.0f} µs   asleep {slept:5.2f} ×   interrupted {interrupted:5.2f} ×")


def paced(run: Callable[[], None], rate: int, seconds: float) -> int:
    """Make runs for so long, and say how many."""
    begun, runs = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        run()
        runs += 1
        time.sleep(max(0.0, begun + runs / rate - time.perf_counter()))
    return runs


def spent_by_thread() -> dict[str, Spent]:
    """What each thread has taken by now; Linux only."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    found: dict[str, Spent] = defaultdict(Spent)
    for process in (os.getpid(), *children()):
        for task in Path(f"/proc/{process}/task").iterdir():
            name = STARTED if process != os.getpid() else names.get(int(task.name), "others")
            found[name] = Spent(*(one + more for one, more in zip(found[name], spent_by(task), strict=True)))
    return found


def spent_by(task: Path) -> Spent:
    """What one thread has taken by now."""
    told = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
    seconds = int((task / "schedstat").read_text().split()[0]) / 1e9
    return Spent(seconds, int(told["voluntary_ctxt_switches"]), int(told["nonvoluntary_ctxt_switches"]))


def children() -> Iterator[int]:
    """The processes that this one has started."""
    for task in Path("/proc/self/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def main(rate: str, checkout: str) -> None:
    """Measure one contender after the other."""
    for contender in ("raw", "thread", "process"):
        print(f"{contender}, {rate} runs/s", flush=True)
        command = [sys.executable, str(Path(__file__).resolve()), "--work", contender, checkout, rate]
        subprocess.run(command, check=True, cwd=checkout)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        measure(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else "50", str(Path(sys.argv[2] if len(sys.argv) > 2 else ".").resolve()))
