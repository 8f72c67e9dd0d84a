"""The record of a run of this process while it goes on, as its live events tell it."""

from __future__ import annotations

from typing import Any

from collectors.building.record import RecordSoFar
from collectors.recording.live import LiveEvent
from collectors.recording.open_runs import ENDED, FINISHED, LOGGED, STARTED
from collectors.spans.event import FinishedEvent
from collectors.spans.finished import FinishedSpan
from otel_tracking import attributes as names
from otel_tracking.outcome import RUNNING
from otel_tracking.record import ExecutionRecord, FinishReason, timestamp_of

_SAID = {"execution_id": names.EXECUTION_ID, "config_name": names.CONFIG_NAME}


class RunSoFar:
    """A run fed with its live events in order; `seen` is the number of the last one.

    Its records are those that the run will have, but for what only the stored one has: links, the bytes of media, the
    words of a status, and what was said to engines and came back, which may be as large as pictures.
    """

    def __init__(self, trace_id: str = "") -> None:
        self.seen = 0
        self._trace_id = int(trace_id or "0", 16)
        self._so_far = RecordSoFar()
        self._said: dict[str, Any] = {}
        self._finish_reason: FinishReason | None = None

    def tell(self, event: LiveEvent) -> bool:
        """Take the next event in; False where it concerns only a call to an engine."""
        self.seen = event.number
        if event.kind == STARTED:
            self._so_far.begin(self._begun(event))
        elif event.kind == FINISHED:
            self._finish_reason = FinishReason(event.name)
        span = self._so_far.span(event.span_id)
        concerns_run = event.is_item or span is None or span.kind != "client"
        if event.kind == ENDED and span is not None:
            attributes = event.fields or span.attributes
            self._so_far.end(span._replace(end_ns=event.timestamp_ns, status=event.name, attributes=attributes))
        elif event.kind == LOGGED and concerns_run:
            self._so_far.log(event.span_id, FinishedEvent(event.fields))
        return concerns_run

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._finish_reason is not None

    def record(self) -> ExecutionRecord:
        """The record of what has happened; its status is `running` until nothing more will come."""
        if not self.seen:
            return ExecutionRecord(execution_id="", config_name="", timestamp=timestamp_of(0), status=RUNNING)
        reason = self._finish_reason or FinishReason.ROOT_ENDED
        return self._so_far.record(is_over=self.is_over, finish_reason=reason, said=self._said)

    def _begun(self, event: LiveEvent) -> FinishedSpan:
        if event.parent_id is None:
            self._said = {field: event.fields[name] for field, name in _SAID.items() if name in event.fields}
        kind = "client" if names.GEN_AI_OPERATION_NAME in event.fields else "internal"
        return FinishedSpan(
            self._trace_id,
            event.span_id,
            event.parent_id,
            event.name,
            kind,
            event.timestamp_ns,
            attributes=event.fields,
        )
