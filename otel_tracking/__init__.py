"""What an orchestrator imports: wrap stages in scopes, log items, and go on with the work."""

from otel_tracking.record import ExecutionItem, ExecutionRecord, FinishReason, Media, SpanRecord, Status
from otel_tracking.taxonomy import ItemType, MediaType

__all__ = [
    "ExecutionItem",
    "ExecutionRecord",
    "FinishReason",
    "ItemType",
    "Media",
    "MediaType",
    "SpanRecord",
    "Status",
]
