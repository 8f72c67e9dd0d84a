"""The scopes an orchestrator opens around its work: a run, its stages, hops, outputs and backend calls.

Every scope is an explicit handle, so threads, tasks and generators cannot mix two runs. Nothing here raises into the
pipeline, waits, or touches disk or network; trouble is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context

from otel_tracking import attributes as names
from otel_tracking.capture.binding import CapturesHttp
from otel_tracking.frame import FACT, ITEM, Frame, freeze
from otel_tracking.outcome import TELLING_TYPES
from otel_tracking.plain import describe_error, event_name, is_cancellation, known_type, plain_number, text, text_or
from otel_tracking.taxonomy import STAGE_NAMES, ItemType

if TYPE_CHECKING:
    from otel_tracking.run import Run

ERROR_LIMIT = 1_000
"""Characters of an error's message in a span's status."""


def span_id_of(span: Any) -> int:
    """The id of a span; spans that know it without making a span context are not asked for one."""
    try:
        return span.span_id  # type: ignore[no-any-return]
    except AttributeError:
        return span.get_span_context().span_id  # type: ignore[no-any-return]


class Place(NamedTuple):
    """Where in the pipeline something happens: the stage and its two counters, and the configuration in force."""

    stage: int | None = 0
    stage_iteration: int | None = None
    loop_iteration: int | None = None
    config_used: Any = None


class Attempt(NamedTuple):
    """A backend call as the items after it see it."""

    span_id: str
    model_used: Any
    backend_used: Any
    execution_time: float | None


class Scope:
    """A stretch of the run: a context manager with `item`. Leaving it ends its span; an exception passes through."""

    __slots__ = (
        "_context",
        "_ended",
        "_id",
        "_last_call",
        "_run",
        "_started_ns",
        "place",
        "span",
    )

    def __init__(self, run: Run, span: Span, started_ns: int, place: Place) -> None:
        self._run, self.span, self._started_ns, self.place = run, span, started_ns, place
        self._id = span_id_of(span)
        self._context: Context | None = None
        self._last_call: Attempt | None = None
        self._ended = False

    @property
    def span_id(self) -> str:
        """The span's id in hex."""
        return f"{self._id:016x}"

    def item(
        self,
        item_type: ItemType | str,
        *,
        content: Any = None,
        media_type: str | None = None,
        media: bytes | bytearray | memoryview | None = None,
        media_format: str | None = None,
        file_path: str | None = None,
        input_text: Any = None,
        config_used: Any = None,
        model_used: Any = None,
        backend_used: Any = None,
        execution_time: float | None = None,
        attempt: BackendCall | str | None = None,
        metadata: Any = None,
    ) -> None:
        """Log one item here: frozen now, so that later changes to what is passed do not change the record.

        `metadata` takes every parameter of the backend, of any type. `media` are the bytes of a file, `media_format`
        their type (`image/png`). `execution_time` is in seconds. Model, backend and time that are not given are those
        of `attempt`, or of the last successful backend call of this scope.

        >>> from otel_tracking import ExecutionTracker, ItemType
        >>> with ExecutionTracker().execution("dada") as run, run.stage(1) as stage:
        ...     stage.item(ItemType.USER_INPUT_TEXT, content="Eine Blume auf der Wiese")
        """
        run, place = self._run, self.place
        now = run.now()
        try:
            call = self._last_call if attempt is None else attempt
            if call is not None:
                model_used, backend_used, execution_time, call = _of_attempt(
                    call, model_used, backend_used, execution_time
                )
            name, medium = known_type(item_type, media_type)
            held = None
            if media is not None:
                held, content = run.hold(media, media_format, medium, content)
            payload = freeze(
                (
                    ITEM,
                    self._id,
                    run.next_number(),
                    now,
                    name,
                    medium,
                    place.stage,
                    place.stage_iteration,
                    place.loop_iteration,
                    content,
                    input_text,
                    file_path,
                    place.config_used if config_used is None else config_used,
                    model_used,
                    backend_used,
                    execution_time,
                    call,
                    None if held is None else (len(held.data), held.type),
                    {} if metadata is None else metadata,
                )
            )
            if name in TELLING_TYPES:
                run.outcome.item(name, place.stage, place.loop_iteration)
            run.emit_to(self, Frame(event_name(name), now, self._id, payload, held))
            run.timings.take(run.now() - now)
        except Exception as trouble:
            run.troubles.report("item", trouble)

    def backend_call(
        self, backend: str, *, model: str | None = None, configured: Any = None, operation: str | None = None
    ) -> BackendCall:
        """A CLIENT span for one attempt at a backend; retries and fallbacks are attempts of their own.

        `configured` is what configuration and caller asked for; say what left the process with `passed`.
        """
        usual = "generate_content" if self.place.stage == 4 else "chat"
        operation = text_or(operation, usual)
        call = self._open(
            BackendCall,
            operation if model is None else names.viewer_text(f"{operation} {names.safe_text(model)}"),
            self.place,
            kind=SpanKind.CLIENT,
            attributes=_call_attributes(operation, backend, model),
        )
        call.begin(self, backend, model)
        if configured is not None:
            call.fact("configured", configured)
        return call

    def fact(self, name: str, value: Any) -> None:
        """Keep something that is true of this whole scope, losslessly; the last value of a name counts."""
        run = self._run
        try:
            name = text(name)
            run.emit_to(self, Frame(event_name(name), run.now(), self._id, freeze((FACT, self._id, name, value))))
        except Exception as trouble:
            run.troubles.report("fact", trouble)

    @property
    def ended(self) -> bool:
        """Whether the scope was closed."""
        return self._ended

    def end(self, error: BaseException | None = None) -> None:
        """Close the scope; leaving the `with` block does it for you. Closing twice is harmless."""
        if self._ended:
            return
        self._ended = True
        if error is not None and not isinstance(error, BaseException):
            error = RuntimeError(names.safe_text(error))
        try:
            if error is not None:
                self._fail(error)
            self._close(error)
        except Exception as trouble:
            self._run.troubles.report("end", trouble)
        finally:
            self._end_span()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end(error)

    def _close(self, error: BaseException | None) -> None:
        """What a kind of scope does before its span ends."""

    def _fail(self, error: BaseException) -> None:
        self._run.note_failure(error, self)
        self.span.set_attribute(names.ERROR_TYPE, type(error).__name__)
        if is_cancellation(error):
            self.span.set_attribute(names.CANCELLED, True)
        else:
            self.span.set_status(
                StatusCode.ERROR, names.viewer_text(describe_error(error)["error_message"][:ERROR_LIMIT])
            )

    def _end_span(self) -> None:
        try:
            self.span.end(self._run.now())
        except Exception as trouble:
            self._run.troubles.report("span end", trouble)

    def at(self, stage: Any = None, stage_iteration: Any = None, loop_iteration: Any = None) -> Scope:
        """This scope, or one on the same span whose items say another place."""
        given = {"stage": stage, "stage_iteration": stage_iteration, "loop_iteration": loop_iteration}
        place = self.place._replace(**{name: number for name, number in given.items() if number is not None})
        if place == self.place:
            return self
        scope = Scope(self._run, self.span, self._started_ns, place)
        scope._last_call, scope._ended = self._last_call, self._ended
        return scope

    def parent_context(self) -> Context:
        """The OpenTelemetry context in which this scope's span is the current one."""
        if self._context is None:
            self._context = set_span_in_context(self.span, Context())
        return self._context

    def _open(
        self,
        kind_of_scope: type[S],
        name: str,
        place: Place,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
    ) -> S:
        run = self._run
        attributes = names.FlatAttributes() if attributes is None else attributes
        for key, value in zip(_PLACE_ATTRIBUTES, place, strict=True):
            if value is not None:
                attributes[key] = value if type(value) is int and value < _LARGEST_NUMBER else names.flat(value)
        now = run.now()
        context = self._context
        if context is None:
            context = self._context = set_span_in_context(self.span, Context())
        return kind_of_scope(run, run.start_span(name, context, kind, attributes, now), now, place)


