"""One execution under way: the root scope, and how it starts and ends."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanContext

from otel_tracking import attributes as names
from otel_tracking.links import links_of
from otel_tracking.scope import Scope
from otel_tracking.scopes import CallingScope, Output, Stage, note, open_stage
from otel_tracking.secrets.places import REDACTION_FACT
from otel_tracking.shared import Run, Where, span_id_of, trace_id_of
from otel_tracking.taxonomy import ItemType
from otel_tracking.values.plain import describe_error, is_cancellation, plain_number

_DAY = 24 * 60 * 60
_AT_START, _AT_END = 0, 5
_AT_ROOT: Where = (_AT_START, None, None, None)

EXECUTION_FACT = "execution"
"""Name of the facts that amend the record's own fields; the first `pipeline_start` says what they were at first."""


class Execution(CallingScope):
    """A run: the root of its trace. `execution_id` and `trace_id` name it everywhere."""

    __slots__ = ("_cancelled", "execution_id", "trace_id")

    def __init__(self, run: Run, span: Span, started_ns: int) -> None:
        super().__init__(run, span, started_ns, _AT_ROOT)
        trace_id = trace_id_of(span) or int.from_bytes(os.urandom(16))
        self.trace_id = f"{trace_id:032x}"
        self.execution_id = execution_id_of(trace_id, started_ns)
        self._cancelled: str | None = None

    def name_span(self) -> None:
        """Write the execution id on the span, where it can be searched for."""
        try:
            self.span.set_attribute(names.EXECUTION_ID, self.execution_id)
        except Exception as trouble:
            self._run.troubles.report("attribute", trouble)

    def stage(self, number: int) -> Stage:
        """The scope of stage `number`: 1 translation and safety, 2 interception (3 and 4 belong to an output)."""
        return open_stage(self, number)

    def output(self, number: int, *, config_used: Any = None) -> Output:
        """The scope of requested output `number` (1 up), which opens stages 3 and 4."""
        return self._open(Output, names.OUTPUT_SPAN, (None, None, plain_number(number), config_used))

    def amend(self, **fields: Any) -> None:
        """Set fields of the record that were not known at the start, such as `used_seed`."""
        self.fact(EXECUTION_FACT, fields)

    def fact(self, name: str, value: Any) -> None:
        """Keep something that is true of the whole run; what amends its own fields knows people by pseudonyms alone."""
        if type(name) is str and name == EXECUTION_FACT and isinstance(value, dict):
            value = self._run.attribution.without_names(value)
        super().fact(name, value)

    def cancel(self, reason: str = "cancelled by a person") -> None:
        """Say that a person stopped this run; the record's status will be `cancelled`."""
        self._cancelled = reason

    def _close(self, error: BaseException | None) -> None:
        try:
            self._log_end(error)
        finally:
            self._run.is_over = True
            self._run.forget_failures()
            for call in tuple(self._run.own_calls):
                call.end()
            if self._cancelled is not None:
                self.span.set_attribute(names.CANCELLED, True)
            self.span.set_attribute(names.SPAN_COUNT, self._run.spans.taken)
            self.span.set_attribute(names.ITEM_COUNT, self._run.items.taken)

    def _log_end(self, error: BaseException | None) -> None:
        if error is not None or self._cancelled is not None:
            self._log_error(error)
        elif not self._run.outcome.blocked_at_start:
            self._log_completion()

    def _log_error(self, error: BaseException | None) -> None:
        place = self._run.failure_place(error) or self.place
        if error is None:
            message = names.safe_text(self._cancelled)
            details = {"error_type": "cancelled", "error_message": message}
        else:
            details = describe_error(error)
            message = details["error_message"]
        cancelled = error is None or is_cancellation(error)
        where = place._replace(stage=place.stage or 0, config_used=None)
        Scope(self._run, self.span, self._started_ns, where).item(
            ItemType.PIPELINE_ERROR, content=message, metadata={**details, "cancelled": cancelled}
        )

    def _log_completion(self) -> None:
        outcome = self._run.outcome
        note(
            self._run,
            ItemType.PIPELINE_COMPLETE,
            _AT_END,
            {
                "outputs_generated": outcome.outputs_generated,
                "stages_completed": list(outcome.stages_completed),
                "total_duration_seconds": (self._run.now() - self._started_ns) / 1e9,
                "total_items_logged": self._run.items.taken + 1,
            },
        )


def start_execution(run: Run, fields: dict[str, Any], links: Iterable[SpanContext | Link]) -> Execution:
    """Start a run: a root span of its own, whatever span is current, with links to what caused it."""
    now = run.now()
    given = {name: value for name, value in fields.items() if value is not None}
    span = _start_root(run, given, links, now)
    execution = Execution(run, span, now)
    run.root_span, run.root_id = span, execution.id
    execution.name_span()
    note(run, ItemType.PIPELINE_START, _AT_START, {"execution_id": execution.execution_id, **given})
    execution.fact(REDACTION_FACT, {"rules": run.redactor.version})
    return execution


def execution_id_of(trace_id: int, started_ns: int) -> str:
    """`exec_<UTC YYYYmmdd_HHMMSS>_<first 8 hex of the trace id>`.

    >>> execution_id_of(0x0E3A0561 << 96, 1_795_408_740_000_000_000)
    'exec_20261123_043900_0e3a0561'
    """
    day, second = divmod(started_ns // 10**9, _DAY)
    hour, minute, second = second // 3600, second // 60 % 60, second % 60
    return f"exec_{_date_of(day)}_{hour:02}{minute:02}{second:02}_{trace_id >> 96:08x}"


@functools.lru_cache(8)  # 3 µs of a run that finds nothing in the caches, and most runs are of one day
def _date_of(day: int) -> str:
    return time.strftime("%Y%m%d", time.gmtime(day * _DAY))


def _start_root(run: Run, fields: dict[str, Any], links: Iterable[SpanContext | Link], now: int) -> Span:
    try:
        flat = {key: value for key, value in fields.items() if key != "metadata"} if "metadata" in fields else fields
        searchable = names.flat_attributes(flat)
        if "session_id" in fields:
            searchable[names.SESSION_ID] = names.viewer_text(names.safe_text(fields["session_id"]))
        searchable[names.OPENINFERENCE_SPAN_KIND] = "CHAIN"
        causes = links_of(links, run.redactor, run.troubles)
        if run.recorder is not None:
            span = run.recorder.start_root(names.EXECUTION_SPAN, searchable, causes, now)
        else:
            span = run.tracer.start_span(
                names.EXECUTION_SPAN,
                context=Context(),
                # A recording looks at whole spans itself.
                attributes=run.redactor.attributes(searchable),
                links=causes,
                start_time=now,
            )
            span_id_of(span)
        run.spans.take()
    except Exception as trouble:
        run.troubles.report("span start", trouble)
        return INVALID_SPAN
    return span
