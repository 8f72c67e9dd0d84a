"""Stage 2: what becomes of the prompt before anything is made from it.

An interception is a row in `INTERCEPTIONS`: a function from the text that comes in to the text that goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

from devserver.backends.embedded.journeys import fixed_journey, random_journey
from devserver.errors import PipelineError
from devserver.stages.making import ask_maker, find_maker
from devserver.stages.task import Task
from devserver.stages.texts import Text
from devserver.stages.translation import ask, log_translation
from otel_tracking import ItemType
from otel_tracking.scopes import Iteration, Stage


class Intercepted(NamedTuple):
    """The text that stage 2 ends with, and the seed it took where it took one."""

    text: Text
    seed: int | None = None


def intercept(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """What stage 2 makes of the prompt."""
    return INTERCEPTIONS[task.interception.kind](stage, prompt, task)


def pass_on(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """The text as it came: the configuration wants to see what outputs make of the prompt itself."""
    _log_final(stage, prompt, prompt, task, {"total_iterations": 0})
    return Intercepted(prompt)


def translation_chain(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """Stille Post: each hop translates what the hop before it made. One failed hop ends the run."""
    journey, seed = plan_journey(prompt, task)
    text = prompt

    for number, (_, to_lang) in enumerate(pairwise(journey), start=1):
        with stage.iteration(number) as iteration:
            text = _hop(iteration, number, text, to_lang, task)

    travelled = {"total_iterations": len(journey) - 1, "language_sequence": list(journey)}
    _log_final(stage, text, prompt, task, travelled if seed is None else {**travelled, "seed": seed})
    return Intercepted(text, seed)


def made_by_engine(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """The text that the configuration's engine makes of the prompt."""
    wanted, seed = task.interception, task.seeds.of_interception(task.interception)
    maker = find_maker(task.engines, str(wanted.engine), "stage 2")
    parameters = {**wanted.parameters, **task.request.parameters}
    configured = {**parameters, "seed": task.seeds.configured(wanted.seed)}
    try:
        made = ask_maker(stage, maker, prompt.content, seed, parameters, configured)
    except Exception as error:
        raise PipelineError(f"Interception failed: Backend error: {error}") from error
    text = Text(made.text, prompt.language)
    _log_final(stage, text, prompt, task, {**made.facts, "total_iterations": 1, "seed": seed})
    return Intercepted(text, seed)


def plan_journey(prompt: Text, task: Task) -> tuple[tuple[str, ...], int | None]:
    """The languages to visit, the start first, and the seed that drew them where they were drawn."""
    wanted = task.interception
    languages = task.request.languages or wanted.languages
    if not isinstance(languages, str):
        return (prompt.language, *languages), None
    pairs = task.engines.translator.pairs()
    if languages == "fixed":
        return fixed_journey(prompt.language, wanted.hops, available_pairs=pairs), None
    seed = task.seeds.of_interception(wanted)
    return random_journey(prompt.language, wanted.hops, Random(seed), pairs, wanted.final_language), seed


def _hop(iteration: Iteration, number: int, text: Text, to_lang: str, task: Task) -> Text:
    # On the span, since a hop that fails has no item to tell where it was going.
    iteration.fact("configured", {"from_lang": text.language, "to_lang": to_lang})
    try:
        translated = ask(iteration, task.engines.translator, text, to_lang, task.interception.parameters)
    except Exception as error:
        raise PipelineError(f"Loop iteration {number} failed: Backend error: {error}") from error

    log_translation(iteration, ItemType.INTERCEPTION_ITERATION, translated, text, to_lang)
    return Text(translated.text, to_lang)


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
}
