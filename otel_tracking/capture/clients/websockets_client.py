"""The websockets package: messages of its connections, whose opening is told by the first of them in a call."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from otel_tracking.capture.exchange import SentRequest
from otel_tracking.capture.installing import calling, settings, wrap
from otel_tracking.capture.own_call import Called
from otel_tracking.capture.passing import leaving
from otel_tracking.capture.socket_exchange import SocketExchange
from otel_tracking.capture.wire import wire_of

_conversations: WeakKeyDictionary[Any, tuple[Called, SocketExchange]] = WeakKeyDictionary()
"""Of each connection the call that it speaks in now: some stay open for many calls."""


def wrap_all(module: Any) -> None:
    """Record what connections of asyncio, or of threads, send and receive."""
    is_async = "asyncio" in module.__name__
    connection = module.ClientConnection
    wrap(connection, "send", _sending_async if is_async else _sending)
    wrap(connection, "recv", _receiving_async if is_async else _receiving)
    wrap(connection, "close", _closing_async if is_async else _closing)
    if is_async:
        for name in {"connect", "create_connection"} & vars(module.connect).keys():  # the second in older versions
            wrap(module.connect, name, _opening)
    else:
        wrap(module, "connect", _connecting)


def _connecting(connect: Any) -> Any:
    def connected(*args: Any, **kwargs: Any) -> Any:
        with leaving():
            return connect(*args, **kwargs)

    return connected


def _opening(connect: Any) -> Any:
    async def opened(self: Any, *args: Any, **kwargs: Any) -> Any:
        with leaving():
            return await connect(self, *args, **kwargs)

    return opened


def _sending(send: Any) -> Any:
    def sent(self: Any, message: Any, *args: Any, **kwargs: Any) -> Any:
        if (talk := _talk_of(self)) is not None and isinstance(message, str | bytes | bytearray | memoryview):
            talk.message_sent(message)
        return send(self, message, *args, **kwargs)

    return sent


def _sending_async(send: Any) -> Any:
    async def sent(self: Any, message: Any, *args: Any, **kwargs: Any) -> Any:
        if (talk := _talk_of(self)) is not None and isinstance(message, str | bytes | bytearray | memoryview):
            talk.message_sent(message)
        return await send(self, message, *args, **kwargs)

    return sent


def _receiving(recv: Any) -> Any:
    def received(self: Any, *args: Any, **kwargs: Any) -> Any:
        talk = _talk_of(self)
        try:
            message = recv(self, *args, **kwargs)
        except BaseException as error:
            _broken(talk, error)
            raise
        if talk is not None:
            talk.message_received(message)
        return message

    return received


def _receiving_async(recv: Any) -> Any:
    async def received(self: Any, *args: Any, **kwargs: Any) -> Any:
        talk = _talk_of(self)
        try:
            message = await recv(self, *args, **kwargs)
        except BaseException as error:
            _broken(talk, error)
            raise
        if talk is not None:
            talk.message_received(message)
        return message

    return received


def _closing(close: Any) -> Any:
    def closed(self: Any, *args: Any, **kwargs: Any) -> Any:
        _close(self)
        return close(self, *args, **kwargs)

    return closed


def _closing_async(close: Any) -> Any:
    async def closed(self: Any, *args: Any, **kwargs: Any) -> Any:
        _close(self)
        return await close(self, *args, **kwargs)

    return closed


def _close(connection: Any) -> None:
    found = _conversations.pop(connection, None)
    if found is not None:
        found[1].closed(read_out=True)


def _broken(talk: SocketExchange | None, error: BaseException) -> None:
    if talk is None or isinstance(error, TimeoutError):  # nothing came in time, and may still
        return
    # The other side said that it is over, as it does at the end.
    talk.closed(read_out=True) if type(error).__name__ == "ConnectionClosedOK" else talk.broken(error)


def _talk_of(connection: Any) -> SocketExchange | None:
    """What a connection says in the call that surrounds this code."""
    call = calling()
    if call is None:
        return None
    try:
        known = _conversations.get(connection)
        if known is not None and known[0] == call:
            return known[1]
        return _begin(connection, call)
    except Exception as trouble:
        call.not_recorded(trouble)
        return None


def _begin(connection: Any, call: Called) -> SocketExchange | None:
    request, response = connection.request, connection.response
    host = request.headers.get("Host", "")
    scheme = "wss" if getattr(connection.protocol, "wsuri", None) and connection.protocol.wsuri.secure else "ws"
    opened = SentRequest("GET", f"{scheme}://{host}{request.path}", list(request.headers.raw_items()))
    talk = wire_of(call).begin_as(SocketExchange, opened, settings())
    if talk is not None:
        talk.opened(response.status_code, list(response.headers.raw_items()))
        _conversations[connection] = (call, talk)
    return talk
