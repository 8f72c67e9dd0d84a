"""The execution history of earlier servers, by its own names: one changed import, and the same calls are recorded here.

`otel_tracking.migration.era_a` has the same names with records and storage ready; from here they are wired with
`configure`.
"""

from otel_tracking.migration.home import (
    Home,
    Store,
    configure,
    delete_execution_record,
    get_storage_stats,
    list_execution_records,
    load_execution_record,
    save_execution_record,
)
from otel_tracking.migration.records import ExecutionRecord
from otel_tracking.migration.side_by_side import beside
from otel_tracking.migration.tracker import ExecutionTracker
from otel_tracking.record import ExecutionItem
from otel_tracking.taxonomy import ItemType, MediaType

__all__ = [
    "ExecutionItem",
    "ExecutionRecord",
    "ExecutionTracker",
    "Home",
    "ItemType",
    "MediaType",
    "Store",
    "beside",
    "configure",
    "delete_execution_record",
    "get_storage_stats",
    "list_execution_records",
    "load_execution_record",
    "save_execution_record",
]
