"""httpx, and httpx2 after it: the transports that send."""

from __future__ import annotations

from typing import Any

from otel_tracking.capture.httpx_transport import send_recorded, send_recorded_async
from otel_tracking.capture.installing import calling, settings, wrap


def wrap_all(module: Any) -> None:
    """Record what leaves through the library's own transports."""
    wrap(module.HTTPTransport, "handle_request", _recorded)
    wrap(module.AsyncHTTPTransport, "handle_async_request", _recorded_async)


def _recorded(handle_request: Any) -> Any:
    def recorded(self: Any, request: Any) -> Any:
        call = calling()
        if call is None:
            return handle_request(self, request)
        return send_recorded(lambda sent: handle_request(self, sent), request, call, settings())

    return recorded


def _recorded_async(handle_async_request: Any) -> Any:
    async def recorded(self: Any, request: Any) -> Any:
        call = calling()
        if call is None:
            return await handle_async_request(self, request)
        return await send_recorded_async(lambda sent: handle_async_request(self, sent), request, call, settings())

    return recorded
