"""What every scope can do: log items and facts, open scopes below it, and end.

Every scope is an explicit handle, so threads, tasks and generators cannot mix two runs. Nothing here raises into the
pipeline, waits, or touches disk or network; trouble is counted.
"""

from __future__ import annotations

from time import perf_counter_ns
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context

from otel_tracking import attributes as names
from otel_tracking.attributes import flat
from otel_tracking.frame import FACT, ITEM, freeze
from otel_tracking.outcome import TELLING_TYPES
from otel_tracking.shared import Run, StagePlace, Where, span_id_of
from otel_tracking.span_event import Frame
from otel_tracking.surroundings import ScopeBlock, blocks, enter_block
from otel_tracking.taxonomy import ItemType
from otel_tracking.values.media_in_texts import lift_medium, may_be_medium
from otel_tracking.values.plain import KNOWN_TYPES, describe_error, event_name, is_cancellation, known_type, text

_INTERNAL = SpanKind.INTERNAL

ERROR_LIMIT = 1_000
"""Characters of an error's message in a span's status."""


class Attempt(NamedTuple):
    """A backend call as the items after it see it."""

    span_id: str
    model_used: Any
    backend_used: Any
    execution_time: float | None


class Scope:
    """A stretch of the run: a context manager with `item`. Leaving it ends its span; an exception passes through."""

    __slots__ = (
        "_block",
        "_context",
        "_last_call",
        "_run",
        "_started_ns",
        "_where",
        "ended",
        "id",
        "span",
    )

    def __init__(self, run: Run, span: Span, started_ns: int, where: Where) -> None:
        self._run, self.span, self._started_ns, self._where = run, span, started_ns, where
        try:
            self.id = span.span_id  # type: ignore[attr-defined]  # as `span_id_of`, a call less
        except AttributeError:
            self.id = span_id_of(span)
        self._context: Context | None = None
        self._last_call: Attempt | None = None
        self._block: ScopeBlock | None = None
        self.ended = False

    @property
    def span_id(self) -> str:
        """The span's id in hex."""
        return f"{self.id:016x}"

    @property
    def place(self) -> StagePlace:
        """Where in the pipeline it is."""
        return StagePlace(*self._where)

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
        attempt: Scope | str | None = None,
        metadata: Any = None,
    ) -> None:
        """Log one item here: frozen now, so that later changes to what is passed do not change the record.

        `metadata` takes every parameter of the backend, of any type. `media` are the bytes of a file, `media_format`
        their type (`image/png`); a `data:` URL in the place of a text or a path is media, too. `execution_time` is in
        seconds. Model, backend and time that are not given are those of `attempt`, or of the last successful backend
        call of this scope.

        >>> from otel_tracking import ExecutionTracker, ItemType
        >>> with ExecutionTracker().execution("dada") as run, run.stage(1) as stage:
        ...     stage.item(ItemType.USER_INPUT_TEXT, content="Eine Blume auf der Wiese")
        """
        run, (stage, stage_iteration, loop_iteration, in_force) = self._run, self._where
        started = perf_counter_ns()
        now = run.offset_ns + started
        try:
            call = self._last_call if attempt is None else attempt
            if call is not None:
                model_used, backend_used, execution_time, call = _of_attempt(
                    call, model_used, backend_used, execution_time
                )
            if media_type is None and type(item_type) is ItemType:
                name, medium = KNOWN_TYPES[item_type]  # nearly every item's: a call less
            else:
                name, medium = known_type(item_type, media_type)
            held = None
            if media is not None:
                held, content = run.hold(self, media, media_format, medium, content)
            # As `may_be_medium`, a call less.
            elif (
                (type(content) is str and content[:5] == "data:")
                or (file_path is not None and may_be_medium(None, None, file_path))
                or (type(input_text) is str and input_text[:5] == "data:")
            ):
                lifted = lift_medium(content, input_text, file_path, metadata)
                if lifted is not None:
                    content, input_text, file_path, metadata, media, media_format = lifted
                    held, content = run.hold(self, media, media_format, medium, content)
            payload = freeze(
                (
                    ITEM,
                    self.id,
                    run.next_number(),
                    now,
                    name,
                    medium,
                    stage,
                    stage_iteration,
                    loop_iteration,
                    content,
                    input_text,
                    file_path,
                    in_force if config_used is None else config_used,
                    model_used,
                    backend_used,
                    execution_time,
                    call,
                    None if held is None else (len(held.data), held.type),
                    {} if metadata is None else metadata,
                )
            )
            if run.search(payload):
                payload, name = run.without_secrets(self, payload, name)
            if name in TELLING_TYPES:
                run.outcome.item(name, stage, loop_iteration)
            frame = Frame(name if name.isascii() else event_name(name), now, self.id, payload, held)
            if not self.ended:  # as `emit_to` does, a call less
                run.emit(self.span, frame)
            if self.ended:
                run.emit_late(self, frame)
            run.timings.take(perf_counter_ns() - started)
        except Exception as trouble:
            run.troubles.report("item", trouble)

    def fact(self, name: str, value: Any) -> None:
        """Keep something that is true of this whole scope, losslessly; the last value of a name counts."""
        run = self._run
        try:
            name = name if type(name) is str else text(name)
            payload = freeze((FACT, self.id, name, value))
            if run.search(payload):
                payload, name = run.without_secrets(self, payload, name)
            frame = Frame(
                name if name.isascii() else event_name(name), run.offset_ns + perf_counter_ns(), self.id, payload
            )
            if not self.ended:  # as `emit_to` does, a call less
                run.emit(self.span, frame)
            if self.ended:
                run.emit_late(self, frame)
        except Exception as trouble:
            run.troubles.report("fact", trouble)

    def as_attempt(self) -> Attempt | None:
        """What items take from this scope, if it is an attempt at a backend."""
        return None

    def end(self, error: BaseException | None = None) -> None:
        """Close the scope; leaving the `with` block does it for you. Closing twice is harmless."""
        if self.ended:
            return
        self.ended = True
        run = self._run
        try:
            if error is not None:
                error = self._fail(error)
            self._close(error)
            if not run.redacted.is_empty:
                run.tell_redacted(self)
        except Exception as trouble:
            run.troubles.report("end", trouble)
        finally:
            try:
                self.span.end(run.offset_ns + perf_counter_ns())
            except Exception as trouble:
                run.troubles.report("span end", trouble)

    def __enter__(self) -> Self:
        if self._run.is_ambient or blocks.are_current:
            self._block = enter_block(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._block is not None:
            self._block.leave()
        self.end(error)

    def _close(self, error: BaseException | None) -> None:
        """What a kind of scope does before its span ends."""

    def _fail(self, given: Any) -> BaseException:
        error = given if isinstance(given, BaseException) else RuntimeError(names.safe_text(given))
        self._run.note_failure(error, self)
        self.span.set_attribute(names.ERROR_TYPE, type(error).__name__)
        if is_cancellation(error):
            self.span.set_attribute(names.CANCELLED, True)
        else:
            self.span.set_status(
                StatusCode.ERROR, names.viewer_text(describe_error(error)["error_message"][:ERROR_LIMIT])
            )
        return error

    def at(self, stage: Any = None, stage_iteration: Any = None, loop_iteration: Any = None) -> Scope:
        """This scope, or one on the same span whose items say another place."""
        given = {"stage": stage, "stage_iteration": stage_iteration, "loop_iteration": loop_iteration}
        place = self.place._replace(**{name: number for name, number in given.items() if number is not None})
        if place == self.place:
            return self
        scope = Scope(self._run, self.span, self._started_ns, place)
        scope._last_call, scope.ended = self._last_call, self.ended
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
        where: Where,
        kind: SpanKind = _INTERNAL,
        attributes: dict[str, Any] | None = None,
        started_ns: int | None = None,
    ) -> S:
        run = self._run
        attributes = {} if attributes is None else attributes
        stage, stage_iteration, loop_iteration, config_used = where
        if stage is not None:
            attributes[names.STAGE] = flat(stage)
        if stage_iteration is not None:
            attributes[names.STAGE_ITERATION] = flat(stage_iteration)
        if loop_iteration is not None:
            attributes[names.LOOP_ITERATION] = flat(loop_iteration)
        if config_used is not None:
            attributes[names.CONFIG_USED] = flat(config_used)
        now = run.offset_ns + perf_counter_ns() if started_ns is None else started_ns
        return kind_of_scope(run, run.start_span(self, name, kind, attributes, now), now, where)


S = TypeVar("S", bound=Scope)


def _of_attempt(call: Any, model_used: Any, backend_used: Any, execution_time: Any) -> tuple[Any, Any, Any, Any]:
    """Model, backend and time of an item, from its attempt where nobody gave them, and the attempt's span id."""
    attempt = call.as_attempt() if isinstance(call, Scope) else call
    if not isinstance(attempt, Attempt):
        return model_used, backend_used, execution_time, attempt
    return (
        attempt.model_used if model_used is None else model_used,
        attempt.backend_used if backend_used is None else backend_used,
        attempt.execution_time if execution_time is None else execution_time,
        attempt.span_id,
    )
