"""Listen, and answer with an application: waitress around it, with limits of our own at its seams."""

from __future__ import annotations

import contextlib
import errno
import logging
import resource
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from collectors.listening.connection import Connection
from collectors.listening.gate import Gate, Memory
from collectors.listening.limits import Limits
from collectors.listening.places import Places, network_of, who_gives_way
from collectors.listening.request import NO_LIMIT
from collectors.listening.turns import Dispatcher

_log = logging.getLogger("otel_tracking")

LOOK_SECONDS, REST_BETWEEN_LOOKS = 1.0, 0.1
"""How often connections are looked for that have taken too long, at least and at most."""

RESERVED = 150
"""Descriptors that are not for connections: files of the dataset, journals, model servers, libraries."""

FEWEST_CONNECTIONS = 16
MOST_AT_ONCE = 64
"""Connections that are accepted before those that are there are served again."""

SILENT_SECONDS = 10
REST_SECONDS = 0.5
BEHIND_SECONDS = 5.0
QUIET_SECONDS = 60.0
"""How long nothing more is said of the same trouble."""

_OF_PROXIES = "x-forwarded-for x-forwarded-host x-forwarded-proto"
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Server(TcpWSGIServer):
    """Waitress's server: it looks after its connections, and no flood keeps it from answering."""

    channel_class = Connection
    active_channels: dict[int, Connection]  # type: ignore[assignment]  # the stubs have the type of its values

    def __init__(
        self, application: Any, listener: socket.socket, adj: Adjustments, dispatcher: Any, gate: Gate, limits: Limits
    ) -> None:
        self.gate, self.limits, self._listener = gate, limits, listener
        self.memory = Memory(limits.most_body_memory)
        proxies = frozenset({network_of(adj.trusted_proxy)} if adj.trusted_proxy else ())
        most = min(limits.most_connections, _descriptors() - RESERVED)
        self.places = Places(max(most, FEWEST_CONNECTIONS), limits.most_per_address, unlimited=proxies)
        self._rests_until = self._told_at = self._looks_at = float("-inf")
        self._untold = 0
        self._somebody_waits = False
        sockinfo = (listener.family, listener.type, listener.proto, listener.getsockname())
        # A map of its own: several servers in one process must not answer for each other.
        self._sockets: dict[int, Any] = {}
        super().__init__(
            application,
            self._sockets,
            True,
            listener,
            dispatcher=dispatcher,
            adj=adj,
            bind_socket=False,
            sockinfo=sockinfo,
        )

    def work(self, ending: threading.Event, end_seconds: float) -> None:
        """Serve until `ending`, and then until all answers are sent, or for `end_seconds`."""
        until = float("inf")
        while time.monotonic() < until:
            wasyncore.loop(timeout=LOOK_SECONDS, use_poll=True, map=self._sockets, count=1)
            if self._somebody_waits:
                self._take_those_who_wait()
            now = time.monotonic()
            if now >= self._looks_at or ending.is_set():
                self._looks_at = now + REST_BETWEEN_LOOKS
                self.look_after(now)
            if ending.is_set():
                self.accepting = False
                owes_answers = any(one.total_outbufs_len for one in self.active_channels.values())
                until = min(until, time.monotonic() + end_seconds) if owes_answers else 0.0
        wasyncore.close_all(self._sockets, ignore_all=True)

    def look_after(self, now: float) -> None:
        """Close what has taken too long."""
        for connection in list(self.active_channels.values()):
            if connection.is_overdue(now):
                connection.drop()
        self._close_the_slowest(now)

    def make_room(self, needing: Connection) -> bool:
        """Whether another body that is coming in could be let go, so that there is memory for this one."""
        others = (one for one in self.active_channels.values() if one is not needing and one.body_bytes)
        leaving = who_gives_way(others, time.monotonic())
        if leaving is not None:
            leaving.drop()
        return leaving is not None

    def _close_the_slowest(self, now: float) -> None:
        """Where readers together have left too much unread, those go who have been behind for the longest."""
        unsent = sum(one.total_outbufs_len for one in self.active_channels.values())
        while unsent > self.limits.most_unsent:
            behind = [one for one in self.active_channels.values() if one.behind_for(now) > BEHIND_SECONDS]
            if not behind:
                return
            slowest = max(behind, key=lambda one: one.behind_for(now))
            unsent -= slowest.total_outbufs_len
            slowest.drop()

    # What waitress calls

    def readable(self) -> bool:
        """Whether connections are taken at the moment."""
        return self.accepting and time.monotonic() >= self._rests_until

    def handle_accept(self) -> None:
        """Remember that somebody waits.

        They are taken when all that was heard of together has been seen to: a descriptor that is closed and given to a
        newcomer meanwhile would get what was heard of its predecessor.
        """
        self._somebody_waits = True

    def _take_those_who_wait(self) -> None:
        """Where there is no place, somebody gives way."""
        self._somebody_waits = False
        for _ in range(MOST_AT_ONCE):
            try:
                client, address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as trouble:
                self._rest(trouble)
                return
            self._take(client, address)

    def _take(self, client: socket.socket, address: Any) -> None:
        network = network_of(str(address[0]))
        rivals = self.places.rivals(network, self.active_channels.values())
        if rivals is not None:
            leaving = who_gives_way(rivals, time.monotonic())
            if leaving is None:
                client.close()
                return
            leaving.drop()
        try:
            self.set_socket_options(client)
            connection = self.channel_class(self, client, address, self.adj, map=self._sockets)
        except OSError:  # gone already
            client.close()
            return
        # Most come with their whole head: then they are being answered, and give way to nobody, from the first moment.
        if _has_sent(client):
            wasyncore.read(connection)

    def _rest(self, trouble: OSError) -> None:
        """No descriptor is left, or no memory: make room, wait a moment, and say so once."""
        now = time.monotonic()
        self._rests_until = now + REST_SECONDS
        if trouble.errno in _EXHAUSTED and (leaving := who_gives_way(self.active_channels.values(), now)):
            leaving.drop()
        self._untold += 1
        if now >= self._told_at + QUIET_SECONDS:
            _log.warning("connections cannot be taken (%s); %d times so far", trouble.strerror, self._untold)
            self._told_at = now


