"""A gateway for tests: a real HTTP server that remembers what it took, and answers as it is told."""

from __future__ import annotations

import gzip
import threading
from collections import deque
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

Reply = tuple[int, dict[str, str], bytes]
TAKEN: Reply = (200, {}, b"")


def partly(spans: int) -> Reply:
    """Taken, but for some spans."""
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = spans
    return 200, {}, answer.SerializeToString()


class Gateway:
    """Answers with what is in `replies`, and with 200 when that is used up."""

    def __init__(self, port: int = 0) -> None:
        self.bodies: list[bytes] = []
        self.asked: list[dict[str, str]] = []
        self.replies: deque[Reply] = deque()
        self.changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}/v1/traces"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, headers: dict[str, str], body: bytes) -> Reply:
        """Answer a request, and remember it."""
        with self.changed:
            reply = self.replies.popleft() if self.replies else TAKEN
            self.asked.append(headers)
            if reply == TAKEN:
                self.bodies.append(body)
            self.changed.notify_all()
            return reply

    def wait(self, is_so: Callable[[], bool], timeout: float = 60) -> bool:
        """Wait until something is so."""
        with self.changed:
            return self.changed.wait_for(is_so, timeout)

    def close(self) -> None:
        """Go away."""
        self._server.shutdown()
        self._server.server_close()


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, content = gateway.take({"path": self.path, **dict(self.headers)}, body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def a_gateway(*replies: Reply, port: int = 0):
    """A gateway that is there for the length of the block."""
    gateway = Gateway(port)
    gateway.replies.extend(replies)
    try:
        yield gateway
    finally:
        gateway.close()
