"""Hold the spans of a run until its root has ended: only then is it known whether its texts may be shown."""

from __future__ import annotations

from collections import OrderedDict

from opentelemetry.sdk.trace import ReadableSpan

from collectors.viewers.payload import make_alias
from collectors.viewers.redacting import TextRedaction, ViewerText
from collectors.viewers.spans import show_run
from otel_tracking.view import UNFINISHED

MOST_HELD_SPANS = 20_000
"""Spans of runs that go on; beyond it the oldest run is shown without its texts."""

MOST_REMEMBERED = 1_000
"""Runs that were shown and may still get late spans."""


class HeldRuns:
    """Takes ended spans one by one and gives back what may be shown now. Used by one thread."""

    def __init__(self, ratio: float = 1.0, viewer_text: ViewerText | None = None) -> None:
        self._bound = round(ratio * 2**64)
        self._alias = make_alias()
        self._redaction = TextRedaction(viewer_text) if viewer_text else None
        self._spans_by_trace_id: OrderedDict[int, list[ReadableSpan]] = OrderedDict()
        self._shown: OrderedDict[int, str] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def take(self, span: ReadableSpan) -> list[ReadableSpan]:
        """What may be shown now that `span` has ended: nothing, or all of its run."""
        trace_id = span.context.trace_id if span.context else 0
        if trace_id & (2**64 - 1) >= self._bound:
            return []
        if trace_id in self._shown:
            return show_run([span], self._alias, reason=self._shown[trace_id], redaction=self._redaction).spans
        self._spans_by_trace_id.setdefault(trace_id, []).append(span)
        self._count += 1
        if span.parent is None:
            return self._show(trace_id)
        return self._show(next(iter(self._spans_by_trace_id)), UNFINISHED) if self._count > MOST_HELD_SPANS else []

    def take_all(self) -> list[ReadableSpan]:
        """What is held, of runs that did not end, without texts."""
        return [span for trace_id in list(self._spans_by_trace_id) for span in self._show(trace_id, UNFINISHED)]

    def _show(self, trace_id: int, reason: str = "") -> list[ReadableSpan]:
        spans = self._spans_by_trace_id.pop(trace_id)
        self._count -= len(spans)
        shown = show_run(spans, self._alias, reason=reason, redaction=self._redaction)
        self._shown[trace_id] = shown.reason
        if len(self._shown) > MOST_REMEMBERED:
            self._shown.popitem(last=False)
        return shown.spans
