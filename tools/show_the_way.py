"""Show the way of one item to Parquet and of one HTTP body to the PDF: every module of ours that they pass.

    python tools/show_the_way.py             stretch by stretch, in the order in which modules are first entered
    python tools/show_the_way.py --counts    only how many

Each way is walked once before: what is done the first time only is not in it. Another checkout is walked from its root.
"""

from __future__ import annotations

import argparse
import http.server
import json
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path.cwd()
PACKAGES = ("otel_tracking", "collectors", "exporters")
sys.path.insert(0, str(ROOT))


class Walker:
    """Notes which modules are entered, in every thread that begins after it."""

    def __init__(self) -> None:
        self.stretches: dict[str, dict[str, None]] = {}
        self._now: dict[str, None] | None = None
        threading.setprofile(self._look)
        sys.setprofile(self._look)

    @contextmanager
    def stretch(self, name: str) -> Iterator[None]:
        """What is entered meanwhile belongs to that stretch of the way."""
        self._now = self.stretches[name] = {}
        try:
            yield
        finally:
            self._now = None

    def _look(self, frame: FrameType, event: str, _: Any) -> None:
        now = self._now
        if now is not None and event == "call" and (name := module_of(frame.f_code.co_filename)):
            now.setdefault(name)


def module_of(filename: str) -> str:
    """The module of ours in that file; empty for another's."""
    path = filename.removeprefix(f"{ROOT}/")
    return path.removesuffix(".py").removesuffix("/__init__") if path.split("/")[0] in PACKAGES else ""


class Echo(http.server.BaseHTTPRequestHandler):
    """A model server that gives one answer."""

    def do_POST(self) -> None:
        """Answer as Ollama does."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"model": "m", "response": "Une fleur", "done": True}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def walk(walker: Walker, url: str, data: Path) -> None:
    """Both ways once, into a store of their own."""
    import httpx

    from collectors import start_recording
    from exporters import FORMATS, ParquetSink, read_records

    with start_recording([ParquetSink(data)], recover_dead_runs=False) as recording:
        tracker = recording.tracker()
        with tracker.execution("one_item") as run, run.stage(2) as stage:
            with walker.stretch("item: logged, on the pipeline's thread"):
                stage.item("interception_final", content="Eine Blume", metadata={"hops": 8})
            end_of_item = walker.stretch("item: from the run's end to Parquet")
            end_of_item.__enter__()
        recording.flush(30)
        end_of_item.__exit__(None, None, None)

        with tracker.execution("one_body") as run, run.stage(2) as stage:
            with stage.backend_call("ollama", model="m", configured={"seed": 7}) as call:
                client = httpx.Client(transport=call.transport(), trust_env=False)
                with walker.stretch("body: sent and answered, on the pipeline's thread"):
                    client.post(f"{url}/api/generate", json={"model": "m", "prompt": "Eine Blume", "stream": False})
                client.close()
            end_of_body = walker.stretch("body: from the run's end to Parquet")
            end_of_body.__enter__()
        recording.flush(30)
        end_of_body.__exit__(None, None, None)
    with walker.stretch("body: read back"):
        record = next(record for record in read_records(data) if record.config_name == "one_body")
    with walker.stretch("body: told in the PDF"):
        FORMATS["pdf"].render(record)


def main() -> None:
    """Walk twice and tell the second time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", action="store_true", help="only how many modules each stretch has")
    counts = parser.parse_args().counts
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    walker = Walker()
    for _ in range(2):
        with tempfile.TemporaryDirectory() as data:
            walk(walker, f"http://127.0.0.1:{server.server_port}", Path(data))
    sys.setprofile(None)
    threading.setprofile(None)
    for name, modules in walker.stretches.items():
        print(f"{name}: {len(modules)}")
        if not counts:
            print("".join(f"    {module}\n" for module in modules))
    for way in ("item", "body"):
        passed = {module for name, of in walker.stretches.items() if name.startswith(way) for module in of}
        print(f"{way}, the whole way: {len(passed)} modules")


if __name__ == "__main__":
    main()
