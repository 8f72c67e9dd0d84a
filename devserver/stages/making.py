"""Ask an engine to make something, with a span that says what it was asked for and what it was handed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from devserver.engines import Engines, InputImage, Made, Maker
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
    *,
    images: Sequence[InputImage] = (),
    cancel: threading.Event | None = None,
) -> Made:
    """What the engine makes of the text."""
    name, model = maker.backend_for(parameters)
    with scope.backend_call(name, model=model, configured=configured) as call, call.current():
        made = maker.make(text, seed=seed, parameters=parameters, images=images, cancel=cancel)
        found = {"engine_version": made.engine_version, **made.facts}
        if made.passed is None:  # The transport has recorded it, and the answer: what the engine found is a fact more.
            call.fact("engine", found)
        else:
            call.passed(made.passed)
            call.response(found)
    return made
