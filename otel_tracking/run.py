"""One execution under way: the root scope, and what all of its scopes share."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanContext, SpanKind, Tracer

from otel_tracking import attributes as names
from otel_tracking.errors import Troubles
from otel_tracking.frame import Frame, MediaBytes
from otel_tracking.links import links_of
from otel_tracking.outcome import Outcome
from otel_tracking.scope import Emit, Place, Scope, span_id_of
from otel_tracking.scopes import CallingScope, Output, Stage, open_stage
from otel_tracking.secrets.places import REDACTION_FACT, RedactedPlaces
from otel_tracking.taxonomy import ItemType
from otel_tracking.timings import Timings
from otel_tracking.values.plain import describe_error, hold_media, is_cancellation, plain_number

if TYPE_CHECKING:
    from otel_tracking.secrets.frozen import Redactor

EXECUTION_FACT = "execution"
"""Name of the facts that amend the record's own fields; the first `pipeline_start` says what they were at first."""


class Run:
    """What the scopes of one execution share: its clock, its numbering, its outcome, its way out.

    Time runs on the monotonic clock from the wall time of the start: a clock that is set back does not reorder a run.
    """

    def __init__(self, tracer: Tracer, emit: Emit, troubles: Troubles, timings: Timings, redactor: Redactor) -> None:
        self.tracer, self.emit, self.troubles, self.timings = tracer, emit, troubles, timings
        self.redactor = redactor
        self.search = self.redactor.search
        self.redacted = RedactedPlaces()
        self._start_below = getattr(tracer, "start_below", None)
        self.show_progress = getattr(tracer, "show_progress", None)
        self.is_recorded = self._start_below is not None
        self.outcome = Outcome()
        self.root_span: Span = INVALID_SPAN
        self.offset_ns = time.time_ns() - time.perf_counter_ns()
        # Two threads may take a number at once: `next` on a count is one step.
        self._item_numbers, self._span_numbers = itertools.count(1), itertools.count(1)
        self.next_number = self._item_numbers.__next__
        self.is_over = False
        self._current_stage: int | None = None
        self._failures: list[tuple[BaseException, Place]] = []

    def item_count(self) -> int:
        """How many items were numbered so far."""
        return _taken(self._item_numbers)

    def span_count(self) -> int:
        """How many spans were started so far."""
        return _taken(self._span_numbers)

    def now(self) -> int:
        """Nanoseconds since 1970."""
        return self.offset_ns + time.perf_counter_ns()

    def hold(
        self, scope: Scope, media: Any, media_format: str | None, media_type: str, content: Any
    ) -> tuple[MediaBytes | None, Any]:
        """Media bytes, held by reference, and the item's content; what is no media becomes the content instead."""
        held = hold_media(media, media_format, media_type)
        if held is not None:
            data = self.redactor.media(held.data)
            if data is not held.data:
                held = MediaBytes(data, held.type)
                self._note_redacted(scope, [f"media of {media_type}"])
        else:
            self.troubles.report("media", "something that is not bytes was logged as media; its text is kept")
            content = media if content is None else content
        return held, content

    def without_secrets(self, scope: Scope, payload: bytes, name: str) -> tuple[bytes, str]:
        """What is kept of a payload that may hold a secret, and its name; the scope's span says where one was."""
        payload, places = self.redactor.payload(payload)
        if not places:
            return payload, name
        self._note_redacted(scope, places)
        return payload, self.redactor.text(name)

    def _note_redacted(self, scope: Scope, places: list[str]) -> None:
        self.redacted.note(scope._id, places)
        if scope._ended and (fact := self.redacted.fact_of(scope._id, self.now())):
            self.emit_to(scope, fact)

    def tell_redacted(self, scope: Scope) -> None:
        """Say on a span that is about to end where secrets were removed in it."""
        if fact := self.redacted.fact_of(scope._id, self.now()):
            self.emit(scope.span, fact)

    def start_span(self, parent: Scope, name: str, kind: SpanKind, attributes: Mapping[str, Any], now: int) -> Span:
        """A started span below `parent`'s, or one that does nothing where none can be started."""
        try:
            # A recording's tracer has a shorter way than by a context: 3 of the 16 µs of a scope.
            if self._start_below is not None:
                span: Span = self._start_below(parent.span, name, kind, attributes, now)
            else:
                context = parent.parent_context()
                # A recording looks at whole spans; whoever's this is keeps what it is given.
                name, attributes = self.redactor.span(name, attributes)
                span = self.tracer.start_span(name, context=context, kind=kind, attributes=attributes, start_time=now)
                span_id_of(span)  # whoever cannot even say this is no span
        except Exception as trouble:
            self.troubles.report("span start", trouble)
            return INVALID_SPAN
        next(self._span_numbers)
        return span

    def count_span(self) -> None:
        """One more span was started."""
        next(self._span_numbers)

    def emit_to(self, scope: Scope, frame: Frame) -> None:
        """Hand a frame over on its scope's span; after the scope's end, on a short span of its own below it."""
        if not scope._ended:
            self.emit(scope.span, frame)
            if not scope._ended:
                return
        self.emit_late(scope, frame)

    def emit_late(self, scope: Scope, frame: Frame) -> None:
        """Hand a frame over whose scope has ended, perhaps in another thread and before its span had the frame.

        The builder takes an item once, however often it comes.
        """
        late = self.tracer.start_span(names.LATE_SPAN, context=scope.parent_context(), start_time=frame.timestamp)
        self.emit(late, frame)
        late.end(self.now())

    def enter_stage(self, number: int) -> None:
        """Log the change of stage, if it is one."""
        previous, self._current_stage = self._current_stage, number
        if previous is None or previous == number:
            return
        at_root = Scope(self, self.root_span, 0, Place(number))
        at_root._ended = self.is_over
        at_root.item(ItemType.STAGE_TRANSITION, metadata={"from_stage": previous, "to_stage": number})

    def note_failure(self, error: BaseException, scope: Scope) -> None:
        """Remember where an exception was first seen: the innermost scope sees it first."""
        if self.failure_place(error) is None:
            self._failures.append((error, scope.place))

    def failure_place(self, error: BaseException | None) -> Place | None:
        """Where `error`, or what it was raised from, came up."""
        known = {id(seen): place for seen, place in self._failures}
        for _ in range(20):
            if error is None or id(error) in known:
                break
            error = error.__cause__ or error.__context__
        return known.get(id(error))

    def forget_failures(self) -> None:
        """Let go of the exceptions and the frames they hold."""
        self._failures.clear()


