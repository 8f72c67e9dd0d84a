"""What `capture.install()` costs clients outside of any run: the wrapped method beside the plain one, in turns.

    python -m benchmarks.bench_install [rounds]

Each client's method is a stub that does nothing, so that what is measured is what wrapping adds to a request. The floor
is 2 µs.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from otel_tracking import capture

CALLS = 20_000


class Method(NamedTuple):
    """A method that is wrapped: where it is, and how it is called."""

    name: str
    module: str
    path: str
    call: Callable[[Any], object]
    is_async: bool = False


METHODS = (
    Method("httpx", "httpx", "HTTPTransport.handle_request", lambda send: send(None, None)),
    Method("httpx, async", "httpx", "AsyncHTTPTransport.handle_async_request", lambda send: send(None, None), True),
    Method("requests", "requests.adapters", "HTTPAdapter.send", lambda send: send(None, None)),
    Method("urllib3", "urllib3.connectionpool", "HTTPConnectionPool.urlopen", lambda send: send(None, "GET", "/")),
    Method("urllib", "urllib.request", "AbstractHTTPHandler.do_open", lambda send: send(None, None, None)),
    Method("aiohttp", "aiohttp.client", "ClientSession._request", lambda send: send(None, "GET", "/"), True),
    Method("websockets", "websockets.sync.client", "ClientConnection.send", lambda send: send(None, "a")),
    Method("a connection", "socket", "socket.connect", lambda send: send(None, None)),
    Method("a thread", "threading", "Thread.start", lambda send: send(_AnyThread)),
)


class _Anything:
    def run(self) -> None:
        pass


_AnyThread = _Anything()


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


async def _nothing_async(*args: Any, **kwargs: Any) -> None:
    return None


def seconds_of(method: Method, send: Any) -> float:
    """Seconds of one call."""
    call = method.call
    if method.is_async:
        return asyncio.run(_seconds_of_awaiting(call, send))
    begun = time.perf_counter()
    for _ in range(CALLS):
        call(send)
    return (time.perf_counter() - begun) / CALLS


async def _seconds_of_awaiting(call: Any, send: Any) -> float:
    begun = time.perf_counter()
    for _ in range(CALLS):
        await call(send)
    return (time.perf_counter() - begun) / CALLS


def measure(method: Method, rounds: int) -> list[float]:
    """What wrapping added in each round, in µs a request."""
    owner_name, _, name = method.path.rpartition(".")
    owner = getattr(importlib.import_module(method.module), owner_name)
    was_there, original = name in vars(owner), vars(owner).get(name)
    stub = _nothing_async if method.is_async else _nothing
    setattr(owner, name, stub)
    try:
        capture.install()
        wrapped = vars(owner)[name]
        assert wrapped is not stub
        return [(seconds_of(method, wrapped) - seconds_of(method, stub)) * 1e6 for _ in range(rounds)]
    finally:
        capture.uninstall()
        setattr(owner, name, original) if was_there else delattr(owner, name)


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    assert concurrent.futures.ThreadPoolExecutor  # its module is wrapped with the others
    print("| client | added to a request outside of a run, µs: median | least | most |\n|---|---|---|---|")
    for method in METHODS:
        added = measure(method, rounds)
        print(f"| {method.name} | {statistics.median(added):.2f} | {min(added):.2f} | {max(added):.2f} |", flush=True)


if __name__ == "__main__":
    main()
