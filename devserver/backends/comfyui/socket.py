"""Hear from ComfyUI over its WebSocket what happens to a graph, while it happens."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

OPEN_SECONDS = 5.0

Message = tuple[str, dict[str, Any]]
"""A message's type and data; a binary one that holds a picture has the type `picture`, and its bytes as `content`."""

_PICTURE_EVENT = 1
_PICTURE_STARTS = 8
"""A binary message begins with its event, and a picture's goes on with its format: four bytes each."""


class SocketGone(Exception):
    """The server, or something on the way, has closed the socket."""


class Socket:
    """The socket of one client. It must be open before the graph is queued: what was said before is not repeated."""

    def __init__(self, connection: ClientConnection | None, opened: ExitStack | None = None) -> None:
        self._connection, self._opened = connection, opened or ExitStack()

    @classmethod
    def open(cls, url: str, client_id: str) -> Socket:
        """A socket to the server at an `http(s)://` address; one that is closed already where that cannot be had."""
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ImportError:  # It is an extra: without it the history is asked.
            return cls(None)
        logging.getLogger("websockets.client").setLevel(logging.WARNING)  # Below, it logs what is said: prompts.
        address = "ws" + url.removeprefix("http") + "/ws?clientId=" + quote(client_id, safe="")
        opened = ExitStack()
        try:
            # No pings: a server that loads a model may be silent for minutes. Previews can be large.
            opening = connect(
                address, open_timeout=OPEN_SECONDS, close_timeout=1, ping_interval=None, max_size=None, proxy=None
            )
            return cls(opened.enter_context(opening), opened)
        except (OSError, WebSocketException):
            return cls(None)

    @property
    def is_open(self) -> bool:
        """Whether anything can be heard."""
        return self._connection is not None

    def next(self, seconds: float) -> Message | None:
        """The next message, or None where none came in time. Raises `SocketGone`."""
        from websockets.exceptions import ConnectionClosed

        if self._connection is None:
            raise SocketGone
        try:
            heard = self._connection.recv(timeout=seconds)
        except TimeoutError:
            return None
        except (ConnectionClosed, OSError) as error:
            self.close()
            raise SocketGone from error
        return read_message(heard)

    def close(self) -> None:
        """Close it; once more does no harm."""
        self._connection = None
        self._opened.close()


def read_message(heard: str | bytes) -> Message:
    """A message as it came; one that is none of ComfyUI's is kept as being of no type."""
    if isinstance(heard, bytes):
        is_picture = heard[:4] == _PICTURE_EVENT.to_bytes(4, "big") and len(heard) > _PICTURE_STARTS
        return ("picture", {"content": heard[_PICTURE_STARTS:]}) if is_picture else ("", {})
    try:
        message = json.loads(heard)
    except ValueError:
        return "", {}
    if not isinstance(message, dict) or not isinstance(message.get("data"), dict):
        return "", {}
    return str(message.get("type")), message["data"]
