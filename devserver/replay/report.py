"""Say what came of each step of a replay, from the two records."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from devserver.backends.comfyui.cached import is_of_an_earlier_run
from devserver.diff import Comparison, Difference, compare_steps
from devserver.replay.calls import answered_body, is_http, recorded_calls, said_of
from devserver.replay.model import HttpRequest, Repeated, Replay, Step, StepOutcome
from devserver.replay.plan import NEW_EACH_TIME
from devserver.replay.sending import REPEATS_ATTEMPT, REPEATS_ITEM, SentStep
from otel_tracking import ExecutionItem, ExecutionRecord, SpanRecord

VERSIONS = frozenset(
    {
        *(("response", "engine_version"), ("response", "list_version"), ("response", "lemmatiser")),
        *(("response", "model"), ("response", "body", "model"), ("response", "body", "system_fingerprint")),
    }
)
"""What tells that another version answered: it explains the other differences, and is said before them."""

OTHER_BYTES = "the bytes that left are not the recorded ones"


def report(first: ExecutionRecord, second: ExecutionRecord, steps: Sequence[Step], sent: Sequence[SentStep]) -> Replay:
    """The replay of `first` that was recorded as `second`; both bring their media as attachments."""
    sent_by_label = {each.step.label: each for each in sent}
    calls = recorded_calls(second)
    spans = {(call.span.span_id, _number(span)): span for call in calls for span in call.attempts}
    bodies = {call.span.span_id: [answered_body(span) for span in call.attempts] for call in calls}
    repeated = []
    for step in steps:
        each = sent_by_label.get(step.label)
        if each is None:
            repeated.append(not_sent(step))
        else:
            done = _repeated(first, second, each, spans.get((each.call_id, each.number)))
            repeated.append(_unless_cached(done, bodies.get(each.call_id, ())))
    return Replay(repeats=first.execution_id, execution_id=second.execution_id, steps=tuple(repeated))


def not_sent(step: Step) -> Repeated:
    """A step that could not be sent, or that had nothing to send."""
    return Repeated(step=step, outcome=StepOutcome.NOTHING if step.is_empty else StepOutcome.NOT_SENT)


def _repeated(first: ExecutionRecord, second: ExecutionRecord, sent: SentStep, span: SpanRecord | None) -> Repeated:
    step = sent.step
    if span is None:
        return Repeated(step=step, outcome=StepOutcome.FAILED, notes=(sent.error or "nothing was recorded of it",))
    comparison = compare_attempts(first, second, step, span)
    notes = list(_notes(step, span))
    if sent.error is not None:
        notes.insert(0, sent.error)
    has_failed = sent.error is not None and not _had_failed(step.span)
    is_same = comparison.is_same and OTHER_BYTES not in notes
    outcome = StepOutcome.FAILED if has_failed else StepOutcome.IDENTICAL if is_same else StepOutcome.DIFFERENT
    return Repeated(step=step, outcome=outcome, comparison=comparison, notes=tuple(notes))


def _unless_cached(repeated: Repeated, bodies: Sequence[Any]) -> Repeated:
    """What came of a step; what a server kept of an earlier run is no repetition."""
    todo = repeated.step.todo
    if repeated.outcome != StepOutcome.IDENTICAL or not isinstance(todo, HttpRequest) or todo.method != "GET":
        return repeated
    is_kept = is_of_an_earlier_run(todo.shown_url, bodies)
    return replace(repeated, outcome=StepOutcome.NOT_COMPUTED) if is_kept else repeated


def compare_attempts(first: ExecutionRecord, second: ExecutionRecord, step: Step, span: SpanRecord) -> Comparison:
    """What differs between an attempt and its repetition, in what was sent, answered and made of it."""
    numbers = {item.sequence_number: item for item in first.items}
    again = [item for item in second.items if said_of(item, REPEATS_ATTEMPT) == step.label]
    before = [numbers[said_of(item, REPEATS_ITEM)] for item in again]

    left = replace(first, spans=(_comparable(_moved(step), step),), items=tuple(map(_outcome_of, before)))
    right = replace(second, spans=(_comparable(span, step),), items=tuple(map(_outcome_of, again)))
    comparison = compare_steps(left, right)
    ordered = sorted(comparison.differences, key=lambda difference: not is_version(difference))
    return replace(comparison, differences=tuple(ordered), times=comparison.times[1:])


def is_version(difference: Difference) -> bool:
    """Whether a difference says that another version answered."""
    return difference.path in VERSIONS


def _notes(step: Step, span: SpanRecord) -> list[str]:
    notes = []
    if isinstance(step.todo, HttpRequest):
        facts = span.passed.get("body_facts", {}) if isinstance(span.passed, dict) else {}
        sha256 = hashlib.sha256(step.todo.body).hexdigest()
        if step.todo.is_exact and facts.get("sha256") != sha256:
            notes.append(OTHER_BYTES)
    if isinstance(step.span.response, dict) and step.span.response.get("complete") is False:
        notes.append("the recorded answer had not been read to its end")
    return notes


def _comparable(span: SpanRecord, step: Step) -> SpanRecord:
    """A span with what makes a repetition different by itself taken off, or made the same."""
    call = step.call
    span = replace(
        span,
        name=step.span.name,
        stage=call.stage,
        stage_iteration=call.stage_iteration,
        loop_iteration=call.loop_iteration,
        config_used=call.config_used,
        backend_used=call.backend_used,
        model_used=call.model_used,
        facts=None,
    )
    if not isinstance(step.todo, HttpRequest):
        return span
    # Over HTTP the answer says how it ended; whether the caller took that for an error is its own affair.
    response = span.response
    if isinstance(response, dict):
        response = {name: value for name, value in response.items() if name not in _of_no_account(step.todo, response)}
    return replace(
        span, status="unset", error=None, configured=None, passed=_without_new(span.passed), response=response
    )


def _of_no_account(todo: HttpRequest, response: Mapping[str, Any]) -> set[str]:
    """Parts of an answer that are not compared.

    A question's JSON speaks of the queue, and of files by the names they have there; the files themselves count.
    """
    is_file = isinstance(response.get("body"), dict) and response["body"].keys() == {"media"}
    return {"attempts", "body", "body_facts"} if todo.asks_for is not None and not is_file else {"attempts"}


def _without_new(passed: Any) -> Any:
    """What was passed, without the headers that are new each time, and with the query in the URL alone."""
    if not isinstance(passed, dict) or not isinstance(passed.get("headers"), dict):
        return passed
    kept = {name: value for name, value in passed["headers"].items() if name not in NEW_EACH_TIME}
    return {**{name: value for name, value in passed.items() if name != "query"}, "headers": kept}


def _number(span: SpanRecord) -> Any:
    """Which request of its call it was; a call of an engine is its first and only one."""
    return span.passed.get("attempt", 1) if is_http(span) else 1


def _moved(step: Step) -> SpanRecord:
    """The recorded span, as if the request had gone where it goes now."""
    if not isinstance(step.todo, HttpRequest) or step.span.passed["url"] == step.todo.shown_url:
        return step.span
    return replace(step.span, passed={**step.span.passed, "url": step.todo.shown_url})


def _outcome_of(item: ExecutionItem) -> ExecutionItem:
    """An item without the parameters that its attempt has anyway."""
    return replace(item, metadata={}, input_text=None, model_used=None, backend_used=None, config_used=None)


def _had_failed(span: SpanRecord) -> bool:
    response = span.response if isinstance(span.response, dict) else {}
    return span.status == "error" or "error" in response
