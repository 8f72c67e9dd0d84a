"""Where traces are sent, and how: what was handed in, else what OpenTelemetry's own environment variables say."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from otel_tracking.errors import RecordingError

VIEWER, FULL = "viewer", "full"
CONTENTS = (VIEWER, FULL)
"""What may be sent: what a person looks at, or everything, for `otel-tracking collect` of the same owner."""

PATH = "/v1/traces"
TIMEOUT_SECONDS = 10.0
_COMPRESSIONS = frozenset({"gzip", "deflate", "none"})
_ON = 1.0
_SAMPLERS = {"always_on": _ON, "always_off": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpSettings:
    """One place that takes traces over OTLP/HTTP. `ratio` is the share of runs that a viewer is sent."""

    # An address may hold a password.
    endpoint: str = field(repr=False)
    content: str = VIEWER
    timeout: float = TIMEOUT_SECONDS
    compression: str = "gzip"
    ratio: float = _ON

    @property
    def address(self) -> str:
        """The endpoint as it may be shown: without user, password and query.

        >>> OtlpSettings(endpoint="http://me:secret@localhost:4318/v1/traces").address
        'http://localhost:4318/v1/traces'
        """
        parts = urlsplit(self.endpoint)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@dataclass(frozen=True, slots=True)
class NotSent:
    """Traces are sent nowhere, and why; `is_mistake` where somebody wanted them to be sent, and said it wrongly."""

    reason: str
    is_mistake: bool = False

    def health(self) -> dict[str, Any]:
        """The health of an output that is not there."""
        counts = {"sent": 0, "failed": 0, "dropped": 0, "waiting": 0}
        last_error = self.reason if self.is_mistake else None
        return {"endpoint": None, "content": None, **counts, "last_error": last_error, "reason": self.reason}


def read_otlp_settings(
    endpoint: str | bool | None = None,
    content: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> OtlpSettings | NotSent:
    """Where traces go. Raises `RecordingError` for an endpoint or content that was handed in and cannot be.

    `endpoint` is an address (`/v1/traces` is added where it has no path), None for what the environment says, or False
    for nowhere. What the environment says wrongly sends nothing and raises nothing.

    >>> read_otlp_settings("http://localhost:4318", environment={}).endpoint
    'http://localhost:4318/v1/traces'
    >>> read_otlp_settings(environment={})
    NotSent(reason='no endpoint was given', is_mistake=False)
    """
    content = VIEWER if content is None else content
    if content not in CONTENTS:
        raise RecordingError(f"otlp_content is {content!r:.60}; viewer or full would work (docs/jaeger.md)")
    if endpoint is False:
        return NotSent("switched off")
    given = str(endpoint) if isinstance(endpoint, str) and endpoint else None
    if given and not is_address(given):
        raise RecordingError(f"otlp_endpoint is {given!r:.80}; an address such as http://localhost:4318 would work")
    against = _reason_against(content, given, environment)
    if against:
        return against
    timeout, compression = _of_traces("TIMEOUT", environment), _of_traces("COMPRESSION", environment)
    return OtlpSettings(
        endpoint=with_path(given) if given else _endpoint_of(environment),
        content=content,
        timeout=_number(timeout, TIMEOUT_SECONDS, largest=600.0) or TIMEOUT_SECONDS,
        compression=compression if compression in _COMPRESSIONS else "gzip",
        ratio=_ratio(environment) if content == VIEWER else _ON,
    )


def _reason_against(content: str, given: str | None, environment: Mapping[str, str]) -> NotSent | None:
    """Why nothing is sent, if so. Viewers are for OpenTelemetry's switches to turn off; research is not."""
    if content == VIEWER and environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return NotSent("OTEL_SDK_DISABLED is true")
    if given:
        return None
    endpoint = _endpoint_of(environment)
    if not endpoint:
        return NotSent("no endpoint was given")
    if environment.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() == "none":
        return NotSent("OTEL_TRACES_EXPORTER is none")
    mistake = _mistake_in(endpoint, _of_traces("PROTOCOL", environment))
    return NotSent(mistake, is_mistake=True) if mistake else None


def _mistake_in(endpoint: str, protocol: str) -> str | None:
    """What is wrong with what the environment says, and what would work; what it says may have a password in it."""
    if not is_address(endpoint):
        return "OTEL_EXPORTER_OTLP_ENDPOINT is no http address; one such as http://localhost:4318 would work"
    if protocol not in ("", "http/protobuf"):
        return f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol:.20}; http/protobuf would work"
    return None


def _endpoint_of(environment: Mapping[str, str]) -> str:
    """The endpoint for traces as it is, or the common one with the path of traces."""
    own = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip()
    common = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    return own or (common.removesuffix("/") + PATH if common else "")


def _of_traces(name: str, environment: Mapping[str, str]) -> str:
    own = environment.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or environment.get(f"OTEL_EXPORTER_OTLP_{name}") or ""
    return own.strip().lower()


def is_address(text: str) -> bool:
    """Whether a text is an address that something can be sent to over HTTP."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def with_path(address: str) -> str:
    """The address with the path of traces where it has none."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=PATH)) if parts.path in ("", "/") else address


def _ratio(environment: Mapping[str, str]) -> float:
    """The share of runs that OpenTelemetry's sampler variables leave; 1 for samplers that are not known here."""
    sampler = environment.get("OTEL_TRACES_SAMPLER", "").strip().lower().removeprefix("parentbased_")
    if sampler == "traceidratio":
        return _number(environment.get("OTEL_TRACES_SAMPLER_ARG", ""), _ON, largest=_ON)
    return _SAMPLERS.get(sampler, _ON)


def _number(text: str, usual: float, *, largest: float) -> float:
    try:
        number = float(text)
    except ValueError:
        return usual
    return number if math.isfinite(number) and 0 <= number <= largest else usual
