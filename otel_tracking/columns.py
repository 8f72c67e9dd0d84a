"""A record as columns: what all items have in common side by side, as tables keep it, without an object for each.

Whoever writes tables takes these; whoever wants objects makes the record of them. So both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain, islice, repeat
from operator import attrgetter
from typing import Any, NamedTuple

from otel_tracking.record import ExecutionItem, ExecutionRecord, SpanRecord

ITEM_COLUMNS: tuple[str, ...] = tuple(ExecutionItem.__slots__)
"""The fields of an item, in order."""


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """`head` is the record without its items and spans; `items` has a sequence per field of an item.

    `spans` are the fields of each span, without those that nobody has said. `is_plain` says that all values were looked
    at, and JSON can say each of them as it is (`values.plain_json.is_plain`); where it is False, nobody knows.
    """

    head: ExecutionRecord
    items: Mapping[str, Sequence[Any]]
    spans: Sequence[Mapping[str, Any]]
    is_plain: bool = False

    @property
    def item_count(self) -> int:
        """How many items there are."""
        return len(self.items["sequence_number"])

    def record(self) -> ExecutionRecord:
        """The record itself."""
        spans = tuple(SpanRecord(**span) for span in self.spans)
        return replace(self.head, items=tuple(items_of(self.items)), spans=spans)


class ItemPiece(NamedTuple):
    """Some of a record's items, in order, as `RecordColumns` has all of them."""

    items: Mapping[str, Sequence[Any]]
    is_plain: bool


@dataclass(frozen=True, slots=True)
class RecordInPieces:
    """A record of so many items that they are never all there as columns: `read` makes them anew, piece after piece.

    `is_plain` is said of the head and the spans, and of each piece by itself.
    """

    head: ExecutionRecord
    spans: Sequence[Mapping[str, Any]]
    item_count: int
    is_plain: bool
    read: Callable[[], Iterator[ItemPiece]]

    def columns(self) -> RecordColumns:
        """All of it at once."""
        pieces = list(self.read())
        items = {name: tuple(chain.from_iterable(piece.items[name] for piece in pieces)) for name in ITEM_COLUMNS}
        return RecordColumns(self.head, items, self.spans, self.is_plain and all(piece.is_plain for piece in pieces))


def in_pieces(columns: RecordColumns) -> RecordInPieces:
    """Columns as one piece."""

    def read() -> Iterator[ItemPiece]:
        yield ItemPiece(columns.items, columns.is_plain)

    return RecordInPieces(columns.head, columns.spans, columns.item_count, columns.is_plain, read)


def columns_of(record: ExecutionRecord) -> RecordColumns:
    """The columns of a record.

    >>> import datetime as dt
    >>> record = ExecutionRecord(execution_id="exec_1", config_name="dada", timestamp=dt.datetime.now(dt.UTC))
    >>> columns_of(record).record() == record
    True
    """
    rows = zip(*map(_item_values, record.items), strict=True)
    items = dict(zip(ITEM_COLUMNS, rows, strict=False)) or dict.fromkeys(ITEM_COLUMNS, ())
    spans = [_said(zip(SpanRecord.__slots__, _span_values(span), strict=True)) for span in record.spans]
    return RecordColumns(replace(record, items=(), spans=()), items, spans)


def items_of(columns: Mapping[str, Sequence[Any]], start: int = 0) -> list[ExecutionItem]:
    """The items of columns, from the one at `start`.

    Each column is put into all of them by the field's own descriptor, in C: to call a frozen dataclass for each item
    takes four times as long.
    """
    items = list(map(object.__new__, repeat(ExecutionItem, len(columns["sequence_number"]) - start)))
    for name, put in _PUT:
        for _ in map(put, items, islice(columns[name], start, None)):
            pass
    return items


def _said(pairs: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None or name not in OPTIONAL_OF_SPANS}


OPTIONAL_OF_SPANS = frozenset(entry.name for entry in fields(SpanRecord) if entry.default is None)
"""Fields of a span that are left out where nobody has said them."""
_PUT = [(name, getattr(ExecutionItem, name).__set__) for name in ITEM_COLUMNS]
_item_values = attrgetter(*ITEM_COLUMNS)
_span_values = attrgetter(*SpanRecord.__slots__)
