"""A backend for each test, and clients that reach it through a call's transport or adapter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from servers import Backend, a_backend


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A real server that keeps every byte it receives."""
    with a_backend() as backend:
        yield backend


@pytest.fixture(autouse=True)
def nothing_stays_instrumented() -> Iterator[None]:
    """A test that leaves another tracer in a client fails itself, not one that comes later in the same process."""
    yield
    left = [
        type(instrumentor).__name__
        for instrumentor in (HTTPXClientInstrumentor(), HTTPX2ClientInstrumentor(), RequestsInstrumentor())
        if instrumentor.is_instrumented_by_opentelemetry
    ]
    assert left == []
