"""Stage 2: what becomes of the prompt before anything is made from it.

An interception is a row in `INTERCEPTIONS`: a function from the text that comes in to the text that goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise, permutations
from random import Random
from typing import Any, NamedTuple

from devserver.backends.errors import UnknownLanguage
from devserver.backends.http import stop_if
from devserver.configs.model import FallbackConfig
from devserver.engines import Translated
from devserver.errors import PipelineError
from devserver.stages.canvas import Canvas, walk
from devserver.stages.contexts import CONTEXT, TRANSLATION_CONTEXT
from devserver.stages.making import Wish, choices_of, make
from devserver.stages.parameters import INTERCEPTION
from devserver.stages.task import Task
from devserver.stages.texts import Text
from devserver.stages.translation import ask, log_translation
from otel_tracking import ItemType
from otel_tracking.extras import Extra
from otel_tracking.scopes import CallingScope, Iteration, Stage

with Extra("pipelines"):
    from devserver.embedded import english_name, fixed_journey, random_journey

MODEL_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "zh", "ja", "ar", "hi", "ko", "tr")
"""The languages that a random journey visits where a model translates."""

ON_THE_WAY = ("ca", "gl")
"""The languages that the fixed journey visits besides."""


class Intercepted(NamedTuple):
    """The text that stage 2 ends with, and the seed it took where it took one."""

    text: Text
    seed: int | None = None
    canvas: Canvas | None = None


def intercept(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """What stage 2 makes of the prompt."""
    return INTERCEPTIONS[task.interception.kind](stage, prompt, task)


def pass_on(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """The text as it came: the configuration wants to see what outputs make of the prompt itself."""
    _log_final(stage, prompt, prompt, task, {"total_iterations": 0})
    return Intercepted(prompt)


def translation_chain(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """Stille Post: each hop translates what the hop before it made. One failed hop ends the run."""
    seed = None if task.interception.engine is None else task.seeds.of_interception(task.interception)
    journey, drawn_with = plan_journey(prompt, task, seed)
    seed = drawn_with if seed is None else seed
    text = prompt

    for number, (_, to_lang) in enumerate(pairwise(journey), start=1):
        stop_if(task.cancel)
        with stage.iteration(number) as iteration:
            text = _hop(iteration, number, text, to_lang, task, seed)

    travelled = {"total_iterations": len(journey) - 1, "language_sequence": list(journey)}
    _log_final(stage, text, prompt, task, travelled if seed is None else {**travelled, "seed": seed})
    return Intercepted(text, seed)


def made_by_engine(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """The text that the configuration's engine makes of the prompt."""
    seed = task.seeds.of_interception(task.interception)
    choices = choices_of(task.interception, INTERCEPTION, task)
    try:
        answer = make(stage, _wish(task, prompt, seed, choices), task)
    except Exception as error:
        raise PipelineError(f"Interception failed: Backend error: {error}") from error
    made, text = answer.made, Text(answer.made.text, prompt.language)
    used_seed = seed if made.used_seed is None else made.used_seed
    found = {**answer.backend.about, **made.facts, "total_iterations": 1, "seed": used_seed}
    _log_final(stage, text, prompt, task, found)
    return Intercepted(text, used_seed)