@contextmanager
def listening(
    application: Callable[..., Any],
    host: str,
    port: int,
    *,
    gate: Gate,
    limits: Limits,
    threads: int,
    name: str,
    end_seconds: int,
    before_end: Callable[[], Any] = lambda: None,
    trusted_proxy: str | None = None,
) -> Iterator[str]:
    """Answer requests while the block lasts; gives the address. OSError where it cannot be had.

    At the end `before_end` is called while everything is still answered; then those who are being answered have
    `end_seconds`, and as many to fetch what they were answered.
    """
    # That a request waits for a thread is no news where each waits for a disk.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("waitress").addFilter(_without_its_message)
    listener = _listen(host, port)
    dispatcher = Dispatcher()
    server = Server(application, listener, _adjustments(name, limits, threads, trusted_proxy), dispatcher, gate, limits)
    dispatcher.set_thread_count(threads)
    ending = threading.Event()
    loop = threading.Thread(target=server.work, args=(ending, end_seconds), name=f"{name} http", daemon=True)
    loop.start()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    finally:
        before_end()
        # What was being answered is answered, while the loop still sends: its sender should know.
        dispatcher.shutdown(cancel_pending=True, timeout=end_seconds)
        ending.set()
        with contextlib.suppress(OSError):  # the loop may have seen it by itself, and be gone
            server.pull_trigger()
        loop.join(2 * end_seconds)


def _without_its_message(entry: logging.LogRecord) -> bool:
    """An error's class and the places it passed stand in for its traceback: it may hold what a child wrote."""
    if entry.exc_info and entry.exc_info[0] is not None:
        kind, _, trace = entry.exc_info
        places = "".join(traceback.format_tb(trace))
        # Nor what was asked for: it is what somebody typed.
        entry.msg, entry.args = f"{entry.msg}: {kind.__name__}\n{places}".replace("%s", "…"), ()
        entry.exc_info = entry.exc_text = None
    return True


def _adjustments(name: str, limits: Limits, threads: int, trusted_proxy: str | None) -> Adjustments:
    proxy: dict[str, Any] = {}
    if trusted_proxy:
        proxy = {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": _OF_PROXIES}
    return Adjustments(
        threads=threads,
        ident=name,
        backlog=1024,
        recv_bytes=2**16,
        max_request_header_size=limits.largest_head,
        # Bodies are counted by the gate; what children write is not for temporary files, nor is what they made.
        max_request_body_size=NO_LIMIT,
        inbuf_overflow=NO_LIMIT,
        outbuf_overflow=NO_LIMIT,
        clear_untrusted_proxy_headers=True,
        # Whoever resets a connection would write a page into the log each time.
        log_socket_errors=False,
        **proxy,
    )


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            # Who connects and says nothing waits in the kernel, and costs us nothing.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SILENT_SECONDS)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _has_sent(client: socket.socket) -> bool:
    try:
        return bool(client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return False


def _descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return NO_LIMIT if soft == resource.RLIM_INFINITY else soft
