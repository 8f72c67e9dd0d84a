"""A record as students may have it: what a check said no to, and what developers were told, is left out."""

from __future__ import annotations

from typing import Any

from otel_tracking.audience import AIDS, Audience
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.view import View, view_of

_HEAD = (
    *("execution_id", "trace_id", "config_name", "execution_mode", "safety_level", "used_seed"),
    *("total_execution_time", "outputs_generated", "taxonomy_version", "schema_version"),
)
_PLACE = ("sequence_number", "stage", "stage_iteration", "loop_iteration", "config_used", "execution_time")


def student_copy(record: ExecutionRecord) -> dict[str, Any]:
    """The record as a dict with the same names and fewer values; `withheld` marks the items that lost some."""
    view = view_of(record, Audience.STUDENT)
    return {
        **{name: getattr(record, name) for name in _HEAD},
        "timestamp": record.timestamp.isoformat(),
        "status": str(record.status),
        "audience": view.audience.value,
        "items": [_item(item, view) for item in record.items],
    }


def _item(item: ExecutionItem, view: View) -> dict[str, Any]:
    is_silent, media = not view.shows(item), item.media
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
        "metadata": {name: said[name] for name in AIDS if name in said},
        "withheld": bool(view.why(item)),
    }
