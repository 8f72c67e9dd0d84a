"""What capture costs a backend call: the same client with and without it, in turns.

First bodies of 10 KB, plain ones and such as need a closer look, then streamed answers of growing size, whose cost must
not grow faster than their bytes: one line with a picture in it, and the words of a long text. The transports answer
from memory, so that the difference is not lost in the noise of sockets. What is counted is the processor time of the
pipeline's thread, which other work disturbs least.

    python -m benchmarks.bench_capture [rounds]
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import sys
import time
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
BODIES: dict[str, dict[str, Any]] = {"prompt": PROMPT, "ComfyUI graph": {"prompt": GRAPH, "client_id": "b-1"}}
CLOSER: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "prompt, a key in a header": (PROMPT, {"authorization": "Bearer 0123456789abcdef"}),
    "prompt that tells of secrets": ({**PROMPT, "prompt": "a secret garden, a classic. " + str(PROMPT["prompt"])}, {}),
    "prompt, a key in the body": ({**PROMPT, "api_key": "0123456789abcdef"}, {}),
    "graph, a key in a node": ({"prompt": {**GRAPH, "99": {"inputs": {"api_key": "0123456789abcdef"}}}}, {}),
}
"""Bodies beside a secret that is known, with words of secrets, and with secrets."""


class Memory(httpx.BaseTransport):
    """A backend that answers at once."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, stream=_Once())


class _Once(httpx.SyncByteStream):
    def __iter__(self) -> Any:
        yield ANSWER


CHUNK = 16_384
"""Bytes that a socket gives at a time."""


class Streaming(httpx.BaseTransport):
    """A backend that streams the same events to everybody."""

    def __init__(self, events: bytes) -> None:
        self._events = events

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Chunks(self._events))


class _Chunks(httpx.SyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Any:
        for start in range(0, len(self._data), CHUNK):
            yield self._data[start : start + CHUNK]


def a_picture(megabytes: int) -> bytes:
    """One event with so much base64 in one line."""
    url = b"data:image/png;base64," + base64.b64encode(os.urandom(megabytes * 750_000))
    return b'data: {"choices":[{"index":0,"delta":{"images":[{"image_url":{"url":"' + url + b'"}}]}}]}\n\n' + DONE


def words(thousands: int) -> bytes:
    """So many thousand events with a word each."""
    event = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": " Blume"}}]}
    return (b"data: " + json.dumps(event).encode() + b"\n\n") * (1000 * thousands) + DONE


DONE = b"data: [DONE]\n\n"
STREAMS = {"MB in one line": (a_picture, (3, 6, 12, 24)), "thousand words": (words, (1, 2, 4, 8))}


def pair(
    open_call: Callable[[], BackendCall], body: dict[str, Any], headers: dict[str, str], rounds: int
) -> tuple[list[float], list[float]]:
    """Microseconds of one POST, plain and captured; calls are opened and closed outside of what is measured."""
    return in_turns(
        open_call, Memory(), lambda client: client.post(URL, json=body, headers=headers), rounds, warm_up=20
    )


def in_turns(
    open_call: Callable[[], BackendCall],
    transport: httpx.BaseTransport,
    ask: Callable[[httpx.Client], object],
    rounds: int,
    warm_up: int = 1,
) -> tuple[list[float], list[float]]:
    """Microseconds of one question, plain and captured."""
    plain: list[float] = []
    captured: list[float] = []
    client = httpx.Client(transport=transport)
    for number in range(rounds + warm_up):
        with open_call() as call:
            watched = httpx.Client(transport=call.transport(transport))
            pairs = [(client, plain), (watched, captured)]
            for each, costs in pairs if number % 2 else pairs[::-1]:
                started = time.thread_time_ns()
                ask(each)
                if number >= warm_up:
                    costs.append((time.thread_time_ns() - started) / 1000)
    return plain, captured


def read_in_chunks(client: httpx.Client) -> None:
    """Read an answer as a caller does who keeps nothing of it."""
    with client.stream("POST", URL, json=PROMPT) as answer:
        for _ in answer.iter_raw():
            pass


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with start_recording() as recording, recording.tracker().execution("bench") as run, run.stage(2) as stage:
        for name, (body, headers) in {**{name: (body, {}) for name, body in BODIES.items()}, **CLOSER}.items():
            plain, captured = pair(lambda: stage.backend_call("ollama"), body, headers, rounds)
            size = len(json.dumps(body, separators=(",", ":")))
            differences = [after - before for before, after in zip(plain, captured, strict=True)]
            print(f"{name}, {size:,} bytes")
            print(f"  httpx alone      {figure(plain)}")
            print(f"  with capture     {figure(captured)}")
            print(f"  the difference   {figure(differences)}")
            ratios = [after / before for before, after in zip(plain, captured, strict=True)]
            low, median, high = statistics.quantiles(ratios, n=4)
            print(f"  the ratio        {median:9.2f}     ({low:.2f} … {high:.2f})")
        for name, (make, sizes) in STREAMS.items():
            print(f"streamed, {name}")
            for size in sizes:
                transport = Streaming(make(size))
                plain, captured = in_turns(lambda: stage.backend_call("ollama"), transport, read_in_chunks, 5)
                milliseconds = statistics.median(captured) / 1000 - statistics.median(plain) / 1000
                print(f"  {size:>3}  {milliseconds:8.1f} ms more, {milliseconds / size:6.2f} ms for each")


if __name__ == "__main__":
    main()
