"""Which engine of a configuration is handed which parameter of a request.

`width` goes to every engine that has a width. A place or an engine before it narrows that down: `dessau.width` is for
the output `dessau`, `interception.cut` for stage 2, `dada.cut` for the engine `dada`. Engines that do not say which
parameters they have (model servers) are handed all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devserver.configs.model import InterceptionConfig, OutputConfig, PipelineConfig, choices_in
from devserver.engines import Engines, ListsParameters
from devserver.errors import RequestError, suggestion
from devserver.stages.contexts import CONTEXT

INTERCEPTION = "interception"
"""The place of stage 2; the place of an output is its name."""


@dataclass(frozen=True, slots=True)
class Taker:
    """An engine in its place. `known` are the parameters it has; None where it does not say."""

    place: str
    engine: str
    known: frozenset[str] | None
    is_there: bool = True

    def takes(self, name: str) -> bool:
        """Whether it can be handed a parameter of that name."""
        return self.is_there and (self.known is None or name in self.known)


def check_parameters(asked: Mapping[str, Any], config: PipelineConfig, engines: Engines) -> None:
    """Raise `RequestError` for a parameter that no engine of the configuration takes, with those that would work."""
    takers = takers_of(config, engines)
    for name in asked:
        address, key = _split(name, takers)
        called = [taker for taker in takers if address in (None, taker.place, taker.engine)]
        if not any(taker.takes(key) for taker in called):
            raise RequestError(_complaint(name, key, called, config, engines))
        if key == CONTEXT and not isinstance(asked[name], str):
            raise RequestError(f"{name} is a {type(asked[name]).__name__}; a text around {{{{INPUT_TEXT}}}} would work")


def parameters_for(
    place: str, engine: str, asked: Mapping[str, Any], config: PipelineConfig, engines: Engines
) -> dict[str, Any]:
    """Those of the parameters asked for that an engine is handed in its place; what has an address goes first.

    >>> from devserver.configs import load_config
    >>> from devserver.embedded import embedded_engines
    >>> parameters_for("interception", "dada", {"width": 64, "cut": "lines"}, load_config("dada"), embedded_engines())
    {'cut': 'lines'}
    """
    takers = takers_of(config, engines)
    taker = next(taker for taker in takers if (taker.place, taker.engine) == (place, engine))
    general: dict[str, Any] = {}
    addressed: dict[str, Any] = {}
    for name, value in asked.items():
        address, key = _split(name, takers)
        if address in (None, place, engine) and taker.takes(key):
            (general if address is None else addressed)[key] = value
    return {**general, **addressed}


def takers_of(config: PipelineConfig, engines: Engines) -> tuple[Taker, ...]:
    """Every engine that a configuration names, fallbacks too, in the order of its stages."""
    places: list[tuple[str, InterceptionConfig | OutputConfig]] = [(output.name, output) for output in config.outputs]
    if config.interception.engine is not None and config.interception.kind != "pass_on":
        places.insert(0, (INTERCEPTION, config.interception))
    return tuple(_taker(place, choice.engine, engines) for place, wanted in places for choice in choices_in(wanted))


def _taker(place: str, name: str, engines: Engines) -> Taker:
    maker = engines.makers.get(name)
    known = frozenset((*maker.parameters, CONTEXT)) if isinstance(maker, ListsParameters) else None
    return Taker(place, name, known, is_there=maker is not None)


def _split(name: str, takers: Sequence[Taker]) -> tuple[str | None, str]:
    """Address and parameter; a dot that follows no place or engine belongs to the parameter's own name."""
    address, dot, key = name.partition(".")
    is_address = dot and any(address in (taker.place, taker.engine) for taker in takers)
    return (address, key) if is_address else (None, name)


def _complaint(name: str, key: str, called: Sequence[Taker], config: PipelineConfig, engines: Engines) -> str:
    hint = "; a seed is asked for with --seed, or the request's own seed" if key == "seed" else ""
    absent = dict.fromkeys(taker.engine for taker in called if taker.engine in engines.missing)
    hint += "".join(f"; {engine} is not set up here: {engines.missing[engine]}" for engine in absent)
    known = {known for taker in called for known in taker.known or ()}
    if not known:
        return f"the engines of {config.name} take no parameters here, and {name!r:.60} was given{hint}"
    who = " or ".join(dict.fromkeys(taker.engine for taker in called if taker.known))
    return f"no parameter {key!r:.60} of {who} (configuration {config.name}); {suggestion(key[:60], known)}{hint}"
