"""Stage 2: what becomes of the prompt before anything is made from it.

An interception is a row in `INTERCEPTIONS`: a function from the text that comes in to the text that goes out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

from devserver.backends.embedded.journeys import fixed_journey, random_journey
from devserver.configs.model import InterceptionConfig, PipelineConfig
from devserver.engines import Engines
from devserver.errors import PipelineError, suggestion
from devserver.requests import Request
from devserver.stages.seeds import Seeds
from devserver.stages.texts import Text
from devserver.stages.translation import ask, log_translation
from otel_tracking import ItemType
from otel_tracking.scopes import Iteration, Stage


@dataclass(frozen=True, slots=True)
class Task:
    """What an interception needs to know of the run it is part of."""

    config: PipelineConfig
    request: Request
    engines: Engines
    seeds: Seeds

    @property
    def interception(self) -> InterceptionConfig:
        """The part of the configuration that is about stage 2."""
        return self.config.interception


class Intercepted(NamedTuple):
    """The text that stage 2 ends with, and the seed it took where it took one."""

    text: Text
    seed: int | None = None


def intercept(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """What stage 2 makes of the prompt."""
    return INTERCEPTIONS[task.interception.kind](stage, prompt, task)


def pass_on(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """The text as it came: the configuration wants to see what outputs make of the prompt itself."""
    _log_final(stage, prompt, prompt, task, total_iterations=0)
    return Intercepted(prompt)


def translation_chain(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """Stille Post: each hop translates what the hop before it made. One failed hop ends the run."""
    journey, seed = plan_journey(prompt, task)
    text = prompt

    for number, (_, to_lang) in enumerate(pairwise(journey), start=1):
        with stage.iteration(number) as iteration:
            text = _hop(iteration, number, text, to_lang, task)

    chosen = {} if seed is None else {"seed": seed}
    _log_final(stage, text, prompt, task, total_iterations=len(journey) - 1, language_sequence=list(journey), **chosen)
    return Intercepted(text, seed)


def made_by_engine(stage: Stage, prompt: Text, task: Task) -> Intercepted:
    """The text that the configuration's engine makes of the prompt."""
    wanted, seed = task.interception, task.seeds.of_interception(task.interception)
    maker = task.engines.makers.get(str(wanted.engine))
    if maker is None:
        raise PipelineError(f"no text engine {wanted.engine!r}; {suggestion(str(wanted.engine), task.engines.makers)}")
    parameters = {**wanted.parameters, **task.request.parameters}
    backend = maker.backend_for(parameters)
    configured = {**parameters, "seed": task.seeds.configured(wanted.seed)}

    with stage.backend_call(backend.name, model=backend.model, configured=configured) as call:
        made = maker.make(prompt.content, seed=seed, parameters=parameters)
        call.passed(made.passed)
        call.response({"engine_version": made.engine_version, **made.facts})
    text = Text(made.content if isinstance(made.content, str) else made.content.decode(), prompt.language)
    _log_final(stage, text, prompt, task, total_iterations=1, seed=seed, **made.facts)
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


def _log_final(stage: Stage, text: Text, prompt: Text, task: Task, **details: Any) -> None:
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
