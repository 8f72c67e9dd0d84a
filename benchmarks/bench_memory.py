"""Peak memory of 1,000 runs of workload A, each way of tracing in a process of its own: megabytes above an idle one."""

from __future__ import annotations

import resource
import subprocess
import sys

from benchmarks.figures import figure

WAYS = ("idle", "raw SDK", "ours")


def measure(way: str, runs: int) -> None:
    """Do the runs and print the peak resident size in KB."""
    from benchmarks import workloads
    from benchmarks.contenders import ForgetfulSink, LastSpans, raw_provider
    from collectors import start_recording

    spans = LastSpans()
    tracer = raw_provider(spans).get_tracer("raw")
    with start_recording([ForgetfulSink()]) as recording:
        tracker = recording.tracker()
        for number in range(runs if way != "idle" else 0):
            if way == "raw SDK":
                workloads.raw(tracer, calls=False)
                spans.spans.clear()
            else:
                workloads.ours(tracker, calls=False)
                if number % 10 == 9:
                    recording.flush(timeout=30)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main(rounds: int, runs: int) -> None:
    """Print medians; each process starts afresh."""
    peaks: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            command = [sys.executable, "-m", "benchmarks.bench_memory", "measure", way, str(runs)]
            peaks[way].append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    idle = figure(peaks["idle"]).median
    for way in WAYS:
        peak = figure(peaks[way]).median
        print(f"peak memory, {runs} runs, {way:8} {peak / 1024:8.1f} MB  ({(peak - idle) / 1024:+.1f} MB)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        main(rounds=3, runs=int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
