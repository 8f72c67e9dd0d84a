"""Make of a record the values of its columns: all that storing it needs, and nothing else of it.

Canonical text takes most of the time that storing costs. It is made here, record by record and before there is a file
to write, so that a record's thousands of small objects need not live until then: keeping 128 records with a graph each
cost Python's garbage collector 0.6 to 1.1 ms per run.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from exporters.storage.layout import day_of
from exporters.storage.tables.columns import EXECUTIONS, ITEMS
from exporters.storage.tables.texts import Texts
from exporters.storage.writing.media import MediaFile, media_paths
from otel_tracking.columns import ITEM_COLUMNS, ItemPiece, RecordColumns, RecordInPieces
from otel_tracking.record import ExecutionItem, ExecutionRecord, Media


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


def row_of(columns: RecordColumns, data_dir: Path, files: Mapping[str, MediaFile] | None = None) -> PreparedRecord:
    """The row of a record, with the `files` of media by `file_path` that are not among its attachments.

    Raises `UnsafePath` where a media file would lie outside of `data_dir`.
    """
    head, items = columns.head, columns.items
    blobs: dict[str, str] = {}
    texts = Texts(blobs, is_plain=columns.is_plain)
    return PreparedRecord(
        execution_id=head.execution_id,
        trace_id=head.trace_id,
        revision=head.revision,
        day=day_of(head),
        execution=_execution(columns, texts),
        items=_items(items, texts),
        item_count=columns.item_count,
        empty_media=_empty_media(items),
        blobs=blobs,
        media=media_paths(data_dir, columns, files),
    )


def row_of_head(record: RecordInPieces) -> PreparedRecord:
    """The row of a record without the rows of its items and without its media."""
    blobs: dict[str, str] = {}
    columns = RecordColumns(record.head, dict.fromkeys(ITEM_COLUMNS, ()), record.spans, record.is_plain)
    execution = _execution(columns, Texts(blobs, is_plain=columns.is_plain)) | {"item_rows": record.item_count}
    return _part_of(record, execution, _NO_PIECE, blobs)


def row_of_piece(record: RecordInPieces, piece: ItemPiece) -> PreparedRecord:
    """The same with nothing but the rows of some of its items, and the blobs that these refer to."""
    return _part_of(record, {}, piece, {})


def _part_of(
    record: RecordInPieces, execution: Mapping[str, Any], piece: ItemPiece, blobs: dict[str, str]
) -> PreparedRecord:
    head, items = record.head, piece.items
    return PreparedRecord(
        execution_id=head.execution_id,
        trace_id=head.trace_id,
        revision=head.revision,
        day=day_of(head),
        execution=execution,
        items=_items(items, Texts(blobs, is_plain=piece.is_plain)),
        item_count=len(items["sequence_number"]),
        empty_media=_empty_media(items),
        blobs=blobs,
        media={},
    )


def _empty_media(items: Mapping[str, Sequence[Any]]) -> list[int]:
    return [number for number, media in enumerate(items["media"]) if media and not any(_parts_of(media))]


def _execution(columns: RecordColumns, texts: Texts) -> dict[str, Any]:
    head = columns.head
    return {
        **dict(zip(_EXECUTION_FIELDS, _execution_values(head), strict=True)),
        "item_rows": columns.item_count,
        "error_json": None if head.error is None else texts.of(head.error),
        "metadata_json": texts.of(head.metadata),
        "spans_json": "[" + ",".join(_spans(columns.spans, texts)) + "]",
        "links_json": "[" + ",".join(texts.of(dict(link)) for link in head.links) + "]",
    }


def _items(items: Mapping[str, Sequence[Any]], texts: Texts) -> dict[str, Sequence[Any]]:
    media = items["media"]
    parts: Sequence[Sequence[Any]] = (media,) * 3
    if media.count(None) < len(media):
        parts = list(zip(*map(_parts_of, media), strict=True))
    return {
        **{name: items[name] for name in _ITEM_FIELDS},
        **dict(zip(("media_sha256", "media_bytes", "media_mime_type"), parts, strict=True)),
        "metadata_json": list(map(texts.of, items["metadata"])),
    }


def _parts_of(media: Media | None) -> tuple[Any, Any, Any]:
    return (media.sha256, media.bytes, media.type) if media else (None, None, None)


def _spans(spans: Sequence[Mapping[str, Any]], texts: Texts) -> Iterator[str]:
    """Canonical JSON of some spans at a time: most are short and hold nothing unusual."""
    for start in range(0, len(spans), _TOGETHER):
        some = list(spans[start : start + _TOGETHER])
        text = texts.at_once(some)
        yield text[1:-1] if text else ",".join(_span(span, texts) for span in some)


def _span(span: Mapping[str, Any], texts: Texts) -> str:
    """Canonical JSON of a span without its empty fields; nested values on their own: nesting must not deepen them."""
    # Moments and tuples are written as they are wanted, where nothing else is unusual.
    if text := texts.at_once(span):
        return text
    timestamp = span["timestamp"].isoformat()
    return texts.of_fields({**span, "not_passed": list(span.get("not_passed", ())), "timestamp": timestamp})


def _fields_of(kind: type[Any], columns: Iterable[Any]) -> tuple[str, ...]:
    """Columns that are a field of the same name."""
    return tuple(column.name for column in columns if column.name in kind.__slots__ and column.name not in _KEYS)


_TOGETHER = 8
_NO_PIECE = ItemPiece(dict.fromkeys(ITEM_COLUMNS, ()), True)
_KEYS = frozenset({"execution_id", "trace_id", "revision"})
_EXECUTION_FIELDS = _fields_of(ExecutionRecord, EXECUTIONS)
_ITEM_FIELDS = _fields_of(ExecutionItem, ITEMS)
_execution_values = attrgetter(*_EXECUTION_FIELDS)
