"""Many bad clients in a process of their own: they come, stay, dawdle, and come again as soon as they are dropped.

    python tests/attackers.py 127.0.0.1 17801 500 silent half_head …

prints `here` when all of them have been connected at the same time or dropped once, and goes on until it is killed.
"""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

_POST = b"POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n"
_GET = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

KINDS = {
    "silent": (b"", b""),
    "half_head": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-", b""),
    "trickling_head": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X-A: b\r\n"),
    "half_body": (_POST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1000, b""),
    "trickling_body": (_POST + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "endless_chunks": (_POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "slow_reader": (_GET % b"/static/page.css" * 8, b""),
    "slow_watcher": (_GET % b"/api/runs/%s/live", b""),
}
"""What each sends at once, and what again and again."""

EVERY = 0.2
PROGRAM = Path(__file__)


@contextmanager
def attackers(address: str, count: int, *kinds: str, run: str = "none"):
    """`count` of them at that address while the block lasts, of each kind as many."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), host, port, str(count), run, *kinds], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "here\n"
        yield process
        assert process.poll() is None, "the attackers gave up"
    finally:
        process.kill()
        process.communicate()


class Attackers:
    """Sockets by what they do."""

    def __init__(self, host: str, port: int, count: int, run: str, kinds: list[str]) -> None:
        self._place, self._run = (host, port), run.encode()
        self._selector = selectors.DefaultSelector()
        self._more: dict[socket.socket, bytes] = {}
        for number in range(count):
            self._open(kinds[number % len(kinds)])

    def work(self) -> None:
        """Dawdle for good."""
        while True:
            for key, _ in self._selector.select(EVERY):
                self._hear(key.fileobj, key.data)
            for client, more in list(self._more.items()):
                with contextlib.suppress(OSError):
                    client.send(more)

    def _open(self, kind: str) -> None:
        first, more = KINDS[kind]
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(30)
        try:
            client.connect(self._place)
            client.sendall(first % self._run if kind == "slow_watcher" else first)
        except OSError:
            client.close()
            return
        client.setblocking(False)
        # Those who read nothing do not hear that they were dropped either.
        if not kind.startswith("slow"):
            self._selector.register(client, selectors.EVENT_READ, kind)
        else:
            self._more[client] = b""
        if more:
            self._more[client] = more

    def _hear(self, client: socket.socket, kind: str) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                if client.recv(65536):
                    return
            except ConnectionError:
                pass
            self._selector.unregister(client)
            self._more.pop(client, None)
            client.close()
            time.sleep(0.001)  # a loop of accepted and dropped is another attack
            self._open(kind)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096) if hard > 0 else 4096, hard))
    os.nice(5)
    crowd = Attackers(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5:])
    print("here", flush=True)
    crowd.work()
