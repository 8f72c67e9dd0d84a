"""Make execution records from the rows of the three tables: the way back from `pack`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from exporters.storage.tables.blobs import Whole, has_reference
from otel_tracking import canonical
from otel_tracking.outcome import Status
from otel_tracking.record import ExecutionItem, ExecutionRecord, FinishReason, Media, SpanRecord, read_timestamp
from otel_tracking.taxonomy import ItemType, MediaType, read_item_type
from otel_tracking.values.kinds import Opaque
from otel_tracking.values.record_fields import NO_TYPE, Fitted, beside, fitted, parts

Fields = dict[str, Any]
Row = Mapping[str, Any]
Blobs = Mapping[str, str]

_RECORD_NAMES = frozenset(ExecutionRecord.__slots__) - {"attachments"}
_ITEM_NAMES = frozenset(ExecutionItem.__slots__)
_MEDIA = ("sha256", "bytes", "type")
_MEDIA_COLUMNS = ("media_sha256", "media_bytes", "media_mime_type")
_SAID_EXACTLY = _RECORD_NAMES | _ITEM_NAMES | set(_MEDIA_COLUMNS)
_LEAST = {"execution_id": "", "revision": 1, "write_id": 0, "item_rows": 0, "outputs_generated": 0}
_LEAST |= {"status": Status.COMPLETED, "finish_reason": FinishReason.ROOT_ENDED}
_MEMBERS: dict[str, Mapping[str, Any]] = {
    "status": Status._value2member_map_,
    "finish_reason": FinishReason._value2member_map_,
    "media_type": MediaType._value2member_map_,
}


def unpack_execution(row: Row, items: Iterable[Row], blobs: Blobs) -> ExecutionRecord:
    """The record of a row of `executions` and its rows of `items`; blobs are text by sha256.

    A column that the file does not have leaves its field at the default. What only a stranger can have written is
    kept as far as it can be: a cell that is no JSON as its text, a field's value that does not fit beside the fields.
    """
    cells = _Cells(blobs)
    fields, unfit = cells.fields(row)
    fields["error"] = cells.value(row, "error_json", None)
    fields["links"] = tuple(parts(cells.list(row, "links_json"), unfit, "links"))
    fields["spans"] = tuple(map(SpanRecord.from_dict, parts(cells.list(row, "spans_json"), unfit, "spans")))
    fields["items"] = tuple(_item(item, cells) for item in items)
    fields["stages_completed"] = tuple(fields.get("stages_completed") or ())
    fields["metadata"] = beside(cells.value(row, "metadata_json", {}), unknown={}, unfit=unfit)
    fields["lossy_values"] = fields.get("lossy_values", 0) + cells.refused
    fields = {"execution_id": "", "config_name": None, **fields}
    return ExecutionRecord(**{name: value for name, value in fields.items() if name in _RECORD_NAMES})


def unpack_item(row: Row, blobs: Blobs) -> ExecutionItem:
    """The item of a row of `items`; an unknown item type stays as it is, with a warning."""
    return _item(row, _Cells(blobs))


def _item(row: Row, cells: _Cells) -> ExecutionItem:
    fields, unfit = cells.fields(row)
    item_type = fields.get("item_type", NO_TYPE)
    fields["item_type"] = ItemType._value2member_map_.get(item_type) or read_item_type(item_type)
    fields["media"] = _media(fields, unfit)
    fields["metadata"] = beside(cells.value(row, "metadata_json", {}), unknown={}, unfit=unfit)
    fields = {"sequence_number": 0, "media_type": MediaType.METADATA, **fields}
    return ExecutionItem(**{name: value for name, value in fields.items() if name in _ITEM_NAMES})


def exact_fields(row: Row, blobs: Blobs) -> Fields:
    """The columns that a list of runs is made of, exactly and of the types that it counts and sorts by."""
    fields = _Cells(blobs).fields(row).fit
    fields["timestamp"] = read_timestamp(fields["timestamp"])
    return {**_LEAST, **{name: value for name, value in fields.items() if value is not None}}


def plain_fields(row: Row) -> Fields | None:
    """What `exact_fields` gives of a row whose columns say all of it, in a fifth of the time; None for any other.

    The row has each column that a list is made of, and no other.
    """
    if tuple(map(type, _surely_said(row))) != _SURELY or type(row["total_execution_time"]) not in _SECONDS:
        return None
    status, reason = _MEMBERS["status"].get(row["status"]), _MEMBERS["finish_reason"].get(row["finish_reason"])
    if status is None or reason is None or row["timestamp"].tzinfo is not dt.UTC:
        return None
    if row["revision"] < 0 or row["outputs_generated"] < 0:
        return None
    seed = row["used_seed"]
    said = {"status": status, "finish_reason": reason, "used_seed": None if seed is None else _number(seed)}
    fields = {**row, **said}
    del fields["exact_json"]
    return fields


_KINDS: dict[str, type] = {
    **dict.fromkeys(("revision", "write_id", "item_rows", "outputs_generated"), int),
    **dict.fromkeys(("execution_id", "status", "finish_reason"), str),
    **{"timestamp": dt.datetime, "exact_json": type(None)},
}
_surely_said, _SURELY = itemgetter(*_KINDS), tuple(_KINDS.values())
_SECONDS = (float, type(None))


class _Cells:
    """Reads the cells of a record's rows; `refused` counts the values that nobody writes so."""

    def __init__(self, blobs: Blobs) -> None:
        self._whole = Whole(blobs)
        self.refused = 0

    def fields(self, row: Row) -> Fitted:
        """The typed columns with what `exact_json` says of them, and those that do not fit."""
        exact = self.value(row, "exact_json", {})
        said = {name: exact[name] for name in exact if name in _SAID_EXACTLY} if isinstance(exact, dict) else {}
        fields, unfit = fitted({**row, **said})
        fields["timestamp"] = _moment(fields.get("timestamp"), unfit)
        if "used_seed" not in said and row.get("used_seed") is not None:
            fields["used_seed"] = _number(row["used_seed"])
        for name, members in _MEMBERS.items():
            if isinstance(fields.get(name), str):
                fields[name] = members.get(fields[name], fields[name])
        return Fitted(fields, unfit if isinstance(exact, dict) else {**unfit, "exact_json": exact})

    def value(self, row: Row, column: str, missing: Any) -> Any:
        """The value in a JSON column."""
        text = row.get(column)
        if not isinstance(text, str):
            return missing if text is None else text
        text = self._whole.put_back(text)
        try:
            value, refused = canonical.decode(text)
        except canonical.NotCanonical:
            value, refused = Opaque(column, f"refused, since it is no JSON: {text}"), 1
        self.refused += refused
        return value

    def list(self, row: Row, column: str) -> Any:
        """The value in a JSON column that holds a list; what is none is an entry of one, and no object."""
        value = self.value(row, column, [])
        return value if isinstance(value, list) else [value]


def _moment(value: Any, unfit: Fields) -> dt.datetime:
    """The time in a cell. One that is in no zone, or another, was logged so."""
    if isinstance(value, dt.datetime):
        # Arrow hands out whichever UTC object is installed; ours is always datetime.UTC.
        return value.replace(tzinfo=dt.UTC) if value.utcoffset() == dt.timedelta(0) else value
    if value is not None:
        unfit["timestamp"] = value
    return read_timestamp(None)


def _media(fields: Fields, unfit: Fields) -> Media | None:
    said = dict(zip(_MEDIA, map(fields.get, _MEDIA_COLUMNS), strict=True))
    if "media" not in fields and all(part is None for part in said.values()):
        return None
    described, wrong = fitted({"media": said})
    unfit |= wrong
    return Media(**said) if described else None


def _number(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits  # text, and exact_json has it


def mentions_blob(row: Row) -> bool:
    """Whether a JSON column of the row refers to a blob."""
    return any(has_reference(text) for name, text in row.items() if name.endswith("_json") and isinstance(text, str))
