"""A record as students may have it: what a check said no to, and what developers were told, is left out."""

from __future__ import annotations

from typing import Any

from exporters.story.withholding import withheld_in
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import BLOCKED_TYPES, ItemType

_HEAD = (
    *("execution_id", "trace_id", "config_name", "execution_mode", "safety_level", "used_seed"),
    *("total_execution_time", "outputs_generated", "taxonomy_version", "schema_version"),
)
_PLACE = ("sequence_number", "stage", "stage_iteration", "loop_iteration", "config_used", "execution_time")
_SILENT = BLOCKED_TYPES | {ItemType.PIPELINE_ERROR, ItemType.OUTPUT_FAILED}
SHOWN = ("from_lang", "to_lang", "language", "input_language", "safe", "width", "height", "seed", "duration_seconds")


def student_copy(record: ExecutionRecord) -> dict[str, Any]:
    """The record as a dict with the same names and fewer values; `withheld` marks the items that lost some."""
    withheld = withheld_in(record)
    return {
        **{name: getattr(record, name) for name in _HEAD},
        "timestamp": record.timestamp.isoformat(),
        "status": str(record.status),
        "audience": "student",
        "items": [_item(item, is_withheld=withheld.holds(item)) for item in record.items],
    }


def _item(item: ExecutionItem, *, is_withheld: bool) -> dict[str, Any]:
    is_silent = is_withheld or item.item_type in _SILENT
    media = item.media
    said = item.metadata if isinstance(item.metadata, dict) else {}
    return {
        **{name: getattr(item, name) for name in _PLACE},
        "timestamp": item.timestamp.isoformat(),
        "item_type": str(item.item_type),
        "media_type": str(item.media_type),
        "content": None if is_silent else item.content,
        "file_path": None if is_silent else item.file_path,
        "media": {"sha256": media.sha256, "bytes": media.bytes, "type": media.type}
        if media and not is_silent
        else None,
        "metadata": {name: said[name] for name in SHOWN if name in said},
        "withheld": is_withheld,
    }
