"""geventhttpclient, on which tritonclient's HTTP client stands."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from otel_tracking.capture.exchange import Exchange, SentRequest
from otel_tracking.capture.installing import calling, settings, wrap
from otel_tracking.capture.own_call import Called
from otel_tracking.capture.passing import leaving
from otel_tracking.capture.propagation import TRACEPARENT, trace_header
from otel_tracking.capture.urllib3_bodies import SentPieces, headers_of
from otel_tracking.capture.wire import wire_of


def wrap_all(module: Any) -> None:
    """Record what leaves through a client."""
    wrap(module.HTTPClient, "request", _recorded)


def _recorded(request: Any) -> Any:
    def recorded(self: Any, method: str, request_uri: str, body: Any = b"", headers: Any = None) -> Any:
        call = calling()
        exchange = None if call is None else _begin(call, self, method, request_uri, headers)
        if exchange is None:
            return request(self, method, request_uri, body, headers)
        pieces = _tell_body(exchange, body)
        told = _with_trace(exchange, self, headers)
        try:
            with leaving():
                response = request(self, method, request_uri, body if pieces is None else pieces, told)
        except BaseException as error:
            exchange.broken(error)
            raise
        if pieces is not None:
            exchange.uploaded(pieces.upload, complete=pieces.is_over)
        _tell_answer(exchange, response)
        return response

    return recorded


def _begin(call: Called, client: Any, method: str, request_uri: str, headers: Any) -> Exchange | None:
    try:
        scheme = "https" if client.ssl else "http"
        sent = [*headers_of(dict(client.default_headers.items())), *headers_of(dict(headers or {}))]
        address = f"{scheme}://{client.host}:{client.port}{request_uri}"
        return wire_of(call).begin(SentRequest(method.upper(), address, sent), settings())
    except Exception as trouble:
        call.not_recorded(trouble)
        return None


def _with_trace(exchange: Exchange, client: Any, headers: Any) -> Any:
    try:
        trace = trace_header(exchange.scope.span, client.host, settings().own_hosts)
        if trace is None:
            return headers
        told = copy.copy(headers) if headers else {}
        told[TRACEPARENT] = trace
        return told
    except Exception as trouble:
        exchange.wire.troubles.report("capture", trouble)
        return headers


def _tell_body(exchange: Exchange, body: Any) -> SentPieces | None:
    if body is None or isinstance(body, str | bytes | bytearray | memoryview):
        exchange.sent(body.encode() if isinstance(body, str) else bytes(body or b""))
        return None
    return SentPieces(body, settings().largest_body)


def _tell_answer(exchange: Exchange, response: Any) -> None:
    try:
        exchange.answered(response.status_code, headers_of(dict(response.items())))
        response.read = _telling(response.read, response, exchange)
    except Exception as trouble:
        exchange.wire.troubles.report("capture", trouble)


def _telling(read: Callable[..., Any], response: Any, exchange: Exchange) -> Callable[..., Any]:
    def tell(*args: Any, **kwargs: Any) -> Any:
        try:
            data = read(*args, **kwargs)
        except BaseException as error:
            exchange.broken(error)
            raise
        if data:
            exchange.chunk(bytes(data))
        if response.message_complete and (not data or not (args or kwargs)):
            exchange.ended()
        return data

    return tell
