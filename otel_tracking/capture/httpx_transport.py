"""Transports for httpx, and for httpx2 that the openai and anthropic packages use, that record what passes through.

Both libraries have the same shapes under two names. Whose request comes says whose transport and whose streams are
wanted, so one transport serves clients of either, and sync and async ones.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from otel_tracking.capture.current import WiredCall, current_call
from otel_tracking.capture.exchange import Exchange, SentRequest
from otel_tracking.capture.httpx_streams import library_of, pieces_of, watched
from otel_tracking.capture.passing import leaving
from otel_tracking.capture.propagation import TRACEPARENT, trace_header
from otel_tracking.capture.settings import DEFAULT_CAPTURE, CaptureSettings
from otel_tracking.capture.wire import wire_of


def capturing_transport(inner: Any, call: WiredCall | None, capture: CaptureSettings | None) -> Any:
    """The transport for `inner`, async where it is async alone; `inner` itself where it is no transport at all."""
    if inner is None or callable(getattr(inner, "handle_request", None)):
        return CapturingTransport(inner, call=call, capture=capture)
    if callable(getattr(inner, "handle_async_request", None)):
        return AsyncCapturingTransport(inner, call=call, capture=capture)
    if call is not None:
        call.not_recorded(f"a {type(inner).__name__} is no transport; it is used, not recorded")
    return inner


class _Capturing:
    """What both transports are made of. Without an inner transport each library's own is used, as it is needed."""

    def __init__(
        self, inner: Any = None, *, call: WiredCall | None = None, capture: CaptureSettings | None = None
    ) -> None:
        self._inner = inner
        self._own: dict[tuple[str, str], Any] = {}
        self._call, self._capture = call, capture or DEFAULT_CAPTURE

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The inner transport's response to `request`."""
        inner = self._inner_for(request, "HTTPTransport")
        call = self._call or current_call()
        return send_recorded(inner.handle_request, request, call, self._capture)  # type: ignore[no-any-return]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The same for async clients."""
        inner = self._inner_for(request, "AsyncHTTPTransport")
        call, send = self._call or current_call(), inner.handle_async_request
        return await send_recorded_async(send, request, call, self._capture)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close the inner transport."""
        for transport in self._transports("close"):
            transport.close()

    async def aclose(self) -> None:
        """Close the inner transport."""
        for transport in self._transports("aclose"):
            await transport.aclose()

    def _inner_for(self, request: Any, name: str) -> Any:
        if self._inner is not None:
            return self._inner
        library = library_of(request) or "httpx"
        try:
            return self._own[library, name]
        except KeyError:
            made = getattr(importlib.import_module(library), name)()
            return self._own.setdefault((library, name), made)

    def _transports(self, method: str) -> list[Any]:
        inner = [self._inner] if self._inner is not None else list(self._own.values())
        return [transport for transport in inner if hasattr(transport, method)]


class CapturingTransport(_Capturing, httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Records on `call`, or on the call whose `with call.current():` block the request is made in.

    Without either it only passes on. Results and exceptions are those of `inner`. Without `inner` it serves clients of
    httpx and httpx2, and async ones too.
    """


class AsyncCapturingTransport(_Capturing, httpx.AsyncBaseTransport):
    """The same, as an `httpx.AsyncBaseTransport`."""


def send_recorded(send: Callable[[Any], Any], request: Any, call: WiredCall | None, capture: CaptureSettings) -> Any:
    """The response to a request that `send` sends, recorded on a call where there is one."""
    passage = _Passage.begin(call, request, capture)
    if passage is None:
        return send(request)
    try:
        with leaving():
            response = send(passage.request)
    except BaseException as error:
        passage.broken(error)
        raise
    passage.answered(response)
    return response


async def send_recorded_async(
    send: Callable[[Any], Awaitable[Any]], request: Any, call: WiredCall | None, capture: CaptureSettings
) -> Any:
    """The same where it is awaited."""
    passage = _Passage.begin(call, request, capture)
    if passage is None:
        return await send(request)
    try:
        with leaving():
            response = await send(passage.request)
    except BaseException as error:
        passage.broken(error)
        raise
    passage.answered(response)
    return response


class _Passage:
    """One request on its way: the exchange it is told to, and the request that is really sent."""

    def __init__(self, exchange: Exchange, request: Any, upload: Any, headers: list[tuple[bytes, bytes]]) -> None:
        self.exchange, self.request, self._upload, self._headers = exchange, request, upload, headers

    @classmethod
    def begin(cls, call: WiredCall | None, request: Any, capture: CaptureSettings) -> _Passage | None:
        if call is None:
            return None
        try:
            return cls._begin(call, request, capture)
        except Exception as trouble:
            call.not_recorded(trouble)
            return None

    @classmethod
    def _begin(cls, call: WiredCall, request: Any, capture: CaptureSettings) -> _Passage | None:
        library = library_of(request)
        if library is None:
            call.not_recorded(f"a {type(request).__module__} request is sent, but not recorded")
            return None
        raw = request.headers.raw
        headers = _as_texts(raw)
        exchange = wire_of(call).begin(SentRequest(request.method, str(request.url), headers), capture)
        if exchange is None:
            return None
        trace = trace_header(exchange.scope.span, request.url.host, capture.own_hosts)
        if trace is not None and TRACEPARENT not in request.headers:
            headers.append((TRACEPARENT, trace))
        else:
            trace = None
        content = _content_of(request)
        upload = None if content is not None else pieces_of(request, capture.largest_body)
        if upload is None:
            exchange.sent(content)
        if trace is not None or upload is not None:
            request = _twin(request, trace, upload)
            raw = request.headers.raw
        return cls(exchange, request, upload, raw)

    def answered(self, response: Any) -> None:
        self._tell_upload(complete=True)
        exchange = self.exchange
        try:
            self._tell_headers()
            exchange.answered(response.status_code, _as_texts(response.headers.raw))
            content = _content_of(response)
            if content is not None:
                exchange.chunk(content, decoded=True)
                exchange.ended()
            else:
                response.stream = watched(response, exchange)
        except Exception as trouble:
            exchange.wire.troubles.report("capture", trouble)

    def broken(self, error: BaseException) -> None:
        self._tell_upload(complete=False)
        try:
            self._tell_headers()
        except Exception as trouble:
            self.exchange.wire.troubles.report("capture", trouble)
        self.exchange.broken(error)

    def _tell_headers(self) -> None:
        """Say it where what is inside of this transport added a header, as other tracers' instrumentation does."""
        left = self.request.headers.raw
        if left != self._headers:
            self.exchange.left_with(_as_texts(left))

    def _tell_upload(self, *, complete: bool) -> None:
        if self._upload is not None:
            self.exchange.uploaded(self._upload.upload, complete=complete and self._upload.is_over)


def _as_texts(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _content_of(message: Any) -> bytes | None:
    """The body where the message holds it, None where it is still to be sent or read."""
    if not getattr(message, "is_closed", True):
        return None  # an answer that nobody has read, said without the exception that it would raise
    try:
        content: bytes = message.content
    except RuntimeError:  # RequestNotRead and ResponseNotRead of either library
        return None
    return content


def _twin(request: Any, trace: str | None, stream: Any) -> Any:
    """The same request with one header more or another stream; the caller's own stays as it is."""
    # Not by its constructor, which would look at all of it again: 20 µs.
    twin = object.__new__(type(request))
    twin.__dict__.update(request.__dict__)
    twin.headers = request.headers.copy()
    if trace is not None:
        twin.headers[TRACEPARENT] = trace
    if stream is not None:
        twin.stream = stream
    return twin
