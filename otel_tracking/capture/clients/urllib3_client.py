"""urllib3, for those who use it without requests: boto3 does."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urljoin

from otel_tracking.capture.exchange import Exchange, SentRequest
from otel_tracking.capture.installing import calling, settings, wrap
from otel_tracking.capture.own_call import Called
from otel_tracking.capture.passing import leaving
from otel_tracking.capture.propagation import TRACEPARENT, trace_header
from otel_tracking.capture.urllib3_bodies import ReadResponse, SentPieces, headers_of, retries_of
from otel_tracking.capture.wire import wire_of


def wrap_all(module: Any) -> None:
    """Record what leaves through a pool of connections."""
    wrap(module.HTTPConnectionPool, "urlopen", _recorded)


def _recorded(urlopen: Any) -> Any:
    def recorded(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        call = calling()
        if call is None:
            return urlopen(self, method, url, *args, **kwargs)
        given = dict(zip(("body", "headers"), args, strict=False)) | kwargs
        passage = _begin(call, self, method, url, given)
        if passage is None:
            return urlopen(self, method, url, *args, **kwargs)
        rest = args[2:]  # urllib3 takes them by name, but for those who call it as it once was
        try:
            with leaving():
                response = urlopen(self, method, url, passage.body, passage.headers, *rest, **_without(kwargs))
        except BaseException as error:
            passage.broken(error)
            raise
        passage.answered(response, is_read=given.get("preload_content", True))
        return response

    return recorded


def _without(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in ("body", "headers")}


def _begin(call: Called, pool: Any, method: str, url: str, given: dict[str, Any]) -> _Passage | None:
    try:
        port = f":{pool.port}" if pool.port else ""
        whole = urljoin(f"{pool.scheme}://{pool.host}{port}", url)
        # urllib3 sends the pool's own where none are given.
        headers = pool.headers if given.get("headers") is None else given["headers"]
        exchange = wire_of(call).begin(SentRequest(method, whole, headers_of(headers)), settings())
        return None if exchange is None else _Passage(exchange, pool.host, headers, given.get("body"))
    except Exception as trouble:
        call.not_recorded(trouble)
        return None


class _Passage:
    """One request on its way: the headers and the body that are really sent."""

    def __init__(self, exchange: Exchange, host: str, headers: Any, body: Any) -> None:
        self._exchange, self.headers, self.body = exchange, headers, body
        self._upload: SentPieces | None = None
        trace = trace_header(exchange.scope.span, host, settings().own_hosts)
        if trace is not None and TRACEPARENT not in {str(name).lower() for name in headers}:
            self.headers = copy.copy(headers)  # whatever kind it is: some have a name twice
            self.headers[TRACEPARENT] = trace
            exchange.request.headers.append((TRACEPARENT, trace))
        if body is None or isinstance(body, str | bytes | bytearray):
            exchange.sent(body.encode() if isinstance(body, str) else bytes(body or b""))
        else:
            self.body = self._upload = SentPieces(body, settings().largest_body)

    def answered(self, response: Any, *, is_read: bool) -> None:
        self._tell_upload(complete=True)
        exchange = self._exchange
        try:
            exchange.transport_retries = retries_of(response)
            exchange.answered(response.status, headers_of(response.headers))
            if is_read:
                exchange.chunk(response.data, decoded=True)
                exchange.ended()
            else:
                ReadResponse(response, exchange).begin()
        except Exception as trouble:
            exchange.wire.troubles.report("capture", trouble)

    def broken(self, error: BaseException) -> None:
        self._tell_upload(complete=False)
        self._exchange.broken(error)

    def _tell_upload(self, *, complete: bool) -> None:
        if self._upload is not None:
            self._exchange.uploaded(self._upload.upload, complete=complete and self._upload.is_over)