def _taken(numbers: itertools.count[int]) -> int:
    """How many numbers were taken."""
    # A count says where it stands in its text alone; to take one and start anew would repeat another thread's number.
    return int(repr(numbers).removeprefix("count(").removesuffix(")")) - 1


class Execution(CallingScope):
    """A run: the root of its trace. `execution_id` and `trace_id` name it everywhere."""

    __slots__ = ("_cancelled", "execution_id", "trace_id")

    def __init__(self, run: Run, span: Span, started_ns: int) -> None:
        super().__init__(run, span, started_ns, Place())
        trace_id = span.get_span_context().trace_id or int.from_bytes(os.urandom(16))
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
        return self._open(Output, names.OUTPUT_SPAN, Place(None, None, plain_number(number), config_used))

    def amend(self, **fields: Any) -> None:
        """Set fields of the record that were not known at the start, such as `used_seed`."""
        self.fact(EXECUTION_FACT, fields)

    def cancel(self, reason: str = "cancelled by a person") -> None:
        """Say that a person stopped this run; the record's status will be `cancelled`."""
        self._cancelled = reason

    def _close(self, error: BaseException | None) -> None:
        try:
            self._log_end(error)
        finally:
            self._run.is_over = True
            self._run.forget_failures()
            if self._cancelled is not None:
                self.span.set_attribute(names.CANCELLED, True)
            self.span.set_attribute(names.SPAN_COUNT, self._run.span_count())
            self.span.set_attribute(names.ITEM_COUNT, self._run.item_count())

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
        at_end = Scope(self._run, self.span, self._started_ns, Place(5))
        at_end.item(
            ItemType.PIPELINE_COMPLETE,
            metadata={
                "outputs_generated": outcome.outputs_generated,
                "stages_completed": list(outcome.stages_completed),
                "total_duration_seconds": (self._run.now() - self._started_ns) / 1e9,
                "total_items_logged": self._run.item_count() + 1,
            },
        )


def start_execution(run: Run, fields: dict[str, Any], links: Iterable[SpanContext | Link]) -> Execution:
    """Start a run: a root span of its own, whatever span is current, with links to what caused it."""
    now = run.now()
    span = _start_root(run, fields, links, now)
    run.root_span = span
    execution = Execution(run, span, now)
    execution.name_span()
    execution.item(ItemType.PIPELINE_START, metadata={"execution_id": execution.execution_id, **_given(fields)})
    execution.fact(REDACTION_FACT, {"rules": run.redactor.version})
    return execution


def execution_id_of(trace_id: int, started_ns: int) -> str:
    """`exec_<UTC YYYYmmdd_HHMMSS>_<first 8 hex of the trace id>`.

    >>> execution_id_of(0x0E3A0561 << 96, 1_795_408_740_000_000_000)
    'exec_20261123_043900_0e3a0561'
    """
    started = time.strftime("%Y%m%d_%H%M%S", time.gmtime(started_ns // 10**9))
    return f"exec_{started}_{trace_id:032x}"[:29]


def _start_root(run: Run, fields: dict[str, Any], links: Iterable[SpanContext | Link], now: int) -> Span:
    try:
        searchable = names.flat_attributes({key: value for key, value in fields.items() if key != "metadata"})
        if fields.get("session_id") is not None:
            searchable[names.SESSION_ID] = names.viewer_text(names.safe_text(fields["session_id"]))
        searchable[names.OPENINFERENCE_SPAN_KIND] = "CHAIN"
        span = run.tracer.start_span(
            names.EXECUTION_SPAN,
            context=Context(),
            # A recording looks at whole spans itself.
            attributes=searchable if run.is_recorded else run.redactor.attributes(searchable),
            links=links_of(links, run.redactor, run.troubles),
            start_time=now,
        )
        span_id_of(span)
        run.count_span()
    except Exception as trouble:
        run.troubles.report("span start", trouble)
        return INVALID_SPAN
    return span


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