def made_by_canvas(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """The text that was said last on the configuration's canvas."""
    seed = task.seeds.of_interception(task.interception)
    try:
        canvas = walk(stage, prompt, task, seed)
    except PipelineError:
        raise
    except Exception as error:
        raise PipelineError(f"Interception failed: Backend error: {error}") from error
    text = Text(canvas.last, prompt.language)
    _log_final(
        stage, text, prompt, task, {"total_iterations": canvas.hops, "visits": dict(canvas.visits), "seed": seed}
    )
    return Intercepted(text, seed, canvas)


def plan_journey(prompt: Text, task: Task, seed: int | None = None) -> tuple[tuple[str, ...], int | None]:
    """The languages to visit, the start first, and the seed that drew them where they were drawn."""
    wanted = task.interception
    languages = task.request.languages or wanted.languages
    if not isinstance(languages, str):
        return (prompt.language, *languages), None
    if languages == "fixed":
        return fixed_journey(prompt.language, wanted.hops, available_pairs=_pairs(task, prompt, *ON_THE_WAY)), None
    seed = task.seeds.of_interception(wanted) if seed is None else seed
    pairs = _pairs(task, prompt)
    return random_journey(prompt.language, wanted.hops, Random(seed), pairs, wanted.final_language), seed


def _pairs(task: Task, prompt: Text, *more: str) -> Iterable[tuple[str, str]]:
    """The pairs that can be translated; a model is taken to know every pair of its languages."""
    if task.interception.engine is None:
        return task.engines.translator.pairs()
    return permutations(sorted({*MODEL_LANGUAGES, prompt.language, *more}), 2)


def _wish(
    task: Task, text: Text, seed: int, choices: Sequence[FallbackConfig], words: Mapping[str, str] | None = None
) -> Wish:
    wanted = task.interception
    return Wish(
        who="stage 2",
        medium="text",
        text=text.content,
        seed=seed,
        configured_seed=task.seeds.configured(wanted.seed),
        choices=choices,
        retries=wanted.retries,
        images=tuple(task.request.images)[: wanted.images_at_most],
        words=words or {},
    )


def _hop(iteration: Iteration, number: int, text: Text, to_lang: str, task: Task, seed: int | None) -> Text:
    # On the span, since a hop that fails has no item to tell where it was going.
    iteration.fact("configured", {"from_lang": text.language, "to_lang": to_lang})
    try:
        if task.interception.engine is None or seed is None:
            translated = ask(iteration, task.engines.translator, text, to_lang, task.interception.parameters)
        else:
            translated = translate_by_model(iteration, text, to_lang, task, seed)
    except Exception as error:
        raise PipelineError(f"Loop iteration {number} failed: Backend error: {error}") from error

    details = translated.facts if translated.passed is None else {}
    log_translation(iteration, ItemType.INTERCEPTION_ITERATION, translated, text, to_lang, **details)
    return Text(translated.text, to_lang)


def translate_by_model(scope: CallingScope, text: Text, to_lang: str, task: Task, seed: int) -> Translated:
    """The text in the other language, by the engine that the configuration names."""
    words = {
        "SOURCE_LANGUAGE": _language_name(text.language),
        "SOURCE_LANGUAGE_CODE": text.language,
        "TARGET_LANGUAGE": _language_name(to_lang),
        "TARGET_LANGUAGE_CODE": to_lang,
    }
    choices = [
        FallbackConfig(engine=choice.engine, parameters={CONTEXT: TRANSLATION_CONTEXT, **choice.parameters})
        for choice in choices_of(task.interception, INTERCEPTION, task)
    ]
    answer = make(scope, _wish(task, text, seed, choices, words), task)
    made, backend = answer.made, answer.backend
    used_seed = seed if made.used_seed is None else made.used_seed
    return Translated(
        text=made.text,
        engine=backend.name,
        mode=backend.model or "",
        engine_version=made.engine_version,
        facts={**backend.about, **made.facts, "seed": used_seed},
    )


def _language_name(code: str) -> str:
    try:
        return english_name(code)
    except UnknownLanguage:
        return code


def _log_final(stage: Stage, text: Text, prompt: Text, task: Task, details: Mapping[str, Any]) -> None:
    stage.item(
        ItemType.INTERCEPTION_FINAL,
        content=text.content,
        input_text=prompt.content,
        config_used=task.config.name,
        metadata={"transformation_type": task.interception.kind, "language": text.language, **details},
    )


Intercept = Callable[[Stage, Text, Task], Intercepted]

INTERCEPTIONS: dict[str, Intercept] = {
    "translation_chain": translation_chain,
    "pass_on": pass_on,
    "engine": made_by_engine,
    "canvas": made_by_canvas,
}
