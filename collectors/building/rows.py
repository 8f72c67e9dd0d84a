"""An item as a row, its values in one order, whoever brought it; and a fact: both as they are after a round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from otel_tracking import canonical
from otel_tracking.frame import ITEM_FIELDS
from otel_tracking.values.plain_json import is_plain

Row = tuple[Any, ...]
"""The values of an item by `ROW`; a plain tuple, since that is what most of it is when it comes out of a frame."""

ROW = ("span_id", *ITEM_FIELDS, "whole", "lossy")
"""What stands in a row. `whole` are all fields of an item that has others than these, `lossy` counts its values."""

_MEDIA, _METADATA = map(ITEM_FIELDS.index, ("media", "metadata"))
_KNOWN = frozenset(ITEM_FIELDS)
_AT_ONCE = 1000
"""Parts that are looked at together: among more, too many values might be taken for one that shares itself."""


class Fact(NamedTuple):
    """Something true of a whole span; `whole` are its fields where it did not come in a frame."""

    span_id: int
    name: str
    value: Any
    whole: Mapping[str, Any] | None = None
    lossy: int = 0


Part = TypeVar("Part")


def row_of_values(span_id: str, values: list[Any], media: Mapping[str, Any] | None) -> Row:
    """The row of an item's values as a frame holds them, with what is known of its media."""
    values[_MEDIA] = media
    if values[_METADATA] is None:
        values[_METADATA] = {}
    return (span_id, *values, None, 0)


def row_of_fields(span_id: str, fields: Mapping[str, Any], lossy: int = 0) -> Row:
    """The row of an item's fields by name, as anybody may write them."""
    said = fields if "metadata" in fields else {**fields, "metadata": {}}
    return (span_id, *map(said.get, ITEM_FIELDS), None if _KNOWN.issuperset(fields) else fields, lossy)


def settled_rows(rows: list[Row], *, looks: bool = True) -> tuple[list[Row], bool]:
    """The rows settled, and whether JSON can say all their values as they are. Nearly always one look tells both.

    Without `looks` it is known that JSON can.
    """
    return _settled(rows, chain.from_iterable, _settle_row) if looks else (rows, True)


def settled_facts(facts: list[Fact], *, looks: bool = True) -> tuple[list[Fact], bool]:
    """The same of facts."""
    return _settled(facts, _values_of_facts, _settle_fact) if looks else (facts, True)


def _settled(
    parts: list[Part], values_of: Callable[[list[Part]], Iterable[Any]], settle: Callable[[Part], Part]
) -> tuple[list[Part], bool]:
    kept: list[Part] = []
    all_plain = True
    for start in range(0, len(parts), _AT_ONCE):
        some = parts[start : start + _AT_ONCE]
        values = list(values_of(some))
        if not is_plain(values, canonical.MAX_DEPTH):
            all_plain = False
            some = some if canonical.is_settled(values) else list(map(settle, some))
        kept += some
    return kept, all_plain


def _settle_row(row: Row) -> Row:
    # As a whole, as it was written: what is too deep is cut at the same place whoever brought it.
    span_id, *values, whole, lossy = row
    said = (pair for pair in zip(ITEM_FIELDS, values, strict=True) if pair[1] is not None or pair[0] == "metadata")
    fields, lossy = canonical.settle(dict(whole or said))
    return row_of_fields(span_id, fields, lossy)


def _values_of_facts(facts: Iterable[Fact]) -> Iterator[Any]:
    return (part for fact in facts for part in (fact.value, fact.whole))


def _settle_fact(fact: Fact) -> Fact:
    fields, lossy = canonical.settle(dict(fact.whole or {"fact": fact.name, "value": fact.value}))
    return fact._replace(name=fields["fact"], value=fields.get("value"), whole=None, lossy=lossy)