_LARGEST_NUMBER = 2**63

S = TypeVar("S", bound=Scope)

_PLACE_ATTRIBUTES = (names.STAGE, names.STAGE_ITERATION, names.LOOP_ITERATION, names.CONFIG_USED)


class BackendCall(CapturesHttp, Scope):
    """One attempt at a backend. Ended without an exception, it stands behind the items its scope logs next."""

    __slots__ = ("_parent", "_wire", "backend_used", "execution_time", "model_used")

    def begin(self, parent: Scope, backend: Any, model: Any) -> None:
        """Remember whose attempt this is."""
        self._parent, self.backend_used, self.model_used = parent, backend, model
        self.execution_time: float | None = None
        self._wire = None
        self._last_call = self.attempt

    @property
    def attempt(self) -> Attempt:
        """What items that this call stands behind take from it."""
        return Attempt(self.span_id, self.model_used, self.backend_used, self.execution_time)

    def passed(self, value: Any) -> None:
        """Keep what left the process: the body, and whatever else was sent. Secrets must be gone before."""
        self.fact("passed", value)

    def response(self, value: Any) -> None:
        """Keep the facts of the answer: the model that answered, the seed used, sizes, timing."""
        self.fact("response", value)

    def _close(self, error: BaseException | None) -> None:
        self.execution_time = (self._run.now() - self._started_ns) / 1e9
        if self._wire is not None:
            self._wire.close()
        if error is None:
            self._parent._last_call = self.attempt


