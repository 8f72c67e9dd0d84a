"""Real HTTP servers on the loopback that keep every byte they receive and answer by script."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Received(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return {key.lower(): value for key, value in self.headers}.get(name)


class Reply(NamedTuple):
    """An answer: its body whole, or in chunks that leave one by one; `gate` is waited for before the first byte."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"{}"
    chunks: Iterable[bytes] | None = None
    gate: threading.Event | None = None
    breaks_off: bool = False


def json_reply(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """An answer in JSON."""
    return Reply(status, (("content-type", "application/json"), *headers), json.dumps(value).encode())


class Backend:
    """A server under way: its `url`, and what it `received`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[Received] = []
        self.answer: Callable[[Received], Reply] = lambda request: json_reply({"ok": True})

    def replies(self, *replies: Reply) -> None:
        """Answer with these, one after the other, the last again and again."""
        waiting = list(replies)
        self.answer = lambda request: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    @property
    def last(self) -> Received:
        return self.received[-1]


@contextmanager
def a_backend() -> Iterator[Backend]:
    """A server for the duration of a block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    backend = server.backend = Backend(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield backend
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        backend: Backend = self.server.backend  # type: ignore[attr-defined]
        request = Received(self.command, self.path, list(self.headers.items()), self._body())
        backend.received.append(request)
        with suppress(OSError):  # a client that went away
            self._reply(backend.answer(request))

    do_GET = do_POST = do_PUT = do_HEAD = _serve

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _reply(self, reply: Reply) -> None:
        if reply.gate is not None:
            reply.gate.wait()
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.chunks is None:
            self.send_header("content-length", str(len(reply.body) + 100 * reply.breaks_off))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else reply.body)
        else:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for chunk in reply.chunks:
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection |= reply.breaks_off

    def log_message(self, format: str, *args: Any) -> None:
        pass
