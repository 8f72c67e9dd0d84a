"""Send the steps of a plan, and record it as a run of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.trace import Link, SpanContext, TraceFlags

from devserver.replay.answers import Found
from devserver.replay.conversation import Conversation, Waiting
from devserver.replay.engines import AnsweredAgain, EmbeddedEngines
from devserver.replay.model import CannotRepeat, EngineCall, Step, Wishes
from devserver.replay.seeds import with_seed
from otel_tracking import ExecutionItem, ExecutionRecord, ExecutionTracker, SpanRecord
from otel_tracking.run import Execution
from otel_tracking.scopes import BackendCall, CallingScope
from otel_tracking.secrets.redaction import redact_text
from otel_tracking.taxonomy import BLOCKED_TYPES

if TYPE_CHECKING:
    import httpx

REPEATS_ITEM = "repeats_item"
REPEATS_ATTEMPT = "repeats_attempt"
"""In the metadata of a new item: the number of the item that it repeats, and the label of the attempt it came from."""


class SentStep(NamedTuple):
    """A step as it was sent: the span of its new call, which request of that call it was, and the error, if any."""

    step: Step
    call_id: str
    number: int
    error: str | None


class _MadeAgain(NamedTuple):
    """What came out at the attempt `label` in the place of an item of the first run."""

    label: str
    item: ExecutionItem
    found: Found
    model_used: Any = None


class _Group(NamedTuple):
    """The steps of one call."""

    call: SpanRecord
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what was planned. `client` is needed for HTTP alone; `tell` hears after each step how many are done."""

    tracker: ExecutionTracker
    engines: EmbeddedEngines
    client: httpx.Client | None = None
    tell: Callable[[int], None] = lambda done: None
    waiting: Waiting = Waiting()  # noqa: RUF009  # a value, it cannot change

    def send(self, record: ExecutionRecord, steps: Sequence[Step], wishes: Wishes) -> tuple[Execution, list[SentStep]]:
        """The new run, which is over, and what became of each step that could be sent."""
        ready = [step for step in steps if step.todo is not None]
        run = start_again(self.tracker, record, wishes)
        sent: list[SentStep] = []

        def work(scope: CallingScope, group: _Group) -> None:
            sent.extend(self._call(scope, group, record, wishes))
            self.tell(len(sent))

        with run:
            _in_outputs(run, _calls(ready), work)
        return run, sent

    def _call(self, scope: CallingScope, group: _Group, record: ExecutionRecord, wishes: Wishes) -> list[SentStep]:
        """One call with all of its attempts. What goes wrong ends the call, not the replay."""
        span = group.call
        operation = str(span.name).split(" ")[0]
        configured = span.configured if wishes.seed is None else with_seed(span.configured, wishes.seed)[0]
        call = scope.backend_call(
            str(span.backend_used), model=span.model_used, configured=configured, operation=operation
        )
        items = [item for item in record.items if item.attempt == span.span_id]
        sent: list[SentStep] = []
        made: list[_MadeAgain] = []
        try:
            with call, call.current():
                if isinstance(group.steps[0].todo, EngineCall):
                    sent.append(SentStep(group.steps[0], call.span_id, 1, None))
                    made += self._ask_engine(call, group.steps[0], items)
                else:
                    self._converse(call, group, items, sent, made)
        except Exception as error:
            sent[-1] = sent[-1]._replace(error=describe(error))
        for each in made:
            _log(scope, call, each)
        return sent

    def _converse(
        self,
        call: BackendCall,
        group: _Group,
        items: list[ExecutionItem],
        sent: list[SentStep],
        made: list[_MadeAgain],
    ) -> None:
        """Send all requests of a call over HTTP; the error of the last one is the call's, and raised."""
        assert self.client is not None
        answered = Conversation(self.client, items, self.waiting).send(group.steps)
        for each in answered:
            error = None if each.error is None else describe(each.error)
            sent.append(SentStep(each.step, call.span_id, each.number, error))
            made += [_MadeAgain(each.step.label, item, found) for item, found in each.found]
        if answered[-1].error is not None:
            raise answered[-1].error

    def _ask_engine(self, call: BackendCall, step: Step, items: Sequence[ExecutionItem]) -> Iterator[_MadeAgain]:
        assert isinstance(step.todo, EngineCall)
        again = self.engines.call(step.todo)
        call.passed(again.passed)
        call.response(again.response)
        for item, found in _made_again(items, again):
            yield _MadeAgain(step.label, item, found, again.response.get("list_version"))


