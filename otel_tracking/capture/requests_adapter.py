"""An adapter for requests that records what passes through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response
from requests.adapters import BaseAdapter, HTTPAdapter

from otel_tracking.capture.bodies import Upload
from otel_tracking.capture.current import WiredCall, current_call
from otel_tracking.capture.exchange import Exchange, SentRequest
from otel_tracking.capture.propagation import TRACEPARENT, trace_header
from otel_tracking.capture.settings import DEFAULT_CAPTURE, CaptureSettings
from otel_tracking.capture.wire import wire_of


def capturing_adapter(inner: Any, call: WiredCall, capture: CaptureSettings | None) -> BaseAdapter:
    """The adapter for `inner`; `inner` itself where it is no adapter at all."""
    if inner is None or callable(getattr(inner, "send", None)):
        return CapturingAdapter(inner, call=call, capture=capture)
    call.not_recorded(f"a {type(inner).__name__} is no adapter; it is used, not recorded")
    return inner  # type: ignore[no-any-return]  # whatever it is, it is the caller's


class CapturingAdapter(HTTPAdapter):
    """Records on `call`, or on the call whose `with call.current():` block the request is made in.

    Without either it only passes on. Results and exceptions are those of `inner`, or of a plain `HTTPAdapter`.
    """

    def __init__(
        self,
        inner: BaseAdapter | None = None,
        *,
        call: WiredCall | None = None,
        capture: CaptureSettings | None = None,
    ) -> None:
        super().__init__()
        self._inner = HTTPAdapter() if inner is None else inner
        self._call, self._capture = call, capture or DEFAULT_CAPTURE

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Response:
        """The inner adapter's response to `request`; what else its own kind of session says is handed on."""
        passage = _begin(self._call or current_call(), request, self._capture)
        sent = request if passage is None else passage.sent
        try:
            response = self._inner.send(sent, stream, timeout, verify, cert, proxies, **more)
        except BaseException as error:
            if passage is not None:
                passage.broken(error)
            raise
        if passage is not None:
            passage.answered(response)
        return response

    def close(self) -> None:
        """Close the inner adapter."""
        self._inner.close()
        super().close()


def _begin(call: WiredCall | None, request: PreparedRequest, capture: CaptureSettings) -> _Passage | None:
    if call is None:
        return None
    try:
        headers = _headers_of(request.headers or {})
        exchange = wire_of(call).begin(SentRequest(request.method or "GET", request.url or "", headers), capture)
        return None if exchange is None else _Passage(exchange, request, capture)
    except Exception as trouble:
        call.not_recorded(trouble)
        return None


class _Passage:
    """One request on its way: the exchange it is told to, and the request that is really sent."""

    def __init__(self, exchange: Exchange, request: PreparedRequest, capture: CaptureSettings) -> None:
        self._exchange, self._request = exchange, request
        self._upload: _Pieces | None = None
        self.sent = self._with_trace(request, capture)
        if request.body is None or isinstance(request.body, str | bytes | bytearray):
            exchange.sent(request.body.encode() if isinstance(request.body, str) else bytes(request.body or b""))
        else:
            self._upload = _Pieces(request.body, capture.largest_body)
            self.sent = request.copy() if self.sent is request else self.sent
            self.sent.body = self._upload

    def _with_trace(self, request: PreparedRequest, capture: CaptureSettings) -> PreparedRequest:
        host = urlsplit(self._exchange.request.url).hostname or ""
        trace = trace_header(self._exchange.scope.span, host, capture.own_hosts)
        if trace is None or TRACEPARENT in request.headers:
            return request
        other = request.copy()
        other.headers[TRACEPARENT] = trace
        self._exchange.request.headers.append((TRACEPARENT, trace))
        return other

    def answered(self, response: Response) -> None:
        self._tell_upload(complete=True)
        exchange = self._exchange
        try:
            exchange.left_with(_headers_of(self.sent.headers or {}))
            if response.request is self.sent:
                response.request = self._request
            exchange.transport_retries = _retries_of(response.raw)
            came = getattr(response.raw, "headers", None) or response.headers
            exchange.answered(response.status_code, _headers_of(came))
            _Reading(response.raw, exchange).begin()
        except Exception as trouble:
            exchange.wire.troubles.report("capture", trouble)

    def broken(self, error: BaseException) -> None:
        self._tell_upload(complete=False)
        if isinstance(error, RequestException) and error.request is self.sent:
            error.request = self._request
        self._exchange.broken(error)

    def _tell_upload(self, *, complete: bool) -> None:
        if self._upload is not None:
            self._exchange.uploaded(self._upload.upload, complete=complete and self._upload.is_over)


