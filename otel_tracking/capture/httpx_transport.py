"""Transports for httpx that record what passes through them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from otel_tracking.capture.binding import wire_of
from otel_tracking.capture.current import current_call
from otel_tracking.capture.exchange import Exchange, Request
from otel_tracking.capture.propagation import TRACEPARENT, trace_header
from otel_tracking.capture.settings import DEFAULT_CAPTURE, CaptureSettings
from otel_tracking.capture.uploads import Upload
from otel_tracking.scopes import BackendCall


def capturing_transport(
    inner: Any, call: BackendCall | None, capture: CaptureSettings | None
) -> CapturingTransport | AsyncCapturingTransport:
    """The transport for `inner`, async where it is async alone."""
    if isinstance(inner, httpx.AsyncBaseTransport) and not isinstance(inner, httpx.BaseTransport):
        return AsyncCapturingTransport(inner, call=call, capture=capture)
    return CapturingTransport(inner, call=call, capture=capture)


class CapturingTransport(httpx.BaseTransport):
    """Records on `call`, or on the call whose `with call.current():` block the request is made in.

    Without either it only passes on. Results and exceptions are those of `inner`.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport | None = None,
        *,
        call: BackendCall | None = None,
        capture: CaptureSettings | None = None,
    ) -> None:
        self._inner = httpx.HTTPTransport() if inner is None else inner
        self._call, self._capture = call, capture or DEFAULT_CAPTURE

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The inner transport's response to `request`."""
        passage = _Passage.begin(self._call or current_call(), request, self._capture)
        if passage is None:
            return self._inner.handle_request(request)
        try:
            response = self._inner.handle_request(passage.request)
        except BaseException as error:
            passage.broken(error)
            raise
        passage.answered(response)
        return response

    def close(self) -> None:
        """Close the inner transport."""
        self._inner.close()


class AsyncCapturingTransport(httpx.AsyncBaseTransport):
    """The same for `httpx.AsyncClient`."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport | None = None,
        *,
        call: BackendCall | None = None,
        capture: CaptureSettings | None = None,
    ) -> None:
        self._inner = httpx.AsyncHTTPTransport() if inner is None else inner
        self._call, self._capture = call, capture or DEFAULT_CAPTURE

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The inner transport's response to `request`."""
        passage = _Passage.begin(self._call or current_call(), request, self._capture)
        if passage is None:
            return await self._inner.handle_async_request(request)
        try:
            response = await self._inner.handle_async_request(passage.request)
        except BaseException as error:
            passage.broken(error)
            raise
        passage.answered(response)
        return response

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


class _Passage:
    """One request on its way: the exchange it is told to, and the request that is really sent."""

    def __init__(self, exchange: Exchange, request: httpx.Request, upload: _Pieces | None) -> None:
        self.exchange, self.request, self._upload = exchange, request, upload

    @classmethod
    def begin(cls, call: BackendCall | None, request: httpx.Request, capture: CaptureSettings) -> _Passage | None:
        if call is None:
            return None
        try:
            return cls._begin(call, request, capture)
        except Exception as trouble:
            call._run.troubles.report("capture", trouble)
            return None

    @classmethod
    def _begin(cls, call: BackendCall, request: httpx.Request, capture: CaptureSettings) -> _Passage | None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        exchange = wire_of(call).begin(Request(request.method, str(request.url), headers), capture)
        if exchange is None:
            return None
        trace = trace_header(exchange.scope.span, request.url.host, capture.own_hosts)
        if trace is not None and TRACEPARENT not in request.headers:
            headers.append((TRACEPARENT, trace))
        else:
            trace = None
        content = _content_of(request)
        upload = None if content is not None else _Pieces(request.stream, capture.largest_body)
        if upload is None:
            exchange.sent(content)
        if trace is not None or upload is not None:
            request = _copy(request, trace, upload or request.stream)
        return cls(exchange, request, upload)

    def answered(self, response: httpx.Response) -> None:
        self._tell_upload(complete=True)
        exchange = self.exchange
        try:
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
            exchange.answered(response.status_code, headers)
            content = _content_of(response)
            if content is not None:
                exchange.chunk(content, decoded=True)
                exchange.ended()
            elif isinstance(response.stream, httpx.AsyncByteStream):
                response.stream = _AsyncStream(response.stream, exchange)
            else:
                response.stream = _Stream(response.stream, exchange)
        except Exception as trouble:
            exchange.wire.troubles.report("capture", trouble)

    def broken(self, error: BaseException) -> None:
        self._tell_upload(complete=False)
        self.exchange.broken(error)

    def _tell_upload(self, *, complete: bool) -> None:
        if self._upload is not None:
            self.exchange.uploaded(self._upload.upload, complete=complete and self._upload.is_over)


def _content_of(message: httpx.Request | httpx.Response) -> bytes | None:
    """The body where the message holds it, None where it is still to be sent or read."""
    try:
        return message.content
    except (httpx.RequestNotRead, httpx.ResponseNotRead):
        return None


def _copy(request: httpx.Request, trace: str | None, stream: Any) -> httpx.Request:
    """The same request with one header more or another stream; the caller's own stays as it is."""
    headers = request.headers.copy()
    if trace is not None:
        headers[TRACEPARENT] = trace
    return httpx.Request(request.method, request.url, headers=headers, stream=stream, extensions=request.extensions)


class _Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A request's stream, each piece of which is kept as it leaves."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream, self.upload = stream, Upload(limit)
        self.is_over = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self.upload.take(piece)
            yield piece
        self.is_over = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self.upload.take(piece)
            yield piece
        self.is_over = True

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Stream(httpx.SyncByteStream):
    """A response's stream; each chunk is told to the exchange on its way to the caller."""

    def __init__(self, stream: Any, exchange: Exchange) -> None:
        self._stream, self._exchange = stream, exchange

    def __iter__(self) -> Iterator[bytes]:
        exchange = self._exchange
        try:
            for chunk in self._stream:
                exchange.chunk(chunk)
                yield chunk
        except BaseException as error:
            exchange.broken(error)
            raise
        exchange.ended()

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._exchange.closed()


class _AsyncStream(httpx.AsyncByteStream):
    """The same for async clients."""

    def __init__(self, stream: Any, exchange: Exchange) -> None:
        self._stream, self._exchange = stream, exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange = self._exchange
        try:
            async for chunk in self._stream:
                exchange.chunk(chunk)
                yield chunk
        except BaseException as error:
            exchange.broken(error)
            raise
        exchange.ended()

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._exchange.closed()
