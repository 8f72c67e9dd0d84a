"""Make execution records from the rows of the three tables: the way back from `pack`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from exporters.blobs import has_reference, put_back
from otel_tracking import canonical
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionItem, ExecutionRecord, FinishReason, Media, SpanRecord
from otel_tracking.taxonomy import ItemType, MediaType, read_item_type

Fields = dict[str, Any]
Row = Mapping[str, Any]
Blobs = Mapping[str, str]

_RECORD_NAMES = frozenset(ExecutionRecord.__slots__) - {"attachments"}
_ITEM_NAMES = frozenset(ExecutionItem.__slots__)
_MEMBERS: dict[str, Mapping[str, Any]] = {
    "status": Status._value2member_map_,
    "finish_reason": FinishReason._value2member_map_,
    "media_type": MediaType._value2member_map_,
}


def unpack_execution(row: Row, items: Iterable[Row], blobs: Blobs) -> ExecutionRecord:
    """The record of a row of `executions` and its rows of `items`; blobs are text by sha256.

    A column that the file does not have leaves its field at the default.
    """
    fields = exact_fields(row, blobs)
    fields["stages_completed"] = tuple(fields.get("stages_completed") or ())
    fields["error"] = _value(row, "error_json", blobs, None)
    fields["metadata"] = _value(row, "metadata_json", blobs, {})
    fields["links"] = tuple(_value(row, "links_json", blobs, ()))
    fields["spans"] = tuple(map(SpanRecord.from_dict, _value(row, "spans_json", blobs, ())))
    fields["items"] = tuple(unpack_item(item, blobs) for item in items)
    return ExecutionRecord(**{name: value for name, value in fields.items() if name in _RECORD_NAMES})


def unpack_item(row: Row, blobs: Blobs) -> ExecutionItem:
    """The item of a row of `items`; an unknown item type stays as it is, with a warning."""
    fields = exact_fields(row, blobs)
    if fields["item_type"] not in ItemType._value2member_map_ and isinstance(fields["item_type"], str):
        fields["item_type"] = read_item_type(fields["item_type"])
    else:
        fields["item_type"] = ItemType._value2member_map_.get(fields["item_type"], fields["item_type"])
    fields["media"] = _media(fields)
    fields["metadata"] = _value(row, "metadata_json", blobs, {})
    return ExecutionItem(**{name: value for name, value in fields.items() if name in _ITEM_NAMES})


def exact_fields(row: Row, blobs: Blobs) -> Fields:
    """The typed columns of a row as Python values, each corrected by `exact_json` where its column could not say it."""
    fields = dict(row)
    fields["timestamp"] = _utc(row["timestamp"])
    if row.get("used_seed") is not None:
        fields["used_seed"] = _number(row["used_seed"])
    if row.get("exact_json"):
        fields |= canonical.loads(put_back(row["exact_json"], blobs))
    for name, members in _MEMBERS.items():
        if isinstance(fields.get(name), str):
            fields[name] = members.get(fields[name], fields[name])
    return fields


def _value(row: Row, column: str, blobs: Blobs, missing: Any) -> Any:
    text = row.get(column)
    return missing if text is None else canonical.loads(put_back(text, blobs))


def _media(fields: Fields) -> Media | None:
    parts = [fields.get(name) for name in ("media_sha256", "media_bytes", "media_mime_type")]
    return Media(*parts) if "media" in fields or any(part is not None for part in parts) else None


def _number(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits  # text, and exact_json has it


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    # Arrow hands out whichever UTC object is installed; ours is always datetime.UTC.
    return moment and moment.replace(tzinfo=dt.UTC)


def mentions_blob(row: Row) -> bool:
    """Whether a JSON column of the row refers to a blob."""
    return any(has_reference(text) for name, text in row.items() if text and name.endswith("_json"))
