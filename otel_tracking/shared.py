"""What the scopes of one execution share: its clock, its numbering, its outcome, its way out."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, Tracer

from otel_tracking import attributes as names
from otel_tracking.attribution import Attribution
from otel_tracking.errors import Troubles
from otel_tracking.frame import MediaBytes
from otel_tracking.outcome import Outcome
from otel_tracking.secrets.places import RedactedPlaces
from otel_tracking.span_event import Frame
from otel_tracking.timings import Timings
from otel_tracking.values.plain import hold_media

if TYPE_CHECKING:
    from otel_tracking.secrets.frozen import Redactor

Emit = Callable[[Span, Frame], None]
"""Hands a frame to whoever keeps it; runs on the pipeline's thread."""


class StagePlace(NamedTuple):
    """Where in the pipeline something happens: the stage and its two counters, and the configuration in force."""

    stage: int | None = 0
    stage_iteration: int | None = None
    loop_iteration: int | None = None
    config_used: Any = None


Where = tuple[Any, Any, Any, Any]
"""A `StagePlace` as a plain tuple, which is made and taken apart in a quarter of the time: every scope has one."""


class RecordsSpans(Protocol):
    """What a recording's tracer can do beside what OpenTelemetry asks of every tracer."""

    def start_root(self, name: str, attributes: Any, links: Sequence[Link], start_time: int) -> Span:
        """A started span without a parent, whatever span is current; its attributes are flat, and nobody else's."""

    def start_below(self, parent: Span, name: str, kind: SpanKind, attributes: Any, start_time: int) -> Span:
        """A started span below one that is at hand; its attributes are flat, and nobody else's."""

    def show_progress(self, span: Span, done: Any, total: Any, unit: Any) -> None:
        """Let whoever looks on know how far the work of a span is."""


def recorder_in(tracer: Tracer) -> RecordsSpans | None:
    """The tracer, where it is a recording's."""
    # Not `isinstance` with a protocol, which takes 10 µs.
    knows_more = all(hasattr(tracer, name) for name in ("start_root", "start_below", "show_progress"))
    return cast(RecordsSpans, tracer) if knows_more else None


class EndsItself(Protocol):
    """A call that was opened for one request, and ends with its answer, or with the run."""

    def end(self) -> None:
        """End it."""


class OnSpan(Protocol):
    """A scope, as far as its run knows it."""

    span: Span
    id: int
    ended: bool

    @property
    def place(self) -> StagePlace:
        """Where in the pipeline it is."""

    def parent_context(self) -> Context:
        """The OpenTelemetry context in which this scope's span is the current one."""


def span_id_of(span: Any) -> int:
    """The id of a span; spans that know it without making a span context are not asked for one."""
    try:
        return span.span_id  # type: ignore[no-any-return]
    except AttributeError:
        return span.get_span_context().span_id  # type: ignore[no-any-return]


def trace_id_of(span: Any) -> int:
    """The id of a span's trace, in the same way."""
    try:
        return span.trace_id  # type: ignore[no-any-return]
    except AttributeError:
        return span.get_span_context().trace_id  # type: ignore[no-any-return]


class Numbers:
    """Numbers from 1, each taken once, also where two threads take one at once: `take` is one step in C.

    >>> numbers = Numbers()
    >>> numbers.take(), numbers.take(), numbers.taken
    (1, 2, 2)
    """

    __slots__ = ("_left", "take")

    def __init__(self) -> None:
        self._left = iter(_NUMBERS)
        self.take = self._left.__next__

    @property
    def taken(self) -> int:
        """How many were taken so far."""
        return _ENOUGH - operator.length_hint(self._left)


_ENOUGH = 2**62
_NUMBERS = range(1, _ENOUGH + 1)


