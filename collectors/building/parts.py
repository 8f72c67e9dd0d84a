"""The parts of a record from those of a run: an item from its event, a span with what was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from collectors.building.not_passed import not_passed
from collectors.spans.finished import FinishedSpan
from otel_tracking import attributes as names
from otel_tracking import canonical
from otel_tracking.frame import ITEM_FIELDS
from otel_tracking.record import ExecutionItem, Media, SpanRecord, timestamp_of
from otel_tracking.taxonomy import read_item_type, read_media_type
from otel_tracking.values.plain import plain_number

_CALL_FACTS = frozenset({"configured", "passed", "response"})
_ITEM_FIELDS = frozenset(ITEM_FIELDS) | {"timestamp"}
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "audio/wav": ".wav", "audio/mpeg": ".mp3", "video/mp4": ".mp4"}


class SpanEvent(NamedTuple):
    """An item or a fact of a span, as it will be after a round trip, with its count of lossy values."""

    span_id: int
    fields: Mapping[str, Any]
    media: bytes | None
    lossy: int = 0

    @property
    def is_item(self) -> bool:
        """Whether it is an item; a fact otherwise."""
        return "fact" not in self.fields


def settle(events: list[SpanEvent]) -> list[SpanEvent]:
    """The events settled. Nearly always all of them are, which one look tells."""
    if canonical.is_settled([event.fields for event in events]):
        return events
    # Each as a whole, as it was written: what is too deep is cut at the same place whoever brought it.
    settled = [canonical.settle(dict(event.fields)) for event in events]
    return [event._replace(fields=fields, lossy=lossy) for event, (fields, lossy) in zip(events, settled, strict=True)]


class MediaFiles:
    """Names the file of each media item; equal bytes within one execution share a file, none is shared beyond."""

    def __init__(self, execution_id: str) -> None:
        self.execution_id = execution_id
        self._paths: dict[str, str] = {}

    def path(self, fields: Mapping[str, Any], media: Media) -> str | None:
        """Where the medium of an item lies below the data; None where its content is not known."""
        if media.sha256 is None:
            return None
        suffix = _SUFFIXES.get(media.type or "", ".bin")
        name = f"{fields['sequence_number']:03d}_{fields['item_type']}{suffix}".replace("/", "_")
        return self._paths.setdefault(media.sha256, f"media/{self.execution_id}/{name}")


def build_item(event: SpanEvent, files: MediaFiles) -> ExecutionItem:
    """The item of an event; its medium is named with those before it."""
    known = dict(event.fields)
    known["timestamp"] = timestamp_of(known.pop("timestamp_ns"))
    known["item_type"] = read_item_type(known["item_type"])
    known["media_type"] = read_media_type(known["media_type"])
    described = known.pop("media", None)
    media = Media(*map(described.get, ("sha256", "bytes", "type"))) if isinstance(described, dict) else None
    if media and known.get("file_path") is None:
        known["file_path"] = files.path(event.fields, media)
    unknown = {name: known.pop(name) for name in known.keys() - _ITEM_FIELDS}
    if unknown:  # a later version's
        known["metadata"] = {**known.get("metadata", {}), "unknown_fields": unknown}
    return ExecutionItem(**known, media=media, span_id=f"{event.span_id:016x}")


def build_span(span: FinishedSpan, facts: Mapping[str, Any]) -> SpanRecord:
    """The span as a record keeps it, with the facts that were said of it."""
    failed = span.attributes.get(names.ERROR_TYPE)
    return SpanRecord(
        span_id=f"{span.span_id:016x}",
        parent_span_id=None if span.parent_id is None else f"{span.parent_id:016x}",
        name=span.name,
        kind=span.kind,
        timestamp=timestamp_of(span.start_ns),
        execution_time=seconds_of(span),
        status=span.status,
        error={"error_type": failed, "error_message": span.status_description} if failed else None,
        stage=plain_number(span.attributes.get(names.STAGE)),
        stage_iteration=plain_number(span.attributes.get(names.STAGE_ITERATION)),
        loop_iteration=plain_number(span.attributes.get(names.LOOP_ITERATION)),
        config_used=span.attributes.get(names.CONFIG_USED),
        backend_used=span.attributes.get(names.BACKEND_USED),
        model_used=span.attributes.get(names.MODEL_USED),
        configured=facts.get("configured"),
        passed=facts.get("passed"),
        not_passed=not_passed(facts),
        response=facts.get("response"),
        facts={name: value for name, value in facts.items() if name not in _CALL_FACTS} or None,
    )


def seconds_of(span: FinishedSpan) -> float | None:
    """How long a span took; None where it has not ended."""
    return None if span.end_ns is None else (span.end_ns - span.start_ns) / 1e9


class ItemsSoFar:
    """The items in the order they were numbered; what has been built is kept."""

    def __init__(self) -> None:
        self.lossy = 0
        self._files = MediaFiles("")
        self._events: list[SpanEvent] = []
        self._built: list[ExecutionItem] = []

    def take(self, events: Iterable[SpanEvent], execution_id: str) -> tuple[ExecutionItem, ...]:
        """All items with those of `events`, media in the folder of that execution."""
        # By number and time: what two threads or two journals brought twice is there once. Sorted, not in a dict: who
        # chooses the numbers could choose them so that all have one hash.
        new = sorted(events, key=_order_of_event)
        is_late = bool(new and self._events) and _order_of_event(new[0]) <= _order_of_event(self._events[-1])
        if self._events and (is_late or execution_id != self._files.execution_id):
            new, self._events, self._built, self.lossy = sorted([*self._events, *new], key=_order_of_event), [], [], 0
        if not self._events:
            self._files = MediaFiles(execution_id)
        for _, same in groupby(new, key=_order_of_event):
            *_, event = same
            self._events.append(event)
            self._built.append(build_item(event, self._files))
            self.lossy += event.lossy
        return tuple(self._built)


def _order_of_event(event: SpanEvent) -> tuple[int, int]:
    # To the microsecond, as a record has it: what was read back from one is no other item.
    return event.fields["sequence_number"], event.fields["timestamp_ns"] // 1000
