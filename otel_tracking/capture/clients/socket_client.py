"""Connections that nobody records: a call during which one was opened says so, instead of nothing."""

from __future__ import annotations

import sys
from typing import Any

from otel_tracking.capture.installing import calling, wrap
from otel_tracking.capture.wire import wire_of

_CARRIERS = ("socket", "ssl", "asyncio", "selectors", "http", "otel_tracking", "socketserver", "anyio")
"""Modules between whoever opens a connection and its socket."""


def wrap_all(module: Any) -> None:
    """Notice connections."""
    # Of the class in C that they come from nothing can be replaced.
    for name in ("connect", "connect_ex"):
        wrap(module.socket, name, _noticed)


def _noticed(connect: Any) -> Any:
    def noticed(self: Any, address: Any, /) -> Any:
        call = calling()
        if call is not None:
            try:
                wire_of(call).not_covered(_said(address), _opener())
            except Exception as trouble:
                call.not_recorded(trouble)
        return connect(self, address)

    return noticed


def _said(address: Any) -> str:
    if isinstance(address, tuple) and len(address) >= 2:
        return f"{address[0]}:{address[1]}"
    return "a local socket"


def _opener() -> str:
    frame = sys._getframe(2)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] in _CARRIERS:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "?"))