class Iteration(Scope):
    """One hop of a recursive interception."""

    __slots__ = ()


class Stage(Scope):
    """One of the four stages."""

    __slots__ = ()

    def iteration(self, number: int) -> Iteration:
        """The scope of hop `number` (1 up)."""
        stage, _, loop_iteration, config_used = self.place
        return self._open(
            Iteration, names.ITERATION_SPAN, Place(stage, plain_number(number), loop_iteration, config_used)
        )

    def _close(self, error: BaseException | None) -> None:
        self._run.outcome.stage_ended(self.place.stage or 0, self.place.loop_iteration, failed=error is not None)


class Output(Scope):
    """One pass of the loop over stages 3 and 4: one requested output."""

    __slots__ = ()

    def stage(self, number: int) -> Stage:
        """The scope of stage 3 or 4 for this output."""
        return open_stage(self, number)

    def _close(self, error: BaseException | None) -> None:
        if error is not None and not is_cancellation(error):
            where = self._run.failure_place(error) or self.place
            failed = Scope(self._run, self.span, self._started_ns, self.place._replace(stage=where.stage or 4))
            details = describe_error(error)
            failed.item(ItemType.OUTPUT_FAILED, content=details["error_message"], metadata=details)
        self._run.outcome.output_ended(self.place.loop_iteration, failed=error is not None)


def _of_attempt(call: Any, model_used: Any, backend_used: Any, execution_time: Any) -> tuple[Any, Any, Any, Any]:
    """Model, backend and time of an item, from its attempt where nobody gave them, and the attempt's span id."""
    attempt = call.attempt if isinstance(call, BackendCall) else call
    if not isinstance(attempt, Attempt):
        return model_used, backend_used, execution_time, attempt
    return (
        attempt.model_used if model_used is None else model_used,
        attempt.backend_used if backend_used is None else backend_used,
        attempt.execution_time if execution_time is None else execution_time,
        attempt.span_id,
    )


def _call_attributes(operation: str, backend: Any, model: Any) -> dict[str, Any]:
    known = names.FlatAttributes()
    known[names.GEN_AI_OPERATION_NAME] = names.flat(operation)
    known[names.OPENINFERENCE_SPAN_KIND] = "LLM"
    known[names.GEN_AI_PROVIDER_NAME] = known[names.BACKEND_USED] = names.flat(backend)
    if model is not None:
        known[names.GEN_AI_REQUEST_MODEL] = known[names.MODEL_USED] = names.flat(model)
    return known


def open_stage(parent: Scope, number: int) -> Stage:
    """The scope of stage `number` below a run or an output; tells the run of the change of stage."""
    number = plain_number(number)
    parent._run.enter_stage(number)
    _, stage_iteration, loop_iteration, config_used = parent.place
    place = Place(number, stage_iteration, loop_iteration, config_used)
    return parent._open(Stage, STAGE_NAMES.get(number, "stage"), place)


Emit = Callable[[Span, Frame], None]
"""Hands a frame to whoever keeps it; runs on the pipeline's thread."""
