"""A frozen item or fact as the event of a span: what it holds is read when somebody asks for it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.frame import FACT_FIELDS, ITEM, ITEM_FIELDS, MediaBytes, thaw_own

_FLAT_FIELDS = frozenset(ITEM_FIELDS) - {"timestamp_ns", "media", "metadata"}


class Frame:
    """One item or fact, frozen: later changes to the caller's values do not reach it.

    It has the shape of an SDK span event (`name`, `timestamp`, `attributes`), whose attributes are made when read.
    """

    __slots__ = ("media", "name", "payload", "span_id", "timestamp")

    dropped_attributes = 0

    def __init__(
        self, name: str, timestamp: int, span_id: int, payload: bytes, media: MediaBytes | None = None
    ) -> None:
        self.name = name
        self.timestamp = timestamp
        self.span_id = span_id
        self.payload = payload
        self.media = media

    def fields(self) -> dict[str, Any]:
        """The values by field name; fields that are None are left out."""
        return fields_of(thaw_own(_look_over()(self.payload)), self.media)

    @property
    def attributes(self) -> dict[str, Any]:
        """Span event attributes: the canonical payload, which is the truth, and flat ones for viewers."""
        fields = self.fields()
        return {**flat_fields(fields), names.PAYLOAD: canonical.dumps(fields)}


@functools.cache
def _look_over() -> Callable[[bytes], bytes]:
    from otel_tracking.secrets.frozen import looked_over  # only when something is read

    return looked_over


def fields_of(values: tuple[Any, ...], media: MediaBytes | None = None) -> dict[str, Any]:
    """The fields of a thawed payload by name; `media` are the bytes, where they are at hand."""
    kind, _, *entries = values
    fields = dict(zip(ITEM_FIELDS if kind == ITEM else FACT_FIELDS, entries, strict=True))
    if fields.get("media") is not None:
        fields["media"] = describe_media(fields["media"], media)
    return {name: value for name, value in fields.items() if value is not None}


def describe_media(told: tuple[int, str], media: MediaBytes | None) -> dict[str, Any]:
    """What a record keeps of media: of the bytes, or where they are not at hand what a payload tells of them."""
    return media.describe() if media else {"sha256": None, "bytes": told[0], "type": told[1]}


def flat_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The searchable part of an item's or fact's fields, with the plain values of its metadata."""
    if "fact" in fields:
        return {names.FACT: fields["fact"]}
    metadata = fields.get("metadata")
    parameters = metadata.items() if isinstance(metadata, dict) else ()
    shown = {name: value for name, value in fields.items() if name in _FLAT_FIELDS}
    shown |= {f"metadata.{key}": value for key, value in parameters if _is_searchable(key, value)}
    return names.flat_attributes(shown)


def _is_searchable(key: object, value: object) -> bool:
    return isinstance(key, str) and key.isprintable() and key != "" and isinstance(value, str | int | float | bool)
