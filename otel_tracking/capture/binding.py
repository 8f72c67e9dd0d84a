"""What a backend call offers to HTTP clients: a transport, an adapter, and being the current call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, overload

from otel_tracking.capture.current import CurrentCall, WiredCall

if TYPE_CHECKING:
    import httpx
    from requests.adapters import BaseAdapter

    from otel_tracking.capture.httpx_transport import CapturingTransport
    from otel_tracking.capture.settings import CaptureSettings


class CapturesHttp(WiredCall):
    """The part of a backend call that records the wire. What does the work is imported when it is asked for."""

    __slots__ = ()

    @overload
    def transport(self, inner: None = None, *, capture: CaptureSettings | None = None) -> CapturingTransport: ...

    @overload
    def transport(
        self, inner: httpx.AsyncBaseTransport, *, capture: CaptureSettings | None = None
    ) -> httpx.AsyncBaseTransport: ...

    @overload
    def transport(
        self, inner: httpx.BaseTransport, *, capture: CaptureSettings | None = None
    ) -> httpx.BaseTransport: ...

    @overload
    def transport(self, inner: Any, *, capture: CaptureSettings | None = None) -> Any: ...

    def transport(self, inner: Any = None, *, capture: CaptureSettings | None = None) -> Any:
        """A transport that records on this call what leaves and what comes back; `inner` does the work.

        Without `inner` it serves sync and async clients of httpx and of httpx2 (which the openai package uses). What is
        no transport of either kind comes back as it is, and nothing is recorded of it.
        """
        from otel_tracking.extras import Extra

        with Extra("capture"):
            from otel_tracking.capture.httpx_transport import capturing_transport

        return capturing_transport(inner, self, capture)

    def adapter(self, inner: BaseAdapter | None = None, *, capture: CaptureSettings | None = None) -> BaseAdapter:
        """A requests adapter that records on this call what leaves and what comes back; `inner` does the work."""
        from otel_tracking.extras import Extra

        with Extra("capture"):
            from otel_tracking.capture.requests_adapter import capturing_adapter

        return capturing_adapter(inner, self, capture)

    def current(self) -> CurrentCall[Self]:
        """A block in which a client that many calls share (`CapturingTransport`, `CapturingAdapter`) records on this
        call. It holds for tasks begun in it, not for other threads; inside a generator only while that runs.
        """
        return CurrentCall(self)
