"""urllib of the standard library: what its openers send."""

from __future__ import annotations

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
    """Record what leaves through `http:` and `https:` handlers."""
    wrap(module.AbstractHTTPHandler, "do_open", _recorded)


def _recorded(do_open: Any) -> Any:
    def recorded(self: Any, http_class: Any, request: Any, **kwargs: Any) -> Any:
        call = calling()
        exchange = None if call is None else _begin(call, request)
        if exchange is None:
            return do_open(self, http_class, request, **kwargs)
        pieces = _tell_body(exchange, request)
        try:
            with leaving():
                response = do_open(self, http_class, request, **kwargs)
        except BaseException as error:
            _tell_pieces(exchange, pieces, complete=False)
            exchange.broken(error)
            raise
        _tell_pieces(exchange, pieces, complete=True)
        _tell_answer(exchange, response)
        return response

    return recorded


def _begin(call: Called, request: Any) -> Exchange | None:
    try:
        headers = headers_of(dict(request.header_items()))
        exchange = wire_of(call).begin(SentRequest(request.get_method(), request.full_url, headers), settings())
        if exchange is not None:
            trace = trace_header(exchange.scope.span, request.host.partition(":")[0], settings().own_hosts)
            if trace is not None and not request.has_header(TRACEPARENT.capitalize()):
                request.add_unredirected_header(TRACEPARENT, trace)
                headers.append((TRACEPARENT, trace))
        return exchange
    except Exception as trouble:
        call.not_recorded(trouble)
        return None


def _tell_body(exchange: Exchange, request: Any) -> SentPieces | None:
    body = request.data
    if body is None or isinstance(body, bytes | bytearray):
        exchange.sent(bytes(body or b""))
        return None
    request._data = pieces = SentPieces(body, settings().largest_body)  # its setter would forget the length
    return pieces


def _tell_pieces(exchange: Exchange, pieces: SentPieces | None, *, complete: bool) -> None:
    if pieces is not None:
        exchange.uploaded(pieces.upload, complete=complete and pieces.is_over)


def _tell_answer(exchange: Exchange, response: Any) -> None:
    try:
        exchange.answered(response.status, headers_of(dict(response.headers.items())))
        _ReadAnswer(response, exchange).begin()
    except Exception as trouble:
        exchange.wire.troubles.report("capture", trouble)


class _ReadAnswer:
    """Tells an exchange what is read from a response of `http.client`, through whichever of its methods."""

    def __init__(self, response: Any, exchange: Exchange) -> None:
        self._response, self._exchange, self._depth = response, exchange, 0

    def begin(self) -> None:
        # On the response itself: who reads it must find the same object with all it can do.
        for name in ("read", "read1", "readline"):
            setattr(self._response, name, self._telling(getattr(self._response, name)))
        self._response.readinto = self._telling_into(self._response.readinto)
        self._response.close = self._closing(self._response.close)
        self._look()

    def _telling(self, read: Callable[..., bytes]) -> Callable[..., bytes]:
        def tell(*args: Any) -> bytes:
            data: bytes = self._watch(read, args)
            if self._depth == 0:
                self._took(data)
            return data

        return tell

    def _telling_into(self, readinto: Callable[[Any], int]) -> Callable[[Any], int]:
        def tell(buffer: Any) -> int:
            count: int = self._watch(readinto, (buffer,))
            if self._depth == 0:
                self._took(bytes(memoryview(buffer)[: count or 0]))
            return count

        return tell

    def _watch(self, read: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        # One of them may call another.
        self._depth += 1
        try:
            return read(*args)
        except BaseException as error:
            self._exchange.broken(error)
            raise
        finally:
            self._depth -= 1

    def _took(self, data: bytes) -> None:
        if data:
            self._exchange.chunk(data)
        self._look()

    def _look(self) -> None:
        if self._response.isclosed():
            self._exchange.ended()

    def _closing(self, close: Callable[[], None]) -> Callable[[], None]:
        def closed() -> None:
            is_read_out = self._response.isclosed()
            try:
                close()
            finally:
                if self._depth == 0:
                    self._exchange.closed(read_out=is_read_out)

        return closed
