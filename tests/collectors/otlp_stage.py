"""A server on the loopback that takes traces as its script says, and remembers them."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class TraceServer(ThreadingHTTPServer):
    """Answers with `statuses`, one a request, and then with 200; `gate` holds answers back while it is cleared."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, statuses: Sequence[int] = ()) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.gate = threading.Event()
        self.gate.set()
        self.asked, self.taken = threading.Event(), threading.Event()
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def requests(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.bodies]

    def spans(self) -> list[Any]:
        """All spans that came, with their attributes and events as dicts."""
        return [
            {
                "name": span.name,
                "attributes": attributes_of(span),
                "events": {event.name: attributes_of(event) for event in span.events},
                "status": span.status.message,
            }
            for request in self.requests()
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    server: TraceServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.set()
        self.server.gate.wait(30)
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.headers.append({**dict(self.headers), "path": self.path})
            zipped = self.headers.get("Content-Encoding") == "gzip"
            self.server.bodies.append(gzip.decompress(body) if zipped else body)
            self.server.taken.set()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def trace_server(statuses: Sequence[int] = ()) -> Iterator[TraceServer]:
    server = TraceServer(statuses)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


def attributes_of(owner: Any) -> dict[str, Any]:
    found = {}
    for attribute in owner.attributes:
        kind = attribute.value.WhichOneof("value")
        found[attribute.key] = getattr(attribute.value, kind) if kind else None
    return found


def text_of(server: TraceServer) -> str:
    """Everything that was sent, as one text to search for what must not be in it."""
    return json.dumps([str(request) for request in server.requests()], ensure_ascii=False)
