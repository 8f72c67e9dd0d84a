"""An HTTP server on a thread that keeps each request byte for byte and does what its script says."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.ports import a_kept_port

JSON = "application/json"
_KEPT = ExitStack()


@dataclass(frozen=True)
class Received:
    """One request as it arrived: `raw` is every byte of it, head and body."""

    raw: bytes
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What is answered: one body, or pieces that are sent one after the other (chunked)."""

    body: bytes = b""
    status: int = 200
    content_type: str = JSON
    pieces: tuple[bytes, ...] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fails:
    """An answer with a status of failure, in the words of `body`."""

    status: int = 500
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BreaksOff:
    """The connection ends after so many pieces of the answer; with `error` a last piece says so instead."""

    after: int = 1
    error: str | None = None


@dataclass(frozen=True)
class Stalls:
    """The answer waits, after so many pieces, until the test releases it; `reached` is set when it begins to wait."""

    after: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class ModelServer:
    """`with ModelServer() as server: … server.url …`; call number n (1 up) fails as `failures[n]` says."""

    def __init__(self, *, failures: Mapping[int, Any] | None = None) -> None:
        self.failures = dict(failures or {})
        self.received: list[Received] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def bodies(self) -> list[bytes]:
        return [request.body for request in self.received]

    def __enter__(self) -> Any:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for failure in self.failures.values():
            if isinstance(failure, Stalls):
                failure.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, request: Received) -> Any:
        """Keep a request; how it is to fail, or None."""
        with self._lock:
            self.received.append(request)
            return self.failures.get(len(self.received))

    def reply(self, request: Received) -> Reply:
        raise NotImplementedError

    def error_body(self, words: str) -> bytes:
        raise NotImplementedError

    def error_piece(self, words: str) -> bytes:
        raise NotImplementedError


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    owner: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what tests want."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.rfile = _Copying(self.rfile)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test has its own eyes."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Received(self.rfile.take(), self.command, self.path, headers, body)
        owner = self.server.owner
        failure = owner.take(request)
        if isinstance(failure, Fails):
            body = owner.error_body("scripted failure") if failure.body is None else failure.body
            self._send(Reply(body, failure.status, headers=failure.headers), None)
        else:
            self._send(owner.reply(request), failure)

    def _send(self, reply: Reply, failure: BreaksOff | Stalls | None) -> None:
        pieces = (reply.body,) if reply.pieces is None else reply.pieces
        if isinstance(failure, Stalls) and failure.after == 0:
            self._stall(failure)
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.pieces is None:
            self.send_header("Content-Length", str(len(reply.body)))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, piece in enumerate(pieces):
            if isinstance(failure, Stalls) and 0 < failure.after == number:
                self._stall(failure)
            if isinstance(failure, BreaksOff) and failure.after == number:
                if failure.error is None:
                    return self._hang_up()
                self._write(self.server.owner.error_piece(failure.error), reply.pieces is not None)
                break
            self._write(piece, reply.pieces is not None)
        if reply.pieces is not None:
            self.wfile.write(b"0\r\n\r\n")

    def _write(self, piece: bytes, chunked: bool) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        self.wfile.flush()

    def _stall(self, failure: Stalls) -> None:
        failure.reached.set()
        failure.released.wait(60)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class _Copying:
    """A reader that remembers what was read."""

    def __init__(self, reader: Any) -> None:
        self._reader, self._copy = reader, bytearray()

    def take(self) -> bytes:
        taken, self._copy = bytes(self._copy), bytearray()
        return taken

    def read(self, size: int = -1) -> bytes:
        return self._keep(self._reader.read(size))

    def readline(self, size: int = -1) -> bytes:
        return self._keep(self._reader.readline(size))

    def _keep(self, data: bytes) -> bytes:
        self._copy += data
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


def a_closed_address() -> str:
    """An address of this machine that nobody listens at, as long as this process lives."""
    return f"http://127.0.0.1:{_KEPT.enter_context(a_kept_port())}"