class _Reading:
    """Tells an exchange what is read from a urllib3 response, through whichever of its methods."""

    def __init__(self, raw: Any, exchange: Exchange) -> None:
        self._raw, self._exchange = raw, exchange
        self._read, self._stream, self._close = raw.read, getattr(raw, "stream", None), raw.close
        self._is_streaming = False

    def begin(self) -> None:
        # On the response itself: requests and its users must find the same object with all it can do.
        self._raw.read, self._raw.close = self.read, self.close
        if self._stream is not None:
            self._raw.stream = self.stream

    def stream(self, amt: int | None = 2**16, decode_content: bool | None = None) -> Iterator[bytes]:
        assert self._stream is not None
        exchange, chunks = self._exchange, self._stream(amt, decode_content)
        while True:
            # urllib3's own `stream` calls its `read`, which is ours now.
            self._is_streaming = True
            try:
                chunk = next(chunks, None)
            except BaseException as error:
                exchange.broken(error)
                raise
            finally:
                self._is_streaming = False
            if chunk is None:
                break
            exchange.chunk(chunk, decoded=self._is_decoded(decode_content))
            yield chunk
        exchange.ended()

    def read(self, amt: int | None = None, decode_content: bool | None = None, *rest: Any, **more: Any) -> bytes:
        try:
            data: bytes = self._read(amt, decode_content, *rest, **more)
        except BaseException as error:
            if not self._is_streaming:
                self._exchange.broken(error)
            raise
        if not self._is_streaming:
            if data:
                self._exchange.chunk(data, decoded=self._is_decoded(decode_content))
            if amt is None or (not data and amt):
                self._exchange.ended()
        return data

    def close(self) -> None:
        is_read_out = getattr(self._raw, "length_remaining", None) == 0
        try:
            self._close()
        finally:
            self._exchange.closed(read_out=is_read_out)

    def _is_decoded(self, decode_content: bool | None) -> bool:
        return bool(getattr(self._raw, "decode_content", True) if decode_content is None else decode_content)


class _Pieces:
    """A body that is sent in pieces, each of which is kept as it leaves; all else is as the caller's own."""

    def __init__(self, body: Any, limit: int) -> None:
        self._body, self.upload = body, Upload(limit)
        self.is_over = False

    def __iter__(self) -> Iterator[Any]:
        for piece in self._body:
            self._take(piece)
            yield piece
        self.is_over = True

    def __getattr__(self, name: str) -> Any:
        if name == "read":
            read = self._body.read  # urllib3 asks whether there is one
            return lambda *args: self._take(read(*args))
        return getattr(self._body, name)

    def _take(self, piece: Any) -> Any:
        self.upload.take(piece.encode() if isinstance(piece, str) else piece)
        self.is_over |= not piece
        return piece


def _headers_of(headers: Mapping[Any, Any]) -> list[tuple[str, str]]:
    return [(_text(name), _text(value)) for name, value in headers.items()]


def _retries_of(raw: Any) -> list[Any]:
    """What urllib3 repeated by itself, below any adapter: the status or the error's class of each attempt."""
    history = getattr(getattr(raw, "retries", None), "history", ())
    return [attempt.status or type(attempt.error).__name__ for attempt in history]


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
