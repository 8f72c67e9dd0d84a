"""Ask an engine to make something, with a span that says what it was asked for and what it was handed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devserver.engines import Engines, Made, Maker
from devserver.errors import PipelineError, suggestion
from otel_tracking.scopes import CallingScope


def find_maker(engines: Engines, name: str, who: str) -> Maker:
    """The engine that a configuration calls `name`; `who` wants it."""
    if name not in engines.makers:
        raise PipelineError(f"{who} wants engine {name!r}; {suggestion(name, engines.makers)}")
    return engines.makers[name]


def ask_maker(
    scope: CallingScope,
    maker: Maker,
    text: str,
    seed: int,
    parameters: Mapping[str, Any],
    configured: Mapping[str, Any],
) -> Made:
    """What the engine makes of the text."""
    name, model = maker.backend_for(parameters)
    with scope.backend_call(name, model=model, configured=configured) as call:
        made = maker.make(text, seed=seed, parameters=parameters)
        call.passed(made.passed)
        call.response({"engine_version": made.engine_version, **made.facts})
    return made
