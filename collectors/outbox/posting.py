"""Hand a request to a server over OTLP/HTTP, and say what its answer means."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same request may be taken: https://opentelemetry.io/docs/specs/otlp/#failures-1, and 500."""


class Verdict(StrEnum):
    """What became of a request: taken, not now, or never."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"


class Answer(NamedTuple):
    """What a server made of a request; `wait` is how many seconds it wants to be left alone, where it says so."""

    verdict: Verdict
    reason: str = ""
    wait: float | None = None


Post = Callable[[bytes], Answer]
"""Hands over the body of an OTLP trace request in protobuf. Never raises."""


def http_post(endpoint: str, token: str | None = None) -> Post:
    """A way to a server: OTLP/HTTP, packed, with a bearer token where there is one."""
    import requests

    session = requests.Session()
    session.headers.update({"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"})
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    # A redirect would hand what children wrote to somebody else.
    session.max_redirects = 0

    def post(body: bytes) -> Answer:
        try:
            answer = session.post(
                endpoint, gzip.compress(body, 6), timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False
            )
        except requests.RequestException as trouble:
            return Answer(Verdict.LATER, type(trouble).__name__)
        return _answer(answer.status_code, answer.content, answer.headers.get("Retry-After", ""))

    return post


def _answer(status: int, content: bytes, retry_after: str) -> Answer:
    if 200 <= status < 300:
        rejected = _rejected(content)
        return Answer(Verdict.REFUSED, f"{rejected} spans were not taken") if rejected else Answer(Verdict.TAKEN)
    if status in _LATER:
        return Answer(Verdict.LATER, f"HTTP {status}", float(retry_after) if retry_after.isdecimal() else None)
    return Answer(Verdict.REFUSED, f"HTTP {status}")


def _rejected(content: bytes) -> int:
    """How many spans a server says it did not take; none where it says nothing that can be read."""
    try:
        return int(ExportTraceServiceResponse.FromString(content).partial_success.rejected_spans)
    except Exception:
        return 0
