"""One backend call with a client bound to it, and the spans that became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
from builders import record_of

from otel_tracking import SpanRecord
from otel_tracking.capture import CaptureSettings
from otel_tracking.scopes import BackendCall


def spans_of(pipeline: Callable[[BackendCall], Any], **options: Any) -> list[SpanRecord]:
    """The CLIENT spans of a run with one call: the call's own, then those of its other exchanges."""

    def run_it(run: Any) -> None:
        with run.stage(2) as stage, stage.backend_call("ollama", model="mistral-nemo", **options) as call:
            pipeline(call)

    return [span for span in record_of(run_it).spans if span.kind == "client"]


def span_of(pipeline: Callable[[BackendCall], Any], **options: Any) -> SpanRecord:
    """The span of a call with one exchange."""
    [span] = spans_of(pipeline, **options)
    return span


def with_httpx(call: BackendCall, method: str, url: str, **request: Any) -> bytes:
    """The content of an answer, fetched with `httpx.Client`."""
    with httpx.Client(transport=call.transport(capture=request.pop("capture", None)), timeout=60) as client:
        return client.request(method, url, **request).content


def with_async_httpx(call: BackendCall, method: str, url: str, **request: Any) -> bytes:
    """The same with `httpx.AsyncClient`."""
    capture: CaptureSettings | None = request.pop("capture", None)

    async def fetch() -> bytes:
        transport = call.transport(httpx.AsyncHTTPTransport(), capture=capture)
        async with httpx.AsyncClient(transport=transport, timeout=60) as client:
            return (await client.request(method, url, **request)).content

    return asyncio.run(fetch())


def with_requests(call: BackendCall, method: str, url: str, **request: Any) -> bytes:
    """The same with requests; `content` is its `data`."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", call.adapter(capture=request.pop("capture", None)))
        if "content" in request:
            request["data"] = request.pop("content")
        return session.request(method, url, timeout=60, **request).content


CLIENTS = [
    pytest.param(with_httpx, id="httpx"),
    pytest.param(with_async_httpx, id="async httpx"),
    pytest.param(with_requests, id="requests"),
]
every_client = pytest.mark.parametrize("fetch", CLIENTS)
