"""Record the wire: what really left the process on a backend call, and what came back.

    with stage.backend_call("ollama", model="mistral-nemo", configured=parameters) as call:
        with httpx.Client(transport=call.transport()) as client:
            answer = client.post(url, json=body).json()

`docs/wire-capture.md` shows the rest. httpx and requests are imported when one of their classes is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otel_tracking.capture.bodies import exact_body
    from otel_tracking.capture.httpx_transport import AsyncCapturingTransport, CapturingTransport
    from otel_tracking.capture.requests_adapter import CapturingAdapter
    from otel_tracking.capture.settings import CaptureSettings

__all__ = ["AsyncCapturingTransport", "CaptureSettings", "CapturingAdapter", "CapturingTransport", "exact_body"]

_HOMES = {
    "CaptureSettings": "settings",
    "AsyncCapturingTransport": "httpx_transport",
    "CapturingTransport": "httpx_transport",
    "CapturingAdapter": "requests_adapter",
    "exact_body": "bodies",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
