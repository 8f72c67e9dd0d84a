"""Check what a configuration file says, and explain in one sentence what it should have said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from devserver.configs.canvas import (
    CONDITIONS,
    MOST_VISITS,
    NODE_TYPES,
    CanvasEdge,
    CanvasNode,
    trouble_with,
)
from devserver.configs.model import (
    INTERCEPTION_KINDS,
    MEDIA,
    MOST_RETRIES,
    FallbackConfig,
    InterceptionConfig,
    OutputConfig,
    PipelineConfig,
)
from devserver.errors import InvalidConfig, suggestion


class Key(NamedTuple):
    """One key of a table: whether a value is understood, and what is, in words."""

    accepts: Callable[[Any], bool]
    allowed: str
    required: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_seed(value: Any) -> bool:
    return type(value) is int or value == "random"


def _are_languages(value: Any) -> bool:
    return value in ("fixed", "random") or (isinstance(value, list) and bool(value) and all(map(_is_text, value)))


def _one_of(values: tuple[str, ...]) -> Key:
    return Key(lambda value: value in values, f"one of {', '.join(values)}")


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _number(least: int, most: int) -> Key:
    return Key(lambda value: type(value) is int and least <= value <= most, f"a whole number from {least} to {most}")


MOST_IMAGES = 16
_NAME = Key(_is_text, "a name", required=True)
_SEED = Key(_is_seed, 'a whole number or "random"')
_TABLE = Key(lambda value: isinstance(value, dict), "a table")
_TRIES = {
    "retries": _number(0, MOST_RETRIES),
    "fallbacks": Key(_are_tables, "a list of tables, each with an engine and its parameters"),
    "images_at_most": _number(0, MOST_IMAGES),
}

PIPELINE = {
    "name": _NAME,
    "description": Key(lambda value: isinstance(value, str), "a text"),
    "translate_first": Key(lambda value: isinstance(value, bool), "true or false"),
    "interception": _TABLE,
    "outputs": Key(_are_tables, "a list of tables"),
}
INTERCEPTION = {
    "kind": _one_of(INTERCEPTION_KINDS),
    "hops": _number(1, 50),
    "languages": Key(_are_languages, '"fixed", "random" or a list of language codes, one per hop'),
    "final_language": Key(_is_text, "a language code such as en"),
    "engine": Key(_is_text, "the name of an engine"),
    "seed": _SEED,
    "parameters": _TABLE,
    "nodes": Key(_are_tables, "a list of tables"),
    "edges": Key(_are_tables, "a list of tables"),
    **_TRIES,
}
OUTPUT = {
    "name": _NAME,
    "engine": Key(_is_text, "the name of an engine", required=True),
    "medium": _one_of(MEDIA),
    "seed": _SEED,
    "parameters": _TABLE,
    **_TRIES,
    "images_at_least": _number(0, MOST_IMAGES),
}
FALLBACK = {"engine": Key(_is_text, "the name of an engine", required=True), "parameters": _TABLE}

NODE = {
    "id": _NAME,
    "type": Key(lambda value: value in NODE_TYPES, f"one of {', '.join(NODE_TYPES)}", required=True),
    "engine": Key(_is_text, "the name of an engine"),
    "parameters": _TABLE,
    "pass_score": _number(0, 10),
    "most_visits": _number(1, MOST_VISITS),
}
EDGE = {"source": _NAME, "target": _NAME, "when": _one_of(CONDITIONS)}


def read_pipeline(source: Any, file: str) -> PipelineConfig:
    """The configuration that `source`, the content of `file`, describes. Raises `InvalidConfig`."""
    table = _check(source, PIPELINE, file, "")
    outputs = [
        _read_output(output, file, f"outputs[{number}].")
        for number, output in enumerate(table.pop("outputs", []), start=1)
    ]
    interception = _read_interception(table.pop("interception", {}), file)
    names = [output.name for output in outputs]
    if interception.kind == "canvas" and (trouble := trouble_with(interception.nodes, interception.edges, names)):
        raise InvalidConfig(f"{file}: {trouble}")
    return PipelineConfig(**table, interception=interception, outputs=tuple(outputs))


def _read_interception(source: Any, file: str) -> InterceptionConfig:
    table = _check(source, INTERCEPTION, file, "interception.")
    if isinstance(table.get("languages"), list):
        table["languages"] = tuple(table["languages"])
    if table.get("kind") == "engine" and "engine" not in table:
        raise InvalidConfig(f'{file}: interception.engine is missing; kind "engine" needs the name of an engine')
    table |= {"nodes": tuple(CanvasNode(**node) for node in _tables(table, "nodes", NODE, file))}
    table |= {"edges": tuple(CanvasEdge(**edge) for edge in _tables(table, "edges", EDGE, file))}
    return InterceptionConfig(**_with_fallbacks(table, file, "interception."))


def _tables(table: Mapping[str, Any], name: str, keys: Mapping[str, Key], file: str) -> list[dict[str, Any]]:
    return [
        _check(source, keys, file, f"interception.{name}[{number}].")
        for number, source in enumerate(table.get(name, []), start=1)
    ]


def _read_output(source: Any, file: str, place: str) -> OutputConfig:
    table = _with_fallbacks(_check(source, OUTPUT, file, place), file, place)
    least, most = table.get("images_at_least", 0), table.get("images_at_most", 0)
    if least > most:
        allowed = f"up to images_at_most, which is {most}"
        raise InvalidConfig(f"{file}: {place}images_at_least is {least}; allowed is {allowed}")
    return OutputConfig(**table)


def _with_fallbacks(table: dict[str, Any], file: str, place: str) -> dict[str, Any]:
    if "fallbacks" not in table:
        return table
    fallbacks = [
        FallbackConfig(**_check(source, FALLBACK, file, f"{place}fallbacks[{number}]."))
        for number, source in enumerate(table["fallbacks"], start=1)
    ]
    return {**table, "fallbacks": tuple(fallbacks)}


def _check(source: Any, keys: Mapping[str, Key], file: str, place: str) -> dict[str, Any]:
    if not isinstance(source, dict):
        raise InvalidConfig(f"{file}: {place.rstrip('.') or 'the file'} is {source!r:.80}; a table of keys is allowed")
    for name, value in source.items():
        if name not in keys:
            raise InvalidConfig(f"{file}: there is no key {place}{name}; {suggestion(name, keys)}")
        if not keys[name].accepts(value):
            raise InvalidConfig(f"{file}: {place}{name} is {value!r:.80}; allowed is {keys[name].allowed}")
    for name, key in keys.items():
        if key.required and name not in source:
            raise InvalidConfig(f"{file}: {place}{name} is missing; allowed is {key.allowed}")
    return dict(source)
