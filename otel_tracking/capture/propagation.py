"""Whom a request tells about the trace: our own hosts, nobody else; and never baggage."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Collection

from opentelemetry.trace import Span

TRACEPARENT = "traceparent"


def trace_header(span: Span, host: str, own_hosts: Collection[str]) -> str | None:
    """The `traceparent` value for a request to `host`, or None where the host is not ours or there is no trace."""
    if not (is_loopback(host) or host.lower() in own_hosts):
        return None
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags) & 1:02x}"


@functools.lru_cache(256)
def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by name or address; no name is looked up.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "localhost.example", "10.0.0.1")]
    [True, True, True, False, False]
    """
    host = host.lower().strip("[]").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