def start_again(tracker: ExecutionTracker, record: ExecutionRecord, wishes: Wishes) -> Execution:
    """The run that repeats another one: linked to it, and of the same person and study."""
    return tracker.execution(
        str(record.config_name),
        execution_mode=record.execution_mode,
        safety_level=record.safety_level,
        user_id=record.user_id,
        study_id=record.study_id,
        repeats=record.execution_id,
        used_seed=record.used_seed if wishes.seed is None else wishes.seed,
        links=_links(record),
        metadata={"replay": {"of": record.execution_id, "trace_id": record.trace_id, **wishes.to_dict()}},
    )


def describe(error: Exception) -> str:
    """What went wrong, without secrets."""
    if isinstance(error, CannotRepeat):
        return str(error)
    return f"{type(error).__name__}: {redact_text(str(error))}"


def _links(record: ExecutionRecord) -> list[Link]:
    root = next((span.span_id for span in record.spans if span.parent_span_id is None), None)
    if record.trace_id is None or root is None:
        return []
    context = SpanContext(int(record.trace_id, 16), int(root, 16), is_remote=True, trace_flags=TraceFlags(1))
    return [Link(context, {"devserver.link": "repeats"})]


def _calls(steps: Sequence[Step]) -> list[_Group]:
    groups = [list(group) for _, group in groupby(steps, key=lambda step: step.call.span_id)]
    return [_Group(group[0].call, tuple(group)) for group in groups]


Work = Callable[[CallingScope, _Group], None]


def _in_outputs(run: Execution, groups: Sequence[_Group], work: Work) -> None:
    """Do the work on each call in an open scope at its old place: output, stage, hop."""
    for (number, config_used), group in groupby(groups, key=lambda each: _output_of(each.call)):
        with nullcontext(run) if number is None else run.output(number, config_used=config_used) as scope:
            _in_stages(scope, list(group), work)


def _in_stages(outer: Any, groups: Sequence[_Group], work: Work) -> None:
    for number, in_stage in groupby(groups, key=lambda each: each.call.stage or 0):
        with outer.stage(number) if number else nullcontext(outer) as stage:
            for hop, in_hop in groupby(in_stage, key=lambda each: each.call.stage_iteration):
                with stage.iteration(hop) if number and hop is not None else nullcontext(stage) as scope:
                    for group in in_hop:
                        work(scope, group)


def _output_of(call: SpanRecord) -> tuple[int | None, Any]:
    return call.loop_iteration, call.config_used if call.loop_iteration is not None else None


def _made_again(items: Sequence[ExecutionItem], again: AnsweredAgain) -> Iterator[tuple[ExecutionItem, Found]]:
    """What an engine made, for each item that its first call stands behind."""
    files = iter(again.files)
    for item in items:
        if item.media is not None:
            file = next(files, None)
            if file is not None:
                content = file.content
                raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
                yield item, Found(file=raw, media_format=file.media_format)
        elif item.item_type in BLOCKED_TYPES:
            if again.blocked is not None:
                yield item, Found(text=again.blocked)
        else:
            yield item, Found(text=None if item.content is None else again.text)


def _log(scope: CallingScope, call: BackendCall, made: _MadeAgain) -> None:
    """Log what came out as the item that it repeats."""
    label, item, found, model_used = made
    scope.item(
        item.item_type,
        content=found.text,
        media_type=str(item.media_type),
        media=found.file,
        media_format=found.media_format or (item.media.type if item.media else None),
        input_text=item.input_text,
        model_used=model_used,
        attempt=call,
        metadata={REPEATS_ITEM: item.sequence_number, REPEATS_ATTEMPT: label},
    )
