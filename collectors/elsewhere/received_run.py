"""A run from elsewhere, before anything was made of it; it can travel to the process of a sink."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any, NamedTuple

from collectors.building.record import build_columns
from collectors.spans.event import FinishedEvent
from collectors.spans.finished import FinishedSpan
from otel_tracking.columns import RecordColumns
from otel_tracking.record import FinishReason


class ReceivedRun(NamedTuple):
    """The spans of a run that were received, and what its record says of how it ended."""

    spans: Sequence[FinishedSpan]
    finish_reason: FinishReason
    revision: int
    late_spans: int

    @property
    def media_bytes(self) -> int:
        """No media come with spans."""
        return 0

    def build(self) -> RecordColumns:
        """Its record, as columns."""
        return build_columns(
            self.spans, finish_reason=self.finish_reason, revision=self.revision, late_spans=self.late_spans
        )

    def to_bytes(self) -> bytes:
        """Everything of it; events as their texts, so that none calls for Python when it is packed."""
        spans = list(map(_packed_span, self.spans))
        return pickle.dumps((spans, str(self.finish_reason), self.revision, self.late_spans), pickle.HIGHEST_PROTOCOL)

    @classmethod
    def from_bytes(cls, told: bytes) -> ReceivedRun:
        """The run of such bytes, which this user's own process has made: nothing else may be read with it."""
        spans, reason, revision, late_spans = pickle.loads(told)
        return cls([_span_of(*values) for values in spans], FinishReason(reason), revision, late_spans)


_EVENTS = FinishedSpan._fields.index("events")


def _packed_span(span: FinishedSpan) -> tuple[Any, ...]:
    events = [event.unread_parts or event for event in span.events]
    return (*span[:_EVENTS], events, *span[_EVENTS + 1 :])


def _span_of(*values: Any) -> FinishedSpan:
    events = [FinishedEvent.unread(*told) if type(told) is tuple else told for told in values[_EVENTS]]
    return FinishedSpan._make((*values[:_EVENTS], tuple(events), *values[_EVENTS + 1 :]))
