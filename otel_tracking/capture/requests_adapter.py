"""An adapter for requests that records what passes through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response
from requests.adapters import BaseAdapter, HTTPAdapter

from otel_tracking.capture.current import WiredCall, current_call
from otel_tracking.capture.exchange import Exchange, SentRequest
from otel_tracking.capture.passing import leaving
from otel_tracking.capture.propagation import TRACEPARENT, trace_header
from otel_tracking.capture.settings import DEFAULT_CAPTURE, CaptureSettings
from otel_tracking.capture.urllib3_bodies import ReadResponse, SentPieces, headers_of, retries_of
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

        def inner(sent: PreparedRequest) -> Response:
            return self._inner.send(sent, stream, timeout, verify, cert, proxies, **more)

        return send_recorded(inner, request, self._call or current_call(), self._capture)

    def close(self) -> None:
        """Close the inner adapter."""
        self._inner.close()
        super().close()


def send_recorded(
    send: Callable[[PreparedRequest], Response],
    request: PreparedRequest,
    call: WiredCall | None,
    capture: CaptureSettings,
) -> Response:
    """The response to a request that `send` sends, recorded on a call where there is one."""
    passage = _begin(call, request, capture)
    if passage is None:
        return send(request)
    try:
        with leaving():
            response = send(passage.sent)
    except BaseException as error:
        passage.broken(error)
        raise
    passage.answered(response)
    return response


def _begin(call: WiredCall | None, request: PreparedRequest, capture: CaptureSettings) -> _Passage | None:
    if call is None:
        return None
    try:
        headers = headers_of(request.headers or {})
        exchange = wire_of(call).begin(SentRequest(request.method or "GET", request.url or "", headers), capture)
        return None if exchange is None else _Passage(exchange, request, capture)
    except Exception as trouble:
        call.not_recorded(trouble)
        return None


class _Passage:
    """One request on its way: the exchange it is told to, and the request that is really sent."""

    def __init__(self, exchange: Exchange, request: PreparedRequest, capture: CaptureSettings) -> None:
        self._exchange, self._request = exchange, request
        self._upload: SentPieces | None = None
        self.sent = self._with_trace(request, capture)
        if request.body is None or isinstance(request.body, str | bytes | bytearray):
            exchange.sent(request.body.encode() if isinstance(request.body, str) else bytes(request.body or b""))
        else:
            self._upload = SentPieces(request.body, capture.largest_body)
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
            exchange.left_with(headers_of(self.sent.headers or {}))
            if response.request is self.sent:
                response.request = self._request
            exchange.transport_retries = retries_of(response.raw)
            came = getattr(response.raw, "headers", None) or response.headers
            exchange.answered(response.status_code, headers_of(came))
            ReadResponse(response.raw, exchange).begin()
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
