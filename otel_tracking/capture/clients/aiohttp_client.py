"""aiohttp: every session tells what it sends by the library's own tracing, and what it reads where that is read."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from otel_tracking.capture.bodies import Upload
from otel_tracking.capture.clients.aiohttp_content import watch
from otel_tracking.capture.clients.aiohttp_sockets import Opened, is_upgrade, wrap_sockets
from otel_tracking.capture.exchange import Exchange, SentRequest
from otel_tracking.capture.installing import calling, settings, wrap
from otel_tracking.capture.own_call import Called
from otel_tracking.capture.passing import leaving
from otel_tracking.capture.propagation import TRACEPARENT, trace_header
from otel_tracking.capture.socket_exchange import SocketExchange
from otel_tracking.capture.urllib3_bodies import headers_of
from otel_tracking.capture.wire import wire_of

_call: ContextVar[Called | None] = ContextVar("otel_tracking_call_of_aiohttp", default=None)
"""The call that a session's request is sent for."""


def wrap_all(module: Any) -> None:
    """Record what every session sends, and the messages of its sockets."""
    import aiohttp

    tracing = _tracing(aiohttp)
    wrap(module.ClientSession, "_request", lambda request: _recorded(request, tracing))
    wrap_sockets(aiohttp.ClientWebSocketResponse)


def _recorded(request: Any, tracing: Any) -> Any:
    async def recorded(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = calling()
        if call is None:
            return await request(self, *args, **kwargs)
        if tracing not in self.trace_configs:
            self.trace_configs.append(tracing)
        before = _call.get()
        _call.set(call)
        try:
            with leaving():
                return await request(self, *args, **kwargs)
        finally:
            _call.set(before)

    return recorded


def _tracing(aiohttp: Any) -> Any:
    """What aiohttp tells each request's steps to; one for all sessions."""
    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(_started)
    tracing.on_request_headers_sent.append(_told(_Passage.headers_sent))
    tracing.on_request_chunk_sent.append(_told(_Passage.chunk_sent))
    tracing.on_request_redirect.append(_told(_Passage.redirected))
    tracing.on_request_end.append(_told(_Passage.ended))
    tracing.on_request_exception.append(_told(_Passage.broken))
    tracing.freeze()
    return tracing


async def _started(session: Any, context: Any, params: Any) -> None:
    call = _call.get()
    context.passage = None if call is None else _Passage(call, params)


def _told(step: Callable[[_Passage, Any], None]) -> Any:
    async def tell(session: Any, context: Any, params: Any) -> None:
        passage: _Passage | None = context.passage
        if passage is not None:
            try:
                step(passage, params)
            except Exception as trouble:
                passage.call.not_recorded(trouble)

    return tell


class _Passage:
    """A request of a session on its way, and those that it is redirected to."""

    def __init__(self, call: Called, params: Any) -> None:
        self.call = call
        self._exchange: Exchange | None = None
        self._upload = Upload(settings().largest_body)
        self._is_told = False
        try:
            self._begin(params)
            self._tell_of_trace(params)
        except Exception as trouble:
            call.not_recorded(trouble)

    def _begin(self, params: Any) -> None:
        headers = headers_of(params.headers)
        kind = SocketExchange if is_upgrade(params.headers) else Exchange
        request = SentRequest(params.method, str(params.url), headers)
        self._exchange = wire_of(self.call).begin_as(kind, request, settings())
        self._upload, self._is_told = Upload(settings().largest_body), False

    def _tell_of_trace(self, params: Any) -> None:
        if self._exchange is not None:
            trace = trace_header(self._exchange.scope.span, params.url.host or "", settings().own_hosts)
            if trace is not None and TRACEPARENT not in params.headers:
                params.headers[TRACEPARENT] = trace

    def headers_sent(self, params: Any) -> None:
        if self._exchange is not None and self._exchange.is_over:  # it was redirected
            self._begin(params)
        if self._exchange is not None:
            request = SentRequest(params.method, str(params.url), headers_of(params.headers))
            self._exchange.request = request

    def chunk_sent(self, params: Any) -> None:
        self._upload.take(params.chunk)

    def redirected(self, params: Any) -> None:
        if self._exchange is not None:
            self._tell_request()
            self._exchange.answered(params.response.status, headers_of(params.response.headers))
            self._exchange.ended()

    def ended(self, params: Any) -> None:
        exchange, response = self._exchange, params.response
        if isinstance(exchange, SocketExchange):
            exchange.opened(response.status, headers_of(response.headers))
            response.otel_tracking_opened = Opened(self.call, exchange)
        elif exchange is not None:
            self._tell_request()
            exchange.answered(response.status, headers_of(response.headers))
            watch(response, exchange)

    def broken(self, params: Any) -> None:
        if self._exchange is not None:
            length = self._exchange.request.header("content-length")
            self._tell_request(complete=length.isdecimal() and self._upload.bytes >= int(length))
            self._exchange.broken(params.exception)

    def _tell_request(self, *, complete: bool = True) -> None:
        if self._exchange is not None and not self._is_told:
            self._is_told = True
            self._exchange.uploaded(self._upload, complete=complete)
