"""Hand a request to a server over OTLP/HTTP, and say what its answer means."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
LONGEST_RETRY_AFTER = 3600.0
"""Seconds that a server may ask for. One that asks for more is asked again after these."""

_LONGEST_ANSWER = 2**16
_ABOUT_THE_REQUEST = frozenset({400, 406, 411, 413, 414, 415, 422, 431})
"""Answers that the same request will always get. All others may change: a token is mended, a server is put right."""


class Reception(StrEnum):
    """What became of a request: taken, not now, or never."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"


class ServerAnswer(NamedTuple):
    """What a server made of a request; `wait` is how many seconds it wants to be left alone, where it says so."""

    verdict: Reception
    reason: str = ""
    wait: float | None = None


Post = Callable[[bytes], ServerAnswer]
"""Hands over the body of an OTLP trace request in protobuf. Never raises."""


def http_post(endpoint: str, token: str | None = None) -> Post:
    """A way to a server: OTLP/HTTP, packed, with a bearer token where there is one. For one thread."""
    import requests

    session = requests.Session()
    session.headers.update({"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"})
    if token:
        session.auth = _bearer(token)

    def post(body: bytes) -> ServerAnswer:
        try:
            with session.post(
                endpoint,
                gzip.compress(body, 6),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                # A redirect would hand what children wrote to somebody else.
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = answer.raw.read(_LONGEST_ANSWER, decode_content=True)
                return answer_of(answer.status_code, content, answer.headers.get("Retry-After", ""))
        except Exception as trouble:  # libraries raise what they like, and none of it is a reason to lose a request
            return ServerAnswer(Reception.LATER, type(trouble).__name__)

    return post


def _bearer(token: str) -> Callable[[Any], Any]:
    # As `auth`, and not as a header: a `.netrc` would take its place.
    def add(request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return add


def answer_of(status: int, content: bytes = b"", retry_after: str = "") -> ServerAnswer:
    """What an answer means.

    >>> answer_of(429, retry_after="7")
    ServerAnswer(verdict=<Reception.LATER: 'later'>, reason='HTTP 429', wait=7.0)
    """
    if 200 <= status < 300:
        rejected = _rejected(content)
        return (
            ServerAnswer(Reception.REFUSED, f"{rejected} spans were not taken")
            if rejected
            else ServerAnswer(Reception.TAKEN)
        )
    if status in _ABOUT_THE_REQUEST:
        return ServerAnswer(Reception.REFUSED, f"HTTP {status}")
    return ServerAnswer(Reception.LATER, f"HTTP {status}", _seconds(retry_after))


def _rejected(content: bytes) -> int:
    """How many spans a server says it did not take; none where it says nothing that can be read."""
    try:
        return int(ExportTraceServiceResponse.FromString(content).partial_success.rejected_spans)
    except Exception:
        return 0


def _seconds(retry_after: str) -> float | None:
    """A number of seconds, or a date; None for what is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:10]), LONGEST_RETRY_AFTER)
    try:
        left = (parsedate_to_datetime(text) - dt.datetime.now(dt.UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(left, 0.0), LONGEST_RETRY_AFTER)
