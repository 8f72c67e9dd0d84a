"""The scopes an orchestrator opens around its work: stages, hops, outputs and backend calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter_ns
from types import TracebackType
from typing import Any, Self

from opentelemetry.trace import SpanKind

from otel_tracking import attributes as names
from otel_tracking.capture.binding import CapturesHttp
from otel_tracking.current_span import SpanBlock
from otel_tracking.frame import ITEM, freeze
from otel_tracking.nodes import NODE_FACT
from otel_tracking.scope import Attempt, Scope
from otel_tracking.shared import Run
from otel_tracking.span_event import Frame
from otel_tracking.surroundings import blocks, enter_block
from otel_tracking.taxonomy import STAGE_NAMES, ItemType
from otel_tracking.values.plain import KNOWN_TYPES, describe_error, is_cancellation, plain_number, text, text_or

_attempt_of: Callable[[tuple[str, Any, Any, float | None]], Attempt] = partial(tuple.__new__, Attempt)
"""Makes one in half the time; every call makes two."""


class CallingScope(Scope):
    """A scope in which backends are called."""

    __slots__ = ()

    def backend_call(
        self,
        backend: str,
        *,
        model: str | None = None,
        configured: Any = None,
        operation: str | None = None,
        current: bool = True,
    ) -> BackendCall:
        """A CLIENT span for one attempt at a backend; retries and fallbacks are attempts of their own.

        `configured` is what configuration and caller asked for; say what left the process with `passed`. `operation` is
        what the backend does; of a model it is `chat`, in stage 4 `generate_content`. Inside its block the span is
        OpenTelemetry's `current` one, so that spans of other tracers (an instrumented HTTP client's) lie below it.
        """
        usual = "generate_content" if self._where[0] == 4 else "chat"
        operation = text_or(operation, usual)
        call = self._open(
            BackendCall,
            operation if model is None else names.viewer_text(f"{operation} {names.safe_text(model)}"),
            self._where,
            SpanKind.CLIENT,
            _call_attributes(operation, backend, model),
        )
        call.begin(self, backend, model, current=current)
        if configured is not None:
            call.fact("configured", configured)
        return call

    def node(
        self,
        node_id: str,
        node_type: str,
        *,
        after: Iterable[Visit] = (),
        stage: int | None = None,
        loop_iteration: int | None = None,
        config_used: Any = None,
    ) -> Visit:
        """The scope of one visit of a node of a graph; the run counts the visits of each node, from 1.

        `after` are the visits whose results this one was given: one for a plain edge or a feedback edge, several where
        ways meet. Each becomes a link of the span, since a span has one parent only. What is said of the place goes
        before that of the scope around it.

        >>> from otel_tracking import ExecutionTracker
        >>> with ExecutionTracker().execution("canvas") as run:
        ...     with run.node("input-1", "input") as first: pass
        ...     with run.node("evaluation-1", "evaluation", after=[first], stage=2) as second: second.visit
        1
        """
        node_id, node_type, ways = text(node_id), text(node_type), self._visits_in(after)
        given = {"stage": stage, "loop_iteration": loop_iteration, "config_used": config_used}
        place = self.place._replace(**{name: value for name, value in given.items() if value is not None})
        visit = self._run.next_visit(node_id)
        name = names.viewer_text(f"{names.NODE_SPAN} {node_type}")
        node = self._open(Visit, name, place, SpanKind.INTERNAL, _node_attributes(node_id, node_type, visit, ways))
        node.arrive(node_id, node_type, visit, ways)
        return node

    def _visits_in(self, after: Iterable[Visit]) -> list[Visit]:
        try:
            return [way for way in after if isinstance(way, Visit)]
        except Exception as trouble:
            self._run.troubles.report("node", trouble)
            return []


class Visit(CallingScope):
    """One visit of a node of a graph; whoever is visited next names it in `after`."""

    __slots__ = ("node_id", "visit")

    def arrive(self, node_id: str, node_type: str, visit: int, ways: list[Visit]) -> None:
        """Say which visit this is and where it comes from."""
        self.node_id, self.visit = node_id, visit
        came = [{"span_id": way.span_id, "node_id": way.node_id, "visit": way.visit} for way in ways]
        self.fact(NODE_FACT, {"node_id": node_id, "node_type": node_type, "visit": visit, "after": came})
        try:
            for way in ways:
                named = {names.NODE_ID: names.flat(way.node_id)}
                # A recording looks at links itself.
                told = named if self._run.recorder else self._run.redactor.attributes(named)
                self.span.add_link(way.span.get_span_context(), told)
        except Exception as trouble:
            self._run.troubles.report("link", trouble)


class BackendCall(CapturesHttp, CallingScope):
    """One attempt at a backend. Ended without an exception, it stands behind the items its scope logs next."""

    __slots__ = ("_is_current", "_parent", "_span_block", "backend_used", "execution_time", "model_used")

    def begin(self, parent: Scope, backend: Any, model: Any, *, current: bool) -> None:
        """Remember whose attempt this is."""
        self._is_current = current
        self._span_block: SpanBlock | None = None
        self._parent, self.backend_used, self.model_used = parent, backend, model
        self.execution_time: float | None = None
        self.wire = None
        self._last_call = self.as_attempt()

    def __enter__(self) -> Self:
        # A span of nobody's has no id; the one around the block stays the current one then.
        if self._is_current and self.id != 0:
            try:
                self._span_block = SpanBlock(self.span)
                self._span_block.enter()
            except Exception as trouble:
                self._run.troubles.report("current span", trouble)
        if self._is_current and (self._run.is_ambient or blocks.are_current):
            self._block = enter_block(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._span_block is not None:
                self._span_block.leave()
        except Exception as trouble:
            self._run.troubles.report("current span", trouble)
        super().__exit__(kind, error, traceback)

    def as_attempt(self) -> Attempt:
        """What items that this call stands behind take from it."""
        return _attempt_of((f"{self.id:016x}", self.model_used, self.backend_used, self.execution_time))

    def passed(self, value: Any) -> None:
        """Keep what left the process: the body, and whatever else was sent. Secrets must be gone before."""
        self.fact("passed", value)

    def response(self, value: Any) -> None:
        """Keep the facts of the answer: the model that answered, the seed used, sizes, timing."""
        self.fact("response", value)

    def progress(self, done: float, total: float | None = None, unit: str = "steps") -> None:
        """Show whoever watches the run now how far this is: 12 of 25 `steps`. It is recorded nowhere.

        Memory only, and only the latest is kept. Under another provider than a recording's nothing happens.
        """
        if self._run.recorder is not None:
            self._run.recorder.show_progress(self.span, done, total, unit)

    def _close(self, error: BaseException | None) -> None:
        self.execution_time = (self._run.now() - self._started_ns) / 1e9
        if self.wire is not None:
            self.wire.close()
        if error is None:
            self._parent._last_call = self.as_attempt()


class Iteration(CallingScope):
    """One hop of a recursive interception."""

    __slots__ = ()


class Stage(CallingScope):
    """One of the four stages."""

    __slots__ = ()

    def iteration(self, number: int, *, started_ns: int | None = None) -> Iteration:
        """The scope of hop `number` (1 up); `started_ns`, on the run's clock, where it began before it was told of."""
        stage, _, loop_iteration, config_used = self._where
        where = (stage, plain_number(number), loop_iteration, config_used)
        return self._open(Iteration, names.ITERATION_SPAN, where, started_ns=started_ns)

    def _close(self, error: BaseException | None) -> None:
        stage, _, loop_iteration, _ = self._where
        self._run.outcome.stage_ended(stage or 0, loop_iteration, error is not None)


