"""What an orchestrator imports: wrap stages in scopes, log items, and go on with the work."""

from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionItem, ExecutionRecord, FinishReason, Media, SpanRecord
from otel_tracking.taxonomy import ItemType, MediaType
from otel_tracking.tracker import ExecutionTracker

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
