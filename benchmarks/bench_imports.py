"""What importing costs: milliseconds of `import` in a fresh interpreter, above an empty one."""

from __future__ import annotations

import compileall
import importlib.util
import subprocess
import sys
from pathlib import Path

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


PACKAGES = ("otel_tracking", "collectors", "opentelemetry")


def with_bytecode() -> str:
    """Have what is imported compiled, and say how it is: without `.pyc` files each import compiles it once more."""
    missing = [path for path in _sources() if not _is_compiled(path)]
    for path in missing:
        compileall.compile_file(path, quiet=2)
    left = [path for path in missing if not _is_compiled(path)]
    if left:
        return f"NOT AN HONEST FIGURE: {len(left)} modules have no .pyc and get none, {left[0]} is one"
    return f"all modules have their .pyc, {len(missing)} of them since now"


def _sources() -> list[Path]:
    found = (importlib.util.find_spec(package) for package in PACKAGES)
    folders = [Path(folder) for spec in found if spec for folder in spec.submodule_search_locations or ()]
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def _is_compiled(path: Path) -> bool:
    """Whether there is bytecode of that very source: its time and size stand in it."""
    try:
        head, found = Path(importlib.util.cache_from_source(path)).read_bytes()[:16], path.stat()
    except OSError:
        return False
    said = int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF
    is_by_time = head[4:8] == bytes(4)
    is_same = (int.from_bytes(head[8:12], "little"), int.from_bytes(head[12:16], "little")) == said
    return head[:4] == importlib.util.MAGIC_NUMBER and (is_same or not is_by_time)


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    print(with_bytecode())
    costs: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(rounds):
        for name, statement in STATEMENTS.items():
            costs[name].append(milliseconds(statement))
    for name, values in costs.items():
        print(f"import {name:32} {figure(values)}")
