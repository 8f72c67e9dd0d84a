"""Take pictures out of the texts of earlier records: what stood there as base64 becomes a file of its own."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from exporters.storage.layout import folder_name
from otel_tracking.migration.corrections import lift_fields, stored_path
from otel_tracking.record import ExecutionItem, ExecutionRecord, Media
from otel_tracking.values.media_in_texts import Medium, lift_medium

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "audio/wav": ".wav", "audio/mpeg": ".mp3", "video/mp4": ".mp4"}


def lift_pictures(record: ExecutionRecord) -> ExecutionRecord:
    """The record with each medium that stood in a text or the metadata of an item as that item's own.

    An item with several media in its metadata keeps them there: it has one file.
    """
    attachments = dict(record.attachments)
    items = tuple(_lift(item, record.execution_id, attachments) for item in record.items)
    return record if items == record.items else replace(record, items=items, attachments=attachments)


def _lift(item: ExecutionItem, execution_id: str, attachments: dict[str, bytes]) -> ExecutionItem:
    has_file = item.media or stored_path(item.file_path)[0]
    found = None if has_file else _find(item)
    if found is None:
        return item
    fields, (data, media_type) = found
    sha256 = hashlib.sha256(data).hexdigest()
    attachments[sha256] = data
    name = f"{item.sequence_number:03d}_{item.item_type}{_SUFFIXES.get(media_type, '.bin')}".replace("/", "_")
    _, given = stored_path(fields["file_path"])
    fields["metadata"] = {**given, **fields["metadata"]}
    # Who wrote the file may have called the run anything.
    fields["file_path"] = f"media/{folder_name(execution_id)}/{name}"
    return replace(item, **fields, media=Media(sha256, len(data), media_type))


def _find(item: ExecutionItem) -> tuple[dict[str, Any], Medium] | None:
    """The fields of an item without the one medium that stands in them, and that."""
    texts = {"content": item.content, "input_text": item.input_text, "file_path": item.file_path}
    slim, media = lift_fields({**texts, "metadata": item.metadata})
    if len(media) == 1:
        return slim, media[0]
    lifted = lift_medium(**texts, metadata=item.metadata)
    if lifted is None:
        return None
    fields = lifted._asdict()
    return fields, (fields.pop("data"), fields.pop("type"))
