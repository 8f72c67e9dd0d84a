"""The WebSockets of aiohttp: what passes over one is told to the conversation that its response began."""

from __future__ import annotations

from typing import Any, NamedTuple

from otel_tracking.capture.installing import wrap
from otel_tracking.capture.own_call import Called
from otel_tracking.capture.socket_exchange import SocketExchange


class Opened(NamedTuple):
    """Of a response that opened a socket: the call that did so, and what is said over it."""

    call: Called
    talk: SocketExchange


def is_upgrade(headers: Any) -> bool:
    """Whether a request is to open a WebSocket."""
    return str(headers.get("Upgrade", "")).lower() == "websocket"


def wrap_sockets(sockets: Any) -> None:
    """Record the messages of sockets that were opened in a call."""
    wrap(sockets, "send_str", _saying)
    wrap(sockets, "send_bytes", _saying)
    wrap(sockets, "receive", _hearing)
    wrap(sockets, "close", _closing)


def _talk_of(socket: Any) -> SocketExchange | None:
    opened = getattr(getattr(socket, "_response", None), "otel_tracking_opened", None)
    return opened.talk if isinstance(opened, Opened) else None


def _saying(send: Any) -> Any:
    async def said(self: Any, data: Any, *args: Any, **kwargs: Any) -> Any:
        if (talk := _talk_of(self)) is not None:
            talk.message_sent(data)
        return await send(self, data, *args, **kwargs)

    return said


def _hearing(receive: Any) -> Any:
    async def heard(self: Any, *args: Any, **kwargs: Any) -> Any:
        message = await receive(self, *args, **kwargs)
        talk = _talk_of(self)
        if talk is not None:
            _tell(talk, message)
        return message

    return heard


def _tell(talk: SocketExchange, message: Any) -> None:
    kind = message.type.name
    if kind in ("TEXT", "BINARY"):
        talk.message_received(message.data)
    elif kind in ("CLOSE", "CLOSING", "CLOSED"):
        talk.closed(read_out=True)
    elif kind == "ERROR" and isinstance(message.data, BaseException):
        talk.broken(message.data)


def _closing(close: Any) -> Any:
    async def closed(self: Any, *args: Any, **kwargs: Any) -> Any:
        talk = _talk_of(self)
        try:
            return await close(self, *args, **kwargs)
        finally:
            if talk is not None:
                talk.closed(read_out=True)

    return closed
