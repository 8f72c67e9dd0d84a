"""A run from elsewhere, before anything was made of it; it can travel to the process of a sink."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import NamedTuple

from collectors.building.record import build_columns
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
        """Everything of it."""
        spans = list(map(tuple, self.spans))
        return pickle.dumps((spans, str(self.finish_reason), self.revision, self.late_spans), pickle.HIGHEST_PROTOCOL)

    @classmethod
    def from_bytes(cls, told: bytes) -> ReceivedRun:
        """The run of such bytes, which this user's own process has made: nothing else may be read with it."""
        spans, reason, revision, late_spans = pickle.loads(told)
        return cls([FinishedSpan(*values) for values in spans], FinishReason(reason), revision, late_spans)
