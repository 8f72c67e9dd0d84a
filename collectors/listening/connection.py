"""One connection: what it is waiting for, since when, and whether that is too long."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from functools import partial
from typing import Any, Protocol

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel

from collectors.listening.gate import Gate, Memory
from collectors.listening.limits import Limits
from collectors.listening.places import Places, network_of
from collectors.listening.request import GuardedRequest

MOST_DISCARDED = 32 * 2**20
"""Bytes of a body that was not let in that are read and thrown away, so that its sender reads the answer."""

DISCARD_BYTES = 2**16
SLOW_SECONDS = 2.0

_NO_LINGERING = struct.pack("ii", 1, 0)

MOST_PIPELINED = 8
"""Requests that are sent without waiting for answers. No browser does that at all."""


class House(Protocol):
    """What a connection asks of its server."""

    gate: Gate
    limits: Limits
    memory: Memory
    places: Places

    def make_room(self, needing: Connection) -> bool:
        """Whether another body that is coming in could be let go."""


class Connection(HTTPChannel):
    """Waitress's channel, with a sense of time. All but `service` and `write_soon` is called on the server's loop."""

    def __init__(self, server: Any, sock: socket.socket, addr: Any, adj: Adjustments, map: Any = None) -> None:
        self._server: House = server
        self.network = network_of(str(addr[0]))
        self.is_known = False
        self._limits: Limits = server.limits
        self.arrived = self.turned = time.monotonic()
        self._sent = self._sent_before = 0
        self._behind_since: float | None = None
        self._lingers_until: float | None = None
        self._discarded = 0
        self._leaves_unread = self._has_asked = self._is_served = False
        self._client = sock
        self._has_place = True
        new_request: Any = partial(
            GuardedRequest, gate=server.gate, hold=self._hold, give=server.memory.give, tell=self._hear
        )
        self.parser_class = new_request
        server.places.add(self.network)
        super().__init__(server, sock, addr, adj, map=map)

    @property
    def is_busy(self) -> bool:
        """Whether it is being answered. Those we know are from when they asked until they have fetched the answer.

        Who has not fetched it for long does not count: slow readers would keep newcomers out.
        """
        if self._is_served or not self.is_known:
            return self._is_served
        return bool(self.requests) or (
            bool(self.total_outbufs_len) and self.behind_for(time.monotonic()) < SLOW_SECONDS
        )

    @property
    def is_asking(self) -> bool:
        """Whether a part of a request has come."""
        return self.request is not None

    def behind_for(self, now: float) -> float:
        """For how many seconds there have been bytes of answers that its reader has not fetched."""
        return now - self._behind_since if self._behind_since is not None else 0.0

    def is_overdue(self, now: float) -> bool:
        """Whether it has taken longer for what it does than it may."""
        limits = self._limits
        if self._lingers_until is not None:
            return now > self._lingers_until
        if self.total_outbufs_len:
            return self._is_behind(now)
        self._behind_since = None
        if self.requests:
            return False
        request: Any = self.request
        if request is None:
            return now > self.turned + (limits.idle_seconds if self._has_asked else limits.head_seconds)
        if not request.headers_finished:
            return now > self.turned + limits.head_seconds
        return now > self.turned + limits.body_seconds + self.body_bytes / limits.slowest

    def _is_behind(self, now: float) -> bool:
        if self._behind_since is None:
            self._behind_since, self._sent_before = now, self._sent
        fetched = self._sent - self._sent_before
        return now > self._behind_since + self._limits.answer_seconds + fetched / self._limits.slowest

    def drop(self) -> None:
        """Close it at once. What has not been fetched goes too: the kernel would keep it for minutes."""
        if self.total_outbufs_len:
            with contextlib.suppress(OSError):
                self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self.handle_close()

    # What waitress calls

    def readable(self) -> bool:
        """Whether anything is wanted from it."""
        return self._lingers_until is not None or super().readable()

    def handle_read(self) -> None:
        """Take what came; of a body that was not let in, throw it away."""
        if self._lingers_until is None:
            super().handle_read()
            return
        try:
            came = len(self.recv(DISCARD_BYTES))
        except OSError:
            came = 0
        self._discarded += came
        if not came or self._discarded > MOST_DISCARDED:
            self.handle_close()

    def received(self, data: bytes) -> bool:
        """Read requests out of what came."""
        earlier: Any = self.request
        was_reading = earlier is not None and earlier.headers_finished
        taken = super().received(data)
        request: Any = self.request
        if request is not earlier or was_reading != (request is not None and request.headers_finished):
            self.turned = time.monotonic()
        if len(self.requests) > MOST_PIPELINED:
            self.handle_close()
        return taken

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what can be sent at once."""
        sent = super().send(data, do_close)
        self._sent += sent
        return sent

    def handle_write(self) -> None:
        """Send, and close what has been answered; who still sends is let read the answer first."""
        if not (self.close_when_flushed and self._leaves_unread and not self.will_close):
            super().handle_write()
            return
        waitress: Any = self  # what the stubs leave out
        waitress._flush_exception(waitress._flush_some)
        if self.will_close:
            self.handle_close()
        elif not self.total_outbufs_len:
            self._linger()

    def service(self) -> None:
        """Answer a request, on a thread of its own."""
        self._is_served = True
        super().service()
        self._is_served = False
        self.turned = time.monotonic()

    def handle_close(self) -> None:
        """Close it, and let go of what it had sent so far."""
        if self.request is not None:
            self.request.close()
            self.request = None
        super().handle_close()

    def del_channel(self, map: Any = None) -> None:
        """Give its place back."""
        if self._has_place:
            self._has_place = False
            self._server.places.remove(self.network)
        super().del_channel(map)

    @property
    def body_bytes(self) -> int:
        """How much of a body has come that is not whole."""
        request: Any = self.request
        return int(request.body_bytes_received) if request is not None else 0

    def _hold(self, count: int) -> bool:
        """Whether there is memory for so many more bytes of a body; others that dawdle give way."""
        while not self._server.memory.take(count):
            if not self._server.make_room(self):
                return False
        return True

    def _hear(self, request: GuardedRequest) -> None:
        self._has_asked = True
        self.is_known = self.is_known or request.is_known
        self._leaves_unread = self._leaves_unread or request.leaves_unread

    def _linger(self) -> None:
        """A socket that is closed with bytes unread takes the answer back from who has not read it yet."""
        self.close_when_flushed = False
        self._lingers_until = time.monotonic() + self._limits.linger_seconds
        try:
            self._client.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()
