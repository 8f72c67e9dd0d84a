"""What exports over HTTP take of the server's memory: large prompts in every format, one after another.

    python -m benchmarks.bench_exports_over_http            half a minute

Documents are made in processes beside the server. What is printed is the memory of the server (and of the client in
the same process) before the first and after each: it comes back.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / folder) for folder in ("", "web")]

SIZES = (20_000, 1_000_000, 20_000_000)
FORMATS = ("json", "html", "pdf", "docx")


def main() -> None:
    """Store a run for each size, export it in each format, and print what the server holds."""
    from web_stage import devserver_in, server_of

    with tempfile.TemporaryDirectory() as data_dir, devserver_in(data_dir) as devserver:
        runs = [_store(Path(data_dir), number, size) for number, size in enumerate(SIZES)]
        with server_of(devserver) as client:
            print(f"before: {_memory()} MB")
            for size, run in zip(SIZES, runs, strict=True):
                for name in FORMATS:
                    started = time.perf_counter()
                    answer = client.get(f"/api/runs/{run}/export/{name}", timeout=200)
                    took = time.perf_counter() - started
                    print(f"{size:>10,} characters {name:5} {answer.status_code} {took:5.1f} s   then {_memory()} MB")


def _store(data_dir: Path, number: int, size: int) -> str:
    from builders import a_record, an_item

    from exporters import ParquetSink
    from otel_tracking import ItemType

    prompt = an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Blume " * (size // 6))
    name = f"exec_20261123_120000_0e3a056{number}"
    ParquetSink(data_dir).write(
        a_record(execution_id=name, trace_id=f"0e3a056{number}".ljust(32, "0"), items=[prompt], safety_level="kids")
    )
    return name


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 2**20


if __name__ == "__main__":
    main()