class Output(CallingScope):
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
        self._run.outcome.output_ended(self._where[2], error is not None)


_SPAN_KINDS = {"safety_check": "GUARDRAIL", "translate": "TOOL", "transform_text": "TOOL", "render": "TOOL"}
"""What viewers take an attempt for that is none at a model."""


def _call_attributes(operation: str, backend: Any, model: Any) -> dict[str, Any]:
    known: dict[str, Any] = {}
    known[names.GEN_AI_OPERATION_NAME] = names.flat(operation)
    known[names.OPENINFERENCE_SPAN_KIND] = _SPAN_KINDS.get(operation, "LLM")
    known[names.GEN_AI_PROVIDER_NAME] = known[names.BACKEND_USED] = names.flat(backend)
    if model is not None:
        known[names.GEN_AI_REQUEST_MODEL] = known[names.MODEL_USED] = names.flat(model)
    return known


_NODE_KINDS = {"evaluation": "EVALUATOR", "image_evaluation": "EVALUATOR", "comparison_evaluator": "EVALUATOR"}


def _node_attributes(node_id: str, node_type: str, visit: int, ways: list[Visit]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    known[names.NODE_ID] = known[names.GRAPH_NODE_ID] = names.flat(node_id)
    known[names.NODE_TYPE] = known[names.GRAPH_NODE_NAME] = names.flat(node_type)
    known[names.NODE_VISIT] = visit
    known[names.OPENINFERENCE_SPAN_KIND] = _NODE_KINDS.get(node_type, "CHAIN")
    if ways:
        known[names.GRAPH_NODE_PARENT_ID] = names.flat(ways[0].node_id)
    return known


def open_stage(parent: Scope, number: int) -> Stage:
    """The scope of stage `number` below a run or an output; tells the run of the change of stage."""
    number = plain_number(number)
    _log_transition(parent._run, number)
    _, stage_iteration, loop_iteration, config_used = parent._where
    where = (number, stage_iteration, loop_iteration, config_used)
    return parent._open(Stage, STAGE_NAMES.get(number, "stage"), where)


def _log_transition(run: Run, number: int) -> None:
    """Log the change of stage at the root, if it is one."""
    previous = run.enter_stage(number)
    if previous is not None:
        note(run, ItemType.STAGE_TRANSITION, number, {"from_stage": previous, "to_stage": number})


def note(run: Run, item_type: ItemType, stage: Any, metadata: dict[str, Any]) -> None:
    """Log an item of our own at the root: `item` without what none of ours has; every run has seven or so."""
    started = perf_counter_ns()
    now = run.offset_ns + started
    try:
        name, medium = KNOWN_TYPES[item_type]
        number, root_id = run.next_number(), run.root_id
        payload = freeze((
            ITEM, root_id, number, now, name, medium, stage, None, None,
            None, None, None, None, None, None, None, None, None, metadata,
        ))  # fmt: skip
        if run.search(payload):
            payload, name = run.without_secrets(_at_root(run), payload, name)
        frame = Frame(name, now, root_id, payload)
        if not run.is_over:
            run.emit(run.root_span, frame)
        if run.is_over:  # meanwhile perhaps, in another thread
            run.emit_late(_at_root(run), frame)
        run.timings.take(perf_counter_ns() - started)
    except Exception as trouble:
        run.troubles.report("item", trouble)


def _at_root(run: Run) -> Scope:
    """A scope on the root's span; a run holds none of its own, so that no cycle waits for a garbage collector."""
    scope = Scope(run, run.root_span, 0, (None, None, None, None))
    scope.ended = run.is_over
    return scope
