"""Where records may be sent: over TLS, or to this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from collectors.listening import is_loopback
from collectors.viewers.settings import is_address, with_path
from otel_tracking.errors import RecordingError


def research_address(given: str) -> str:
    """The address for OTLP/HTTP, with its path. Raises `RecordingError` for one that is none or is not safe.

    Whole records travel there, with what children wrote: nobody on the way may read them.

    >>> research_address("https://gateway.example:4318")
    'https://gateway.example:4318/v1/traces'
    """
    if not is_address(given):
        came = given.rpartition("@")[2]  # before it there may be a password
        raise RecordingError(
            f"the research endpoint is {came!r:.80}; an address such as https://gateway.example:4318 would work"
        )
    parts = urlsplit(given)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise RecordingError(
            f"the research endpoint is http://{parts.hostname}: what children wrote would be readable on its way; "
            "https:// would work, or http:// to a Collector on this machine"
        )
    return with_path(given)
