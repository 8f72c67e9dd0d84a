"""What an orchestrator imports: wrap stages in scopes, log items, and go on with the work."""

from typing import TYPE_CHECKING, Any

from otel_tracking.outcome import Status
from otel_tracking.taxonomy import ItemType, MediaType
from otel_tracking.tracker import ExecutionTracker

if TYPE_CHECKING:
    from otel_tracking.record import ExecutionItem, ExecutionRecord, FinishReason, Media, SpanRecord

__all__ = [
    "ExecutionItem",
    "ExecutionRecord",
    "ExecutionTracker",
    "FinishReason",
    "ItemType",
    "Media",
    "MediaType",
    "SpanRecord",
    "Status",
]


def __getattr__(name: str) -> Any:
    # Who logs needs no records: a third of the import time is theirs.
    if name in __all__:
        from otel_tracking import record

        return getattr(record, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
