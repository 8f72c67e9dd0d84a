"""A finished run as it was recorded, before anything was made of it; it can travel to another process."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from opentelemetry.sdk.trace import Event
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode

from collectors.building.record import columns_of_recorded
from collectors.spans.recorded import SpanData
from otel_tracking.columns import RecordColumns
from otel_tracking.frame import MediaBytes
from otel_tracking.record import FinishReason
from otel_tracking.span_event import Frame


class RecordedRun(NamedTuple):
    """The spans of a run with their frames, and what its record says of how it ended."""

    spans: Sequence[SpanData]
    finish_reason: FinishReason
    revision: int
    late_spans: int

    def build(self) -> RecordColumns:
        """Its record, as columns."""
        return columns_of_recorded(
            self.spans,
            finish_reason=self.finish_reason,
            revision=self.revision,
            late_spans=self.late_spans,
        )

    @property
    def media_bytes(self) -> int:
        """Bytes of media that it holds."""
        return sum(len(frame.media.data) for frame in self._frames() if frame.media is not None)

    def to_bytes(self) -> bytes:
        """Everything of it. Frames are bytes already, so this costs what copying them does."""
        spans = [_packed_span(span) for span in self.spans]
        return pickle.dumps((spans, str(self.finish_reason), self.revision, self.late_spans), pickle.HIGHEST_PROTOCOL)

    @classmethod
    def from_bytes(cls, told: bytes) -> RecordedRun:
        """The run of such bytes, which this user's own process has made: nothing else may be read with it."""
        spans, reason, revision, late_spans = pickle.loads(told)
        return cls([_span_of(*packed) for packed in spans], FinishReason(reason), revision, late_spans)

    def _frames(self) -> Iterable[Frame]:
        return (event for span in self.spans for event in span.events if isinstance(event, Frame))


def _packed_span(span: SpanData) -> tuple[Any, ...]:
    return (
        (span.trace_id, span.span_id, span.parent_id, span.name),
        (span.kind.value, span.status.value, span.status_description, span.start_ns, span.end_ns),
        dict(span.attributes),
        [(link.context.trace_id, link.context.span_id, dict(link.attributes or {})) for link in span.links],
        [_packed_event(event) for event in list(span.events)],
    )


def _span_of(
    ids: tuple[int, int, int | None, str],
    told: tuple[int, int, str | None, int, int | None],
    attributes: dict[str, Any],
    links: list[tuple[int, int, dict[str, Any]]],
    events: list[tuple[Any, ...]],
) -> SpanData:
    kind, status, description, start_ns, end_ns = told
    return SpanData(
        *ids,
        _KINDS[kind],
        attributes,
        [Link(SpanContext(trace_id, span_id, is_remote=False), kept) for trace_id, span_id, kept in links],
        start_ns,
        end_ns,
        _STATUSES[status],
        description,
        # A frame without media is all there is of it, and nearly all are.
        [Frame(*packed) if len(packed) == _PLAIN_FRAME else _event_of(*packed) for packed in events],
    )


def _packed_event(event: Frame | Event) -> tuple[Any, ...]:
    if not isinstance(event, Frame):
        return event.name, event.timestamp, dict(event.attributes or {})
    media = event.media
    if media is None:
        return event.name, event.timestamp, event.span_id, event.payload
    return event.name, event.timestamp, event.span_id, event.payload, (media.data, media.type)


def _event_of(name: str, timestamp: int, *told: Any) -> Frame | Event:
    if len(told) == 1:
        return Event(name, told[0], timestamp)
    span_id, payload, media = told
    return Frame(name, timestamp, span_id, payload, MediaBytes(*media))


_PLAIN_FRAME = 4
"""Parts of a frame without media."""
_KINDS = {kind.value: kind for kind in SpanKind}
_STATUSES = {status.value: status for status in StatusCode}