class Run:
    """An execution under way.

    Time runs on the monotonic clock from the wall time of the start: a clock that is set back does not reorder a run.
    """

    def __init__(
        self,
        tracer: Tracer,
        emit: Emit,
        troubles: Troubles,
        timings: Timings,
        redactor: Redactor,
        attribution: Attribution,
        *,
        recorder: RecordsSpans | None = None,
        is_ambient: bool = False,
    ) -> None:
        self.tracer, self.emit, self.troubles, self.timings = tracer, emit, troubles, timings
        self.recorder, self.is_ambient = recorder, is_ambient
        self.own_calls: set[EndsItself] = set()
        self.redactor, self.attribution = redactor, attribution
        self.search = self.redactor.search
        self.redacted = RedactedPlaces()
        self.outcome = Outcome()
        self.root_span: Span = INVALID_SPAN
        self.root_id = 0
        self.offset_ns = time.time_ns() - time.perf_counter_ns()
        self.items, self.spans = Numbers(), Numbers()
        self.next_number, self.count_span = self.items.take, self.spans.take
        self.is_over = False
        self._stage: int | None = None
        self._visits: dict[str, Numbers] = {}
        self._failures: list[tuple[BaseException, StagePlace]] = []

    def now(self) -> int:
        """Nanoseconds since 1970."""
        return self.offset_ns + time.perf_counter_ns()

    def hold(
        self, scope: OnSpan, media: Any, media_format: str | None, media_type: str, content: Any
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

    def without_secrets(self, scope: OnSpan, payload: bytes, name: str) -> tuple[bytes, str]:
        """What is kept of a payload that may hold a secret, and its name; the scope's span says where one was."""
        payload, places = self.redactor.payload(payload)
        if not places:
            return payload, name
        self._note_redacted(scope, places)
        return payload, self.redactor.text(name)

    def _note_redacted(self, scope: OnSpan, places: list[str]) -> None:
        self.redacted.note(scope.id, places)
        if scope.ended and (fact := self.redacted.fact_of(scope.id, self.now())):
            self.emit_to(scope, fact)

    def tell_redacted(self, scope: OnSpan) -> None:
        """Say on a span that is about to end where secrets were removed in it."""
        if fact := self.redacted.fact_of(scope.id, self.now()):
            self.emit(scope.span, fact)

    def start_span(self, parent: OnSpan, name: str, kind: SpanKind, attributes: Mapping[str, Any], now: int) -> Span:
        """A started span below `parent`'s, or one that does nothing where none can be started."""
        try:
            # A recording's tracer has a shorter way than by a context: 3 of the 16 µs of a scope.
            recorder = self.recorder
            if recorder is not None:
                span = recorder.start_below(parent.span, name, kind, attributes, now)
            else:
                context = parent.parent_context()
                # A recording looks at whole spans; whoever's this is keeps what it is given.
                name, attributes = self.redactor.span(name, attributes)
                span = self.tracer.start_span(name, context=context, kind=kind, attributes=attributes, start_time=now)
                span_id_of(span)  # whoever cannot even say this is no span
        except Exception as trouble:
            self.troubles.report("span start", trouble)
            return INVALID_SPAN
        self.count_span()
        return span

    def emit_to(self, scope: OnSpan, frame: Frame) -> None:
        """Hand a frame over on its scope's span; after the scope's end, on a short span of its own below it."""
        if not scope.ended:
            self.emit(scope.span, frame)
            if not scope.ended:
                return
        self.emit_late(scope, frame)

    def emit_late(self, scope: OnSpan, frame: Frame) -> None:
        """Hand a frame over whose scope has ended, perhaps in another thread and before its span had the frame.

        The builder takes an item once, however often it comes.
        """
        late = self.tracer.start_span(names.LATE_SPAN, context=scope.parent_context(), start_time=frame.timestamp)
        self.emit(late, frame)
        late.end(self.now())

    def enter_stage(self, number: int) -> int | None:
        """The stage that was left for this one; None where there was none, or it is the same."""
        previous, self._stage = self._stage, number
        return None if previous == number else previous

    def next_visit(self, node_id: str) -> int:
        """The how-manieth visit of a node this is, from 1."""
        return self._visits.setdefault(node_id, Numbers()).take()

    def note_failure(self, error: BaseException, scope: OnSpan) -> None:
        """Remember where an exception was first seen: the innermost scope sees it first."""
        if self.failure_place(error) is None:
            self._failures.append((error, scope.place))

    def failure_place(self, error: BaseException | None) -> StagePlace | None:
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
