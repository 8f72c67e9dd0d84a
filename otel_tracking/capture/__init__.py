"""Record the wire: what really left the process on a backend call, and what came back.

    with stage.backend_call("ollama", model="mistral-nemo", configured=parameters) as call:
        with httpx.Client(transport=call.transport()) as client:
            answer = client.post(url, json=body).json()

`docs/wire-capture.md` shows the rest. Who sends or reads a recorded body again finds here how it was read. httpx and
requests are imported when one of their classes is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otel_tracking.capture.answers import AnswerBody as AnswerBody
    from otel_tracking.capture.bodies import exact_body as exact_body
    from otel_tracking.capture.httpx_transport import AsyncCapturingTransport as AsyncCapturingTransport
    from otel_tracking.capture.httpx_transport import CapturingTransport as CapturingTransport
    from otel_tracking.capture.installing import install as install
    from otel_tracking.capture.installing import uninstall as uninstall
    from otel_tracking.capture.key_order import in_order as in_order
    from otel_tracking.capture.lines import Events as Events
    from otel_tracking.capture.lines import Lines as Lines
    from otel_tracking.capture.media import put_back as put_back
    from otel_tracking.capture.multipart import boundary_of as boundary_of
    from otel_tracking.capture.requests_adapter import CapturingAdapter as CapturingAdapter
    from otel_tracking.capture.settings import CaptureSettings as CaptureSettings

_HOMES = {
    "AnswerBody": "answers",
    "AsyncCapturingTransport": "httpx_transport",
    "CaptureSettings": "settings",
    "CapturingAdapter": "requests_adapter",
    "CapturingTransport": "httpx_transport",
    "Events": "lines",
    "Lines": "lines",
    "boundary_of": "multipart",
    "exact_body": "bodies",
    "in_order": "key_order",
    "install": "installing",
    "put_back": "media",
    "uninstall": "installing",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    from otel_tracking.extras import Extra

    with Extra("capture"):
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
