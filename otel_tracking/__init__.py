"""What an orchestrator imports: wrap stages in scopes, log items, and go on with the work."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otel_tracking.ambient import current_scope
    from otel_tracking.outcome import Status
    from otel_tracking.record import ExecutionItem, ExecutionRecord, FinishReason, Media, SpanRecord
    from otel_tracking.secrets.redaction import RedactionPolicy
    from otel_tracking.surroundings import carried, carried_steps
    from otel_tracking.taxonomy import ItemType, MediaType
    from otel_tracking.tracker import ExecutionTracker

_HOME = {
    "ExecutionTracker": "tracker",
    "ItemType": "taxonomy",
    "MediaType": "taxonomy",
    "RedactionPolicy": "secrets.redaction",
    "Status": "outcome",
    "carried": "surroundings",
    "carried_steps": "surroundings",
    "current_scope": "ambient",
}
"""Where what is not in `record` is."""

__all__ = [
    "ExecutionItem",
    "ExecutionRecord",
    "ExecutionTracker",
    "FinishReason",
    "ItemType",
    "Media",
    "MediaType",
    "RedactionPolicy",
    "SpanRecord",
    "Status",
    "carried",
    "carried_steps",
    "current_scope",
]


def __getattr__(name: str) -> Any:
    # Who logs needs no records, a third of the import time; who asks which extra is missing needs no OpenTelemetry.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"otel_tracking.{_HOME.get(name, 'record')}"), name)
    globals()[name] = found
    return found
