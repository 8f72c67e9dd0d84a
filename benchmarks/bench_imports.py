"""What importing costs: milliseconds of `import` in a fresh interpreter, above an empty one."""

from __future__ import annotations

import os
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


WITHOUT_BYTECODE = """{}
import os, sys
found = {{module.__cached__ for module in sys.modules.values() if getattr(module, "__cached__", None)}}
print(len(found), sum(not os.path.exists(path) for path in found))
"""


def with_bytecode() -> str:
    """Import all of it once, which writes `.pyc` files, and say whether they are there: else each import compiles."""
    # Some who run this may have told Python to write none.
    writes = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(2):
        command = [sys.executable, "-c", WITHOUT_BYTECODE.format("; ".join(STATEMENTS.values()))]
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=writes).stdout
    modules, missing = map(int, said.split())
    if missing:
        return f"NO HONEST FIGURES: {missing} of {modules} modules have no .pyc, and each import compiles them"
    return f"all {modules} modules that are imported have their .pyc"


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    print(with_bytecode())
    costs: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(rounds):
        for name, statement in STATEMENTS.items():
            costs[name].append(milliseconds(statement))
    for name, values in costs.items():
        print(f"import {name:32} {figure(values)}")
