"""The record of one execution: what researchers keep.

An `ExecutionRecord` holds every item in order, every span with what was passed to its backend, and enough about its own
making (status, finish reason, counts, revision) to prove that it is complete. `to_dict` and `from_dict` lose nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from otel_tracking.errors import RecordError
from otel_tracking.outcome import RUNNING, Status, outcome_of_items
from otel_tracking.taxonomy import TAXONOMY_VERSION, ItemType, MediaType, member_of, read_item_type, read_media_type
from otel_tracking.values.record_fields import NO_TYPE, Fitted, beside, fitted, parts

SCHEMA_VERSION = "1"


class FinishReason(StrEnum):
    """Why a record was written when it was written."""

    ROOT_ENDED = "root_ended"
    GRACE_EXPIRED = "grace_expired"
    LATE_SPAN = "late_span"
    COUNTS_MET = "counts_met"
    TOO_MANY_OPEN = "too_many_open"
    TOO_OLD = "too_old"
    CLOSED = "closed"
    RECOVERED = "recovered"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Media:
    """A media file: its content's sha256 (hex), its size in bytes and its type (`image/png`)."""

    sha256: str | None
    bytes: int | None
    type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionItem:
    """One thing that was logged, with its place in the pipeline and every parameter it came with.

    `execution_time` is in seconds. `stage_iteration` counts hops inside stage 2, `loop_iteration` counts outputs.
    `attempt` is the span id (hex) of the backend call that made the item; `span_id` that of the scope it was logged in.
    """

    sequence_number: int
    timestamp: dt.datetime
    item_type: ItemType | str
    media_type: MediaType | str
    stage: int | None = None
    stage_iteration: int | None = None
    loop_iteration: int | None = None
    content: Any = None
    input_text: Any = None
    file_path: str | None = None
    media: Media | None = None
    config_used: Any = None
    model_used: Any = None
    backend_used: Any = None
    execution_time: Any = None
    attempt: str | None = None
    span_id: str | None = None
    metadata: Any = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """All fields by name; the timestamp as ISO 8601 text, `media` as a dict."""
        return _to_dict(self)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> ExecutionItem:
        """The item of a dict, also of one that an earlier tracker wrote.

        `backend_type` is read as `backend_used`, a naive timestamp as UTC, an unknown item type as it stands;
        fields that nobody knows are kept in `metadata["unknown_fields"]`.
        """
        (known, unfit), unknown = _split(cls, source)
        backend = unknown.pop("backend_type", None)
        if known.get("backend_used") is None:
            known["backend_used"] = backend
        known["timestamp"] = _moment(known.get("timestamp"), unfit)
        known["item_type"] = read_item_type(known.get("item_type", NO_TYPE))
        known["media_type"] = read_media_type(known.get("media_type") or MediaType.METADATA)
        media = known.get("media")
        known["media"] = Media(*map(media.get, ("sha256", "bytes", "type"))) if media else None
        known["metadata"] = beside(_said(known), unknown=unknown, unfit=unfit)
        return cls(**{"sequence_number": 0, **known})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRecord:
    """One span of the run. A span of kind `client` is one attempt at a backend and says what was passed to it.

    `configured` is what config and caller asked for, `passed` what left the process, `not_passed` the configured
    keys that never left; `facts` are what else was said of it, by name. `execution_time` is in seconds and None where
    the span never ended.
    """

    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    timestamp: dt.datetime
    execution_time: float | None = None
    status: str = "unset"
    error: Any = None
    stage: int | None = None
    stage_iteration: int | None = None
    loop_iteration: int | None = None
    config_used: Any = None
    backend_used: Any = None
    model_used: Any = None
    configured: Any = None
    passed: Any = None
    not_passed: tuple[str, ...] = ()
    response: Any = None
    facts: Any = None

    def to_dict(self) -> dict[str, Any]:
        """All fields by name; the timestamp as ISO 8601 text."""
        return {**_to_dict(self), "not_passed": list(self.not_passed)}

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> SpanRecord:
        """The span of a dict; unknown fields are ignored."""
        (known, unfit), _ = _split(cls, source)
        known["timestamp"] = _moment(known.get("timestamp"), unfit)
        known["not_passed"] = tuple(known.get("not_passed") or ())
        if unfit:
            known["facts"] = beside(known.get("facts"), unknown={}, unfit=unfit)
        return cls(**{"span_id": "", "parent_span_id": None, "name": "", "kind": "internal", **known})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord:
    """The record of one execution. Times are in seconds, timestamps are timezone-aware UTC.

    `attachments` are media bytes by sha256 on their way to a sink: not part of the record's identity or its dict.
    """

    execution_id: str
    config_name: Any
    timestamp: dt.datetime
    trace_id: str | None = None
    user_id: Any = None
    session_id: Any = None
    device_id: Any = None
    study_id: Any = None
    batch_id: Any = None
    repeats: Any = None
    continues: Any = None
    execution_mode: Any = None
    safety_level: Any = None
    used_seed: Any = None
    total_execution_time: float | None = None
    status: Status | str = Status.COMPLETED
    finish_reason: FinishReason | str = FinishReason.ROOT_ENDED
    error: Any = None
    outputs_generated: int = 0
    stages_completed: tuple[int, ...] = ()
    items: tuple[ExecutionItem, ...] = ()
    spans: tuple[SpanRecord, ...] = ()
    links: tuple[Mapping[str, Any], ...] = ()
    span_count: int | None = None
    item_count: int | None = None
    dropped: int = 0
    lossy_values: int = 0
    late_spans: int = 0
    revision: int = 1
    metadata: Any = field(default_factory=dict)
    taxonomy_version: str = TAXONOMY_VERSION
    schema_version: str = SCHEMA_VERSION
    attachments: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def attempts(self) -> tuple[SpanRecord, ...]:
        """The spans that were calls to a backend, in order."""
        return tuple(span for span in self.spans if span.kind == "client")

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come: it is no record of what there is so far."""
        return self.status != RUNNING

    @property
    def has_ended(self) -> bool:
        """Whether the run's root has ended, or the run is over anyway."""
        return self.is_over or self.total_execution_time is not None

    def items_of(self, *types: str) -> tuple[ExecutionItem, ...]:
        """The items of these types, in order."""
        wanted = frozenset(types)
        return tuple(item for item in self.items if item.item_type in wanted)

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, items and spans as dicts, timestamps as ISO 8601 text; no attachments."""
        flat = _to_dict(self)
        del flat["attachments"]
        flat["stages_completed"] = list(self.stages_completed)
        flat["items"] = [item.to_dict() for item in self.items]
        flat["spans"] = [span.to_dict() for span in self.spans]
        flat["links"] = [dict(link) for link in self.links]
        return flat

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> ExecutionRecord:
        """The record of a dict, also of one that an earlier tracker wrote (see `ExecutionItem.from_dict`).

        A record without status (era A) gets the one its items show; unknown fields go to `metadata["unknown_fields"]`.
        """
        (known, unfit), unknown = _split(cls, source)
        if "execution_id" not in known:
            raise RecordError(f"execution_id is {source.get('execution_id')!r:.60}; every record has one, a text")
        known["timestamp"] = _moment(known.get("timestamp"), unfit)
        known["items"] = _numbered(map(ExecutionItem.from_dict, parts(known.get("items"), unfit, "items")))
        known["spans"] = tuple(map(SpanRecord.from_dict, parts(known.get("spans"), unfit, "spans")))
        known["links"] = tuple(parts(known.get("links"), unfit, "links"))
        known["stages_completed"] = tuple(known.get("stages_completed") or ())
        if "status" in known:
            known["status"] = member_of(Status, known["status"])
            known["finish_reason"] = member_of(FinishReason, known.get("finish_reason", FinishReason.IMPORTED))
        else:
            places = [(item.item_type, item.stage, item.loop_iteration) for item in known["items"]]
            known |= {**outcome_of_items(places), "finish_reason": FinishReason.IMPORTED}
        known["metadata"] = beside(_said(known), unknown=unknown, unfit=unfit)
        return cls(**{"config_name": None, **known})


def _numbered(items: Iterable[ExecutionItem]) -> tuple[ExecutionItem, ...]:
    """The items; one without a number has that of its place among them."""
    return tuple(
        item if item.sequence_number else replace(item, sequence_number=place)
        for place, item in enumerate(items, start=1)
    )


def read_timestamp(value: Any) -> dt.datetime:
    """A timezone-aware UTC time from ISO text or a datetime; a naive one is taken as UTC, a missing one as 1970.

    Raises `TypeError` or `ValueError` for anything else, also where it is in UTC in no year from 1 to 9999.

    >>> read_timestamp("2026-11-23T04:39:00").isoformat()
    '2026-11-23T04:39:00+00:00'
    """
    if not value:
        return _EPOCH
    read = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
    try:
        return read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError(f"{value} is in UTC in no year from 1 to 9999") from None


def _moment(value: Any, unfit: dict[str, Any]) -> dt.datetime:
    """The time of a stranger's record; 1970 where it says none, or what is no time."""
    try:
        return read_timestamp(value)
    except (TypeError, ValueError):
        unfit["timestamp"] = value
        return _EPOCH


def timestamp_of(nanoseconds: int) -> dt.datetime:
    """UTC time of nanoseconds since 1970, cut to whole microseconds."""
    return _EPOCH + nanoseconds // 1000 * _MICROSECOND


_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def _to_dict(value: Any) -> dict[str, Any]:
    flat = {name: getattr(value, name) for name in value.__slots__}
    flat["timestamp"] = value.timestamp.isoformat()
    for name, entry in flat.items():
        if isinstance(entry, StrEnum):
            flat[name] = entry.value
        elif isinstance(entry, Media):
            flat[name] = {"sha256": entry.sha256, "bytes": entry.bytes, "type": entry.type}
    return flat


def _split(cls: type[Any], source: Mapping[str, Any]) -> tuple[Fitted, dict[str, Any]]:
    """The known fields, fitted, and the unknown ones."""
    names = {entry.name for entry in fields(cls)} - {"attachments"}
    known = {name: value for name, value in source.items() if name in names}
    return fitted(known), {str(name): value for name, value in source.items() if name not in names}


def _said(known: Mapping[str, Any]) -> Any:
    return {} if (metadata := known.get("metadata")) is None else metadata
