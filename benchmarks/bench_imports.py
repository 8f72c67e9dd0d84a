"""What importing costs: milliseconds of `import` in a fresh interpreter, above an empty one."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.figures import figure

STATEMENTS = {
    "opentelemetry API alone": "import opentelemetry.trace",
    "otel_tracking": "from otel_tracking import ExecutionTracker",
    "otel_tracking and collectors": "from otel_tracking import ExecutionTracker; import collectors",
    "OpenTelemetry SDK with OTLP": "import opentelemetry.sdk.trace; "
    "import opentelemetry.exporter.otlp.proto.http.trace_exporter",
}
CLOCK = "import time; started = time.perf_counter(); {}; print((time.perf_counter() - started) * 1e6)"


def milliseconds(statement: str) -> float:
    """Microseconds that one import took, in an interpreter of its own."""
    command = [sys.executable, "-c", CLOCK.format(statement)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    costs: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(rounds):
        for name, statement in STATEMENTS.items():
            costs[name].append(milliseconds(statement))
    for name, values in costs.items():
        print(f"import {name:32} {figure(values)}")
