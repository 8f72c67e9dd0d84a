"""Make of a record the values of its columns: all that storing it needs, and nothing else of it.

Canonical text takes most of the time that storing costs. It is made here, record by record and before there is a file
to write, so that a record's thousands of small objects need not live until then: keeping 128 records with a graph each
cost Python's garbage collector 0.6 to 1.1 ms per run.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import orjson

from exporters.storage.layout import day_of
from exporters.storage.tables.blobs import LIMIT, text_of
from exporters.storage.tables.columns import EXECUTIONS, ITEMS
from exporters.storage.writing.media import MediaFile, media_paths
from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRecord:
    """A record as the values of its columns; `items` has a sequence per column.

    `blobs` are the large values that were cut out (text by sha256), `media` the files by path. `empty_media` are the
    positions of items whose media say nothing of themselves.
    """

    execution_id: str
    trace_id: str | None
    revision: int
    day: dt.date
    execution: Mapping[str, Any]
    items: Mapping[str, Sequence[Any]]
    item_count: int
    empty_media: Sequence[int]
    blobs: dict[str, str]
    media: Mapping[Path, bytes | MediaFile]


def row_of(record: ExecutionRecord, data_dir: Path, files: Mapping[str, MediaFile] | None = None) -> PreparedRecord:
    """The row of `record`, with the `files` of media by `file_path` that are not among its attachments.

    Raises `UnsafePath` where a media file would lie outside of `data_dir`.
    """
    blobs: dict[str, str] = {}
    return PreparedRecord(
        execution_id=record.execution_id,
        trace_id=record.trace_id,
        revision=record.revision,
        day=day_of(record),
        execution=_execution(record, blobs),
        items=_items(record.items, blobs),
        item_count=len(record.items),
        empty_media=[number for number, item in enumerate(record.items) if item.media and not any(_media(item))],
        blobs=blobs,
        media=media_paths(data_dir, record, files),
    )


def _execution(record: ExecutionRecord, blobs: dict[str, str]) -> dict[str, Any]:
    return {
        **dict(zip(_EXECUTION_FIELDS, _execution_values(record), strict=True)),
        "item_rows": len(record.items),
        "error_json": None if record.error is None else text_of(record.error, blobs),
        "metadata_json": text_of(record.metadata, blobs),
        "spans_json": _spans(record.spans, blobs),
        "links_json": "[" + ",".join(text_of(dict(link), blobs) for link in record.links) + "]",
    }


def _items(items: Sequence[ExecutionItem], blobs: dict[str, str]) -> dict[str, Sequence[Any]]:
    media = [_media(item) for item in items]
    return {
        **_columns(_ITEM_FIELDS, map(_item_values, items)),
        **_columns(("media_sha256", "media_bytes", "media_mime_type"), media),
        "metadata_json": [text_of(item.metadata, blobs) for item in items],
    }


def _columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """A sequence per name."""
    return dict(zip(names, zip(*rows, strict=True), strict=False)) or dict.fromkeys(names, ())


def _media(item: ExecutionItem) -> tuple[Any, Any, Any]:
    return (item.media.sha256, item.media.bytes, item.media.type) if item.media else (None, None, None)


def _spans(spans: Iterable[SpanRecord], blobs: dict[str, str]) -> str:
    """Canonical JSON of spans without their empty fields; nested values on their own: nesting must not deepen them."""
    return orjson.dumps([_span(span, blobs) for span in spans], option=orjson.OPT_SORT_KEYS).decode()


def _span(span: SpanRecord, blobs: dict[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {"not_passed": list(span.not_passed), "timestamp": span.timestamp.isoformat()}
    for name, value in zip(_SPAN_FIELDS, _span_values(span), strict=True):
        if value is None:
            if name not in _OPTIONAL:
                said[name] = None
        elif _is_short(value):
            said[name] = value
        else:
            said[name] = orjson.Fragment(text_of(value, blobs))
    return said


def _is_short(value: Any) -> bool:
    """Whether the JSON writer may have the value as it is: nothing to tag, nothing to cut out."""
    kind = type(value)
    if kind is str:
        return len(value) <= LIMIT and value.isascii()
    return (kind is int and value in _INT64) or (kind is float and math.isfinite(value))


def _fields_of(kind: type[Any], columns: Iterable[Any]) -> tuple[str, ...]:
    """Columns that are a field of the same name."""
    return tuple(column.name for column in columns if column.name in kind.__slots__ and column.name not in _KEYS)


_INT64 = range(-(2**63), 2**63)
_KEYS = frozenset({"execution_id", "trace_id", "revision"})
_EXECUTION_FIELDS = _fields_of(ExecutionRecord, EXECUTIONS)
_ITEM_FIELDS = _fields_of(ExecutionItem, ITEMS)
_SPAN_FIELDS = tuple(name for name in SpanRecord.__slots__ if name not in ("not_passed", "timestamp"))
_OPTIONAL = {entry.name for entry in dataclasses.fields(SpanRecord) if entry.default is None}
"""Fields of a span that may be left out when they are None."""
_execution_values = attrgetter(*_EXECUTION_FIELDS)
_item_values = attrgetter(*_ITEM_FIELDS)
_span_values = attrgetter(*_SPAN_FIELDS)
