"""What capture costs a backend call with a body of 10 KB: the same client with and without it, in turns.

The transports answer from memory, so that the difference is not lost in the noise of sockets.

    python -m benchmarks.bench_capture [rounds]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.figures import figure
from collectors import start_recording
from otel_tracking.scopes import BackendCall

URL = "http://model.example/api/generate"
ANSWER = json.dumps({"model": "mistral-nemo", "response": "Eine Blume. " * 60, "done": True}).encode()

PROMPT = {"model": "mistral-nemo", "prompt": "Der alte Roboter singt dem Mond. " * 310, "stream": False, "seed": 7}
GRAPH = {
    str(number): {
        "class_type": "KSampler",
        "inputs": {"seed": number * 10**9, "steps": 25, "cfg": 5.5, "model": ["4", 0], "sampler_name": "euler"},
        "_meta": {"title": f"node {number}"},
    }
    for number in range(62)
}
BODIES = {"prompt": PROMPT, "ComfyUI graph": {"prompt": GRAPH, "client_id": "b-1"}}


class Memory(httpx.BaseTransport):
    """A backend that answers at once."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, stream=_Once())


class _Once(httpx.SyncByteStream):
    def __iter__(self) -> Any:
        yield ANSWER


def pair(open_call: Callable[[], BackendCall], body: dict[str, Any], rounds: int) -> tuple[list[float], list[float]]:
    """Microseconds of one POST, plain and captured; calls are opened and closed outside of what is measured."""
    import time

    plain, captured = [], []
    client = httpx.Client(transport=Memory())
    for number in range(rounds + 20):
        with open_call() as call:
            watched = httpx.Client(transport=call.transport(Memory()))
            pairs = [(client, plain), (watched, captured)]
            for each, costs in pairs if number % 2 else pairs[::-1]:
                started = time.perf_counter_ns()
                each.post(URL, json=body)
                if number >= 20:
                    costs.append((time.perf_counter_ns() - started) / 1000)
    return plain, captured


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with start_recording() as recording, recording.tracker().execution("bench") as run, run.stage(2) as stage:
        for name, body in BODIES.items():
            plain, captured = pair(lambda: stage.backend_call("ollama"), body, rounds)
            size = len(json.dumps(body, separators=(",", ":")))
            differences = [after - before for before, after in zip(plain, captured, strict=True)]
            print(f"{name}, {size:,} bytes")
            print(f"  httpx alone      {figure(plain)}")
            print(f"  with capture     {figure(captured)}")
            print(f"  the difference   {figure(differences)}")


if __name__ == "__main__":
    main()
