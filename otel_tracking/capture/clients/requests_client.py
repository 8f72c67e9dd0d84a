"""requests: the adapter that every session sends with, that of a bare `requests.post` too."""

from __future__ import annotations

from typing import Any

from otel_tracking.capture.installing import calling, settings, wrap
from otel_tracking.capture.requests_adapter import send_recorded


def wrap_all(module: Any) -> None:
    """Record what leaves through the plain adapter."""
    wrap(module.HTTPAdapter, "send", _recorded)


def _recorded(send: Any) -> Any:
    def recorded(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        call = calling()
        if call is None:
            return send(self, request, *args, **kwargs)
        return send_recorded(lambda sent: send(self, sent, *args, **kwargs), request, call, settings())

    return recorded
