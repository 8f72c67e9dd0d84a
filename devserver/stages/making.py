"""Ask an engine to make something, again where that may help, and another one where the configuration names one.

Every attempt is a span of its own that says what it was asked for and what it was handed. A retry asks the same engine
for the same once more; a fallback is another engine or model, and an item says that it took over and why.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from devserver.backends.errors import AnswerNotUnderstood, EngineError, EngineNotInstalled
from devserver.backends.http import stop_if
from devserver.backends.progress import heard_by
from devserver.configs.model import FallbackConfig, InterceptionConfig, OutputConfig, choices_in
from devserver.engines import Backend, InputImage, Made, Maker
from devserver.errors import suggestion
from devserver.stages.contexts import CONTEXT, fill_context
from devserver.stages.parameters import parameters_for
from devserver.stages.task import Task
from otel_tracking import ItemType
from otel_tracking.extras import Extra
from otel_tracking.scopes import BackendCall, CallingScope

with Extra("pipelines"):
    from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
"""Seconds before an attempt is repeated; the pause doubles, unless the server says how long it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be made. `choices` are the engines to ask, in order; `who` wants it, for messages.

    `medium` is that of an output, or "text".
    """

    who: str
    medium: str
    text: str
    seed: int
    configured_seed: Any
    choices: Sequence[FallbackConfig]
    retries: int = 0
    images: Sequence[InputImage] = ()
    words: Mapping[str, str] = field(default_factory=dict)


class MadeBy(NamedTuple):
    """What was made, by whom, and with which parameters."""

    made: Made
    backend: Backend
    parameters: Mapping[str, Any]


class _Attempt(NamedTuple):
    """One of the choices, ready to be asked."""

    maker: Maker
    backend: Backend
    parameters: Mapping[str, Any]
    context: str


def choices_of(wanted: InterceptionConfig | OutputConfig, place: str, task: Task) -> tuple[FallbackConfig, ...]:
    """The engine of a configuration and its fallbacks; parameters that the request asks for go before theirs."""
    asked = functools.partial(
        parameters_for, place, asked=task.request.parameters, config=task.config, engines=task.engines
    )
    return tuple(
        FallbackConfig(engine=choice.engine, parameters={**choice.parameters, **asked(choice.engine)})
        for choice in choices_in(wanted)
    )


def make(scope: CallingScope, wish: Wish, task: Task) -> MadeBy:
    """What the first of the engines makes that can; raises the last one's error where none can."""
    for choice, following in pairwise((*wish.choices, None)):
        assert choice is not None
        try:
            return _ask(scope, choice, wish, task)
        except EngineError as error:
            if following is None or not error.may_fall_back:
                raise
            stop_if(task.cancel)
            _log_fallback(scope, choice, following, error, task)
    raise AssertionError("a wish has at least one choice")


def _ask(scope: CallingScope, choice: FallbackConfig, wish: Wish, task: Task) -> MadeBy:
    """The answer of one engine, asked as often as the configuration allows."""
    attempt = _prepare(choice, wish, task)
    made = again_where_it_helps(wish.retries, task)(_attempt, scope, attempt, wish, task)
    return MadeBy(made, attempt.backend, attempt.parameters)


def again_where_it_helps(retries: int, task: Task) -> Retrying:
    """Calls a function, up to so many times more while its errors say that the same may work a moment later."""
    return Retrying(
        stop=stop_after_attempt(retries + 1),
        retry=retry_if_exception(lambda error: isinstance(error, EngineError) and error.may_be_retried),
        wait=_pause_before,
        sleep=task.pause,
        reraise=True,
    )


def _prepare(choice: FallbackConfig, wish: Wish, task: Task) -> _Attempt:
    maker = task.engines.makers.get(choice.engine)
    if maker is None:
        raise EngineNotInstalled(_sentence_about_missing(choice.engine, wish.who, task))
    parameters = dict(choice.parameters)
    context = parameters.pop(CONTEXT, "") if isinstance(parameters.get(CONTEXT), str) else ""
    return _Attempt(maker, maker.backend_for(parameters), parameters, context)


def _attempt(scope: CallingScope, attempt: _Attempt, wish: Wish, task: Task) -> Made:
    """One attempt at one engine, with its span."""
    stop_if(task.cancel)
    maker, (name, model, about, operation), parameters, context = attempt
    configured = {**parameters, "seed": wish.configured_seed}
    with (
        scope.backend_call(name, model=model, configured=configured, operation=operation) as call,
        call.current(),
        heard_by(call.progress),
    ):
        if about:
            call.fact("provider", dict(about))
        if context:
            call.fact(CONTEXT, context)
        text = fill_context(context, wish.text, wish.words)
        try:
            made = maker.make(text, seed=wish.seed, parameters=parameters, images=wish.images, cancel=task.cancel)
            _check_medium(made, wish.medium)
        except BaseException as error:
            _keep_facts(call, getattr(error, "facts", None), getattr(error, "injected", None))
            raise
        found = {"engine_version": made.engine_version, **made.facts}
        if made.passed is None:  # The transport has recorded it, and the answer: what the engine found comes on top.
            _keep_facts(call, found, made.injected)
        else:
            call.passed(made.passed)
            call.response(found)
    return made


def _check_medium(made: Made, medium: str) -> None:
    """Raise where a model answered with words instead of a picture, or with a picture instead of words."""
    is_text = isinstance(made.files[0].content, str) or made.files[0].media_format.startswith("text/")
    if medium in _NEVER_TEXT and is_text:
        raise AnswerNotUnderstood(f"the answer is a text, no {medium}: {made.text:.80}")
    if medium == "text" and not is_text:
        raise AnswerNotUnderstood(f"the answer is {made.files[0].media_format}, no text")


_NEVER_TEXT = ("image", "audio", "music", "video")


def _keep_facts(call: BackendCall, facts: Any, injected: Any) -> None:
    """Put on the span what the engine found out, also where it failed in the end."""
    if facts:
        call.fact("engine", dict(facts))
    if injected:
        call.fact("injected", {name: list(places) for name, places in injected.items()})


def _pause_before(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    wanted = error.retry_after if isinstance(error, EngineError) else None
    pause: float = FIRST_PAUSE * 2.0 ** (state.attempt_number - 1) if wanted is None else wanted
    return min(pause, LONGEST_PAUSE)


def _log_fallback(
    scope: CallingScope, before: FallbackConfig, after: FallbackConfig, error: EngineError, task: Task
) -> None:
    from_backend, to_backend = _backend_of(before, task), _backend_of(after, task)
    scope.item(
        ItemType.BACKEND_FALLBACK,
        content=str(error),
        backend_used=to_backend.name,
        model_used=to_backend.model,
        metadata={
            "from_backend": from_backend.name,
            "from_model": from_backend.model,
            "to_backend": to_backend.name,
            "to_model": to_backend.model,
            "reason": type(error).__name__,
        },
    )


def _backend_of(choice: FallbackConfig, task: Task) -> Backend:
    maker = task.engines.makers.get(choice.engine)
    return Backend(choice.engine) if maker is None else maker.backend_for(choice.parameters)


def _sentence_about_missing(name: str, who: str, task: Task) -> str:
    if name in task.engines.missing:
        return f"{who} wants engine {name!r}, which is not set up here: {task.engines.missing[name]}"
    return f"{who} wants engine {name!r}; {suggestion(name, {*task.engines.makers, *task.engines.missing})}"
