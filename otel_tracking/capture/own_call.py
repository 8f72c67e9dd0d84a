"""A call for a request that leaves in a run, and in no backend call: it is opened for that request, and ends with its
answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from opentelemetry.trace import StatusCode

from otel_tracking import attributes
from otel_tracking.capture.current import WiredCall
from otel_tracking.capture.exchange import Exchange, SentRequest
from otel_tracking.capture.settings import CaptureSettings
from otel_tracking.capture.wire import E, Wire, failure_of
from otel_tracking.scopes import BackendCall, CallingScope


class OwnCall:
    """Stands for a call that is not open yet, where a client asks which one it works for."""

    def __init__(self, scope: CallingScope) -> None:
        self._scope, self._run, self.ended = scope, scope._run, False
        self.wire: Wire = _OwnWire(scope)

    def __eq__(self, other: object) -> bool:
        """Whether another one was asked for in the same scope."""
        return isinstance(other, OwnCall) and other._scope is self._scope

    def __hash__(self) -> int:
        return id(self._scope)

    def not_recorded(self, trouble: Exception | str) -> None:
        """Count what could not be recorded, and tell it once."""
        self._run.troubles.report("capture", trouble)


class _OwnWire(Wire):
    """Opens a call for each request: who is redirected sends two."""

    def __init__(self, scope: CallingScope) -> None:
        self._scope = scope

    def begin_as(self, kind: type[E], request: SentRequest, settings: CaptureSettings) -> E | None:
        """The exchange of a request, on a call of its own."""
        call = self._scope.backend_call(_host_of(request.url), operation=request.method, current=False)
        super().__init__(call)
        call.wire = self
        self._run.own_calls.add(call)
        exchange = super().begin_as(kind, request, settings)
        if exchange is None:
            self._end_call(call)
        return exchange

    def finished(self, exchange: Exchange) -> None:
        """The answer is there: so is the end of the call."""
        super().finished(exchange)
        call = self._call
        if isinstance(call, BackendCall):
            if (failure := failure_of(exchange)) is not None:
                call.span.set_attribute(attributes.ERROR_TYPE, failure)
                call.span.set_status(StatusCode.ERROR)
            self._end_call(call)

    def not_covered(self, address: str, opener: str) -> None:
        """A connection of whoever it is: only of a call it is known that something is missing."""

    def _end_call(self, call: BackendCall) -> None:
        self._run.own_calls.discard(call)
        call.end()


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] or "unknown"


Called = WiredCall | OwnCall
"""What a request is recorded on."""
