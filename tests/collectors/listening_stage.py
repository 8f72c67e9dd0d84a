"""A small application on a real socket, with limits that a test chooses, and clients that do not behave."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

from collectors.listening import Head, Leave, Limits
from collectors.listening.server import listening

TOKEN = "Bearer friend"
PATIENCE = 30


class Application:
    """Answers with what it was sent. `/wait` is answered when `go` is set, `/large` with many bytes."""

    def __init__(self):
        self.go, self.asked = threading.Event(), threading.Semaphore(0)
        self.large = b"x" * 8 * 2**20

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        self.asked.release()
        if path == "/wait":
            assert self.go.wait(PATIENCE)
        if path == "/drip":
            start_response("200 OK", [("Content-Type", "text/event-stream")])
            return self._drip()
        body = self.large if path == "/large" else environ["wsgi.input"].read()
        is_known = environ.get("HTTP_AUTHORIZATION") == TOKEN
        too_much = int(environ.get("CONTENT_LENGTH") or 0) > 1000
        status = "401 Unauthorized" if not is_known else "413 Content Too Large" if too_much else "200 OK"
        start_response(status, [("Content-Length", str(len(body)))])
        return [body]

    def _drip(self):
        yield b"first"
        assert self.go.wait(PATIENCE)
        yield b"last"


def gate(head: Head) -> Leave:
    """Friends may send 1000 bytes; to `/sink` a million."""
    if head.header("Authorization") != TOKEN:
        return Leave(False, 0)
    return Leave(True, 10**6 if head.path == "/sink" else 1000)


@contextmanager
def listening_with(application=None, threads=4, **limits):
    """The address of a server with these limits, as a socket wants it."""
    application = application or Application()
    server = listening(
        application,
        "127.0.0.1",
        0,
        gate=gate,
        limits=Limits(**limits),
        threads=threads,
        name="test",
        end_seconds=PATIENCE,
    )
    with server as address:
        yield "127.0.0.1", int(address.rpartition(":")[2])


class Client:
    """A socket that sends what it is told and reads what comes."""

    def __init__(self, place, *sent, source="127.0.0.1"):
        self.socket = socket.create_connection(place, timeout=PATIENCE, source_address=(source, 0))
        self.send(*sent)

    def send(self, *pieces):
        for piece in pieces:
            self.socket.sendall(piece)

    def line(self):
        """The first line that comes; empty where the connection was closed without one."""
        return self.until(b"\r\n").partition(b"\r\n")[0].decode()

    def until(self, mark):
        """What comes up to a mark, or to the end."""
        came = b""
        try:
            while mark not in came:
                piece = self.socket.recv(65536)
                if not piece:
                    break
                came += piece
        except ConnectionError:
            pass
        return came

    def all(self):
        """What comes until the connection is closed."""
        return self.until(b"there is no such mark")


def request(path="/", *, method="GET", body=None, known=True, **headers):
    """A request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"Authorization: {TOKEN}"] if known else []
    lines += [f"Content-Length: {len(body)}"] if body is not None else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
