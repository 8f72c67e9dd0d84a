"""All exchanges of one backend call: which of them the call itself speaks of, and spans for the others.

A call's own span holds the last attempt (the last request with a body, as long as there is one, and its answer).
Any other exchange has a CLIENT span of its own below it: an attempt that was repeated, a request that was redirected,
a question whether the result is ready. A call with one request, which is nearly every call, costs no span more.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol, TypeVar

from opentelemetry.trace import SpanKind, StatusCode

from otel_tracking import attributes
from otel_tracking.capture import names
from otel_tracking.capture.current import WiredCall
from otel_tracking.capture.exchange import Exchange, SentRequest
from otel_tracking.capture.settings import CaptureSettings
from otel_tracking.frame import FACT, freeze
from otel_tracking.scope import Scope
from otel_tracking.span_event import Frame

NOT_CAPTURED = "not_captured"
"""Name of the fact that says why `passed` may be null, or not all."""

MOST_UNSEEN = 16

MOST_SPANS = 256
"""Exchanges of one call with a span of their own. Who asks more often whether it is ready is counted only."""


E = TypeVar("E", bound=Exchange)


class HasWire(Protocol):
    """What stands for a call and has its wire already."""

    wire: Wire


def wire_of(call: WiredCall | HasWire) -> Wire:
    """The exchanges of a call; there is one `Wire` for all its transports."""
    # Two threads may both get here; the first one's is taken by both.
    with _first:
        wire = call.wire
        if not isinstance(wire, Wire):
            assert isinstance(call, WiredCall)
            call.wire = wire = Wire(call)
        return wire


_first = threading.Lock()


class Wire:
    """What one backend call exchanges with its backend."""

    def __init__(self, call: WiredCall) -> None:
        self._call, self._run = call, call._run
        self.troubles, self.now = self._run.troubles, self._run.now
        self.policy = self._run.redactor.on_the_wire
        self.secrets: set[str] = set()
        self._lock = threading.Lock()
        self._count = 0
        self._told: Exchange | None = None
        self._open: set[Exchange] = set()
        self._unseen: dict[str, None] = {}

    def begin(self, request: SentRequest, settings: CaptureSettings) -> Exchange | None:
        """The exchange of a request that is about to be sent; None where nothing can be kept of it."""
        return self.begin_as(Exchange, request, settings)

    def begin_as(self, kind: type[E], request: SentRequest, settings: CaptureSettings) -> E | None:
        """The same for an exchange of another kind, such as a `SocketExchange`."""
        try:
            with self._lock:
                self._count += 1
                return self._begin(kind, request, settings)
        except Exception as trouble:
            self.troubles.report("capture", trouble)
            return None

    def _begin(self, kind: type[E], request: SentRequest, settings: CaptureSettings) -> E | None:
        told = self._told
        if told is None or _replaces(request, told):
            if told is not None:
                self._move_to_own_span(told)
            scope: Scope = self._call
        elif self._count <= MOST_SPANS:
            scope = self._child(request.method, self.now())
        else:
            return None
        exchange = kind(self, scope, request, settings, self._count)
        if scope is self._call:
            self._told = exchange
        self._open.add(exchange)
        return exchange

    def finished(self, exchange: Exchange) -> None:
        """An exchange is over."""
        self._open.discard(exchange)
        if exchange.scope is not self._call:
            self._end(exchange.scope, exchange, exchange.ended_ns)

    def not_covered(self, address: str, opener: str) -> None:
        """A connection was opened by a client that nobody records."""
        if len(self._unseen) < MOST_UNSEEN:
            self._unseen[f"{opener} opened a connection to {address}, with a client that is not recorded"] = None

    def close(self) -> None:
        """The call ends: say what is known of answers that nobody read to their end."""
        if self._unseen:
            self.keep(self._call, NOT_CAPTURED, list(self._unseen), self.now())
        for exchange in tuple(self._open):
            exchange.report_unfinished()
            if exchange.scope is not self._call:
                self._end(exchange.scope, exchange, exchange.ended_ns)

    def keep(self, scope: Scope, name: str, value: Any, at: int) -> None:
        """A fact on `scope`, frozen now, with its own time."""
        self._run.emit_to(scope, Frame(name, at, scope.id, freeze((FACT, scope.id, name, value))))

    def _move_to_own_span(self, exchange: Exchange) -> None:
        scope = self._child(exchange.request.method, exchange.started_ns)
        exchange.scope = scope
        if exchange.passed is not None:
            self.keep(scope, "passed", exchange.passed, exchange.passed_ns)
        if exchange.response is not None:
            self.keep(scope, "response", exchange.response, exchange.ended_ns)
        self._end(scope, exchange, exchange.ended_ns)

    def _child(self, method: str, started_ns: int) -> Scope:
        call = self._call
        known = attributes.FlatAttributes({names.HTTP_REQUEST_METHOD: attributes.flat(method)})
        span = self._run.start_span(call, attributes.viewer_text(method), SpanKind.CLIENT, known, started_ns)
        return Scope(self._run, span, started_ns, call.place)

    def _end(self, scope: Scope, exchange: Exchange, ended_ns: int) -> None:
        if scope.ended:
            return
        scope.ended = True
        failure = failure_of(exchange)
        if exchange.status is not None:
            scope.span.set_attribute(names.HTTP_RESPONSE_STATUS_CODE, exchange.status)
        if failure is not None:
            scope.span.set_attribute(attributes.ERROR_TYPE, failure)
            scope.span.set_status(StatusCode.ERROR)
        scope.span.end(ended_ns)


def _replaces(request: SentRequest, told: Exchange) -> bool:
    """Whether the call is to speak of `request` from now on instead of the exchange it spoke of so far."""
    redirected = told.status is not None and 300 <= told.status < 400
    return told.is_over and (request.sends or redirected or not told.request.sends)


def failure_of(exchange: Exchange) -> str | None:
    """What `error.type` says of an exchange: its exception, its status where that is one of failure, or nothing."""
    if exchange.error_type is not None:
        return exchange.error_type
    return str(exchange.status) if exchange.status is not None and exchange.status >= 400 else None
