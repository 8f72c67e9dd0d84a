"""The execution history of era A by the name it had here first: `otel_tracking.migration.era_a`, and more to erase.

What is deleted leaves this server's tickets and audit log too.
"""

from __future__ import annotations

from collectors import Recording
from devserver.erasing import places_of
from devserver.errors import SettingsError
from otel_tracking.environment import RecordingSettings
from otel_tracking.errors import RecordingError
from otel_tracking.migration import era_a
from otel_tracking.migration.era_a import (
    ExecutionItem,
    ExecutionRecord,
    ExecutionTracker,
    ItemType,
    MediaType,
    beside,
    delete_execution_record,
    get_storage_stats,
    list_execution_records,
    load_execution_record,
    save_execution_record,
    stop,
)

__all__ = [
    "ExecutionItem",
    "ExecutionRecord",
    "ExecutionTracker",
    "ItemType",
    "MediaType",
    "beside",
    "delete_execution_record",
    "get_storage_stats",
    "list_execution_records",
    "load_execution_record",
    "save_execution_record",
    "start",
    "stop",
]


def start(settings: RecordingSettings | None = None) -> Recording:
    """The recording that runs go to, started now if none is; `SettingsError` where it cannot be as it is set."""
    try:
        recording: Recording = era_a.start(settings)
    except RecordingError as trouble:
        raise SettingsError(str(trouble)) from trouble
    return recording


era_a.erase_from(places_of)
