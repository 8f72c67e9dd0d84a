"""Put the values of a run into a graph: the prompt, the seed, the number of steps. Pure.

A configuration may say where a value goes (`inject`); without that its name tells:

- `prompt` goes into nodes titled `prompt` or `positive_prompt`, else into the text behind a sampler's `positive`;
- `negative_prompt` likewise, never into a text that is also the prompt's;
- `seed` into every input `seed` or `noise_seed`, any other into every input of its own name.

Where such an input is a link, the value goes into the node at its other end, if that is a single value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from devserver.backends.comfyui.graph import (
    Filled,
    Graph,
    NodeInput,
    describe,
    describe_names,
    is_link,
    nodes_called,
    title_of,
    with_inputs,
)
from devserver.backends.errors import InvalidParameter
from devserver.errors import suggestion

Targets = str | list[str]
"""Where a value goes, as a configuration says it: `positive_prompt`, `KSampler.seed`, `115:110.cfg`, or several."""

_ALIASES = {"seed": ("seed", "noise_seed"), "sampler": ("sampler_name",)}
"""Inputs that mean the same under another name."""

_MAIN_INPUTS = ("value", "text", "prompt", "string", "image", "int", "float")
"""What a node's name alone stands for: the first of these that the node has."""

_TEXTS = ("text", "text_g", "text_l", "prompt", "tags", "value", "string", "clip_l", "t5xxl")


def fill(graph: Graph, values: Mapping[str, Any], inject: Mapping[str, Targets]) -> Filled:
    """The graph with each value at its places.

    A seed that the graph has no place for is left out, since a graph may do without; anything else that has no place
    raises `InvalidParameter`.
    """
    changes: dict[NodeInput, Any] = {}
    places: dict[str, list[NodeInput]] = {}
    for key, value in values.items():
        found = find_places(graph, key, inject)
        if not found and key != "seed":
            raise InvalidParameter(_nowhere(graph, key))
        changes |= dict.fromkeys(found, _checked(key, value))
        if found:
            places[key] = found
    return Filled(with_inputs(graph, changes), places)


def find_places(graph: Graph, key: str, inject: Mapping[str, Targets]) -> list[NodeInput]:
    """Where the value called `key` goes; nothing where the graph has no place for it."""
    if key in inject:
        return places_of_targets(graph, inject[key], key)
    if key in ("prompt", "negative_prompt"):
        return _places_of_prompt(graph, key)
    return _places_by_name(graph, key)


def places_of_targets(graph: Graph, targets: Targets, key: str) -> list[NodeInput]:
    """What targets such as `positive_prompt` or `KSampler.seed` mean: a node's title, class or id, and an input.

    Several nodes may have the title or class: then the value goes into all of them. Raises `InvalidParameter`.
    """
    wanted = [targets] if isinstance(targets, str) else targets
    return list(dict.fromkeys(place for target in wanted for place in _places_of_target(graph, target, key)))


def _places_of_target(graph: Graph, target: str, key: str) -> list[NodeInput]:
    nodes = nodes_called(graph, target)
    if nodes:
        return [NodeInput(node_id, _main_input(graph, node_id, key)) for node_id in nodes]
    name_of_node, _, name = target.rpartition(".")
    nodes = nodes_called(graph, name_of_node)
    if not nodes:
        raise InvalidParameter(f"inject.{key} = {target!r}: no node is called that; {describe_names(graph)}")
    for node_id in nodes:
        inputs = graph[node_id]["inputs"]
        if name not in inputs:
            raise InvalidParameter(
                f"inject.{key} = {target!r}: node {describe(graph, node_id)} has no input {name!r}; "
                + suggestion(name, inputs)
            )
    return [NodeInput(node_id, name) for node_id in nodes]


def _main_input(graph: Graph, node_id: str, key: str) -> str:
    inputs = graph[node_id]["inputs"]
    values = [name for name, value in inputs.items() if not is_link(value)]
    for name in (*_ALIASES.get(key, (key,)), *_MAIN_INPUTS):
        if name in values:
            return name
    if len(values) == 1:
        return str(values[0])
    raise InvalidParameter(
        f"inject.{key}: which input of node {describe(graph, node_id)} is meant? write the node's name, a point and "
        f"one of {', '.join(inputs) or 'its inputs, of which it has none'}"
    )


def _places_by_name(graph: Graph, key: str) -> list[NodeInput]:
    found = [
        _followed(graph, NodeInput(node_id, name))
        for node_id, node in graph.items()
        for name in _ALIASES.get(key, (key,))
        if name in node["inputs"]
    ]
    return list(dict.fromkeys(place for place in found if place))


def _followed(graph: Graph, place: NodeInput) -> NodeInput | None:
    """The place itself where it holds a value; where it is a link, the `value` of the node it comes from."""
    seen: set[NodeInput] = set()
    while is_link(value := graph[place.node_id]["inputs"][place.name]):
        seen.add(place)
        place = NodeInput(value[0], "value")
        if place in seen or "value" not in graph.get(place.node_id, {"inputs": {}})["inputs"]:
            return None
    return place


def _places_of_prompt(graph: Graph, key: str) -> list[NodeInput]:
    if key == "prompt":
        return _texts_for(graph, key, "positive") or _only_text(graph)
    # Where the negative side is the prompt itself, made to zero, it has no text of its own.
    positive = _places_of_prompt(graph, "prompt")
    return [place for place in _texts_for(graph, key, "negative") if place not in positive]


def _texts_for(graph: Graph, key: str, role: str) -> list[NodeInput]:
    """The texts of nodes titled as prompts; where there are none, the texts behind the samplers."""
    titles = {key, f"{role}_prompt", role}
    nodes = [node_id for node_id, node in graph.items() if _plain(title_of(node)) in titles]
    links = [node["inputs"][role] for node in graph.values() if is_link(node["inputs"].get(role))]
    seen: set[str] = set()
    starts = nodes or [source for source, _ in links]
    return list(dict.fromkeys(place for node_id in starts for place in _texts_of(graph, node_id, role, seen)))


def _plain(title: str | None) -> str:
    return "_".join((title or "").lower().replace("-", " ").replace("_", " ").split())


def _texts_of(graph: Graph, node_id: str, role: str, seen: set[str]) -> Iterator[NodeInput]:
    """The texts that a node is made from: its own where it has some, else those of the nodes before it."""
    if node_id in seen or node_id not in graph:
        return
    seen.add(node_id)
    inputs = graph[node_id]["inputs"]
    texts = [name for name in _TEXTS if isinstance(inputs.get(name), str)]
    yield from (NodeInput(node_id, name) for name in texts)
    if not texts:
        named = [name for name in (*_TEXTS, role) if is_link(inputs.get(name))]
        for name in named or [name for name, value in inputs.items() if is_link(value)]:
            yield from _texts_of(graph, inputs[name][0], role, seen)


def _only_text(graph: Graph) -> list[NodeInput]:
    """The text of a graph without samplers, where one node alone encodes one."""
    places = [
        NodeInput(node_id, name)
        for node_id, node in graph.items()
        for name in _TEXTS
        if "clip" in node["inputs"] and isinstance(node["inputs"].get(name), str)
    ]
    return places if len(places) == 1 else []


def _checked(key: str, value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidParameter(f"{key} is {value!r}; JSON has no such number")
    if value is not None and not isinstance(value, str | int | float | bool):
        raise InvalidParameter(f"{key} is {value!r:.60}; an input of a graph takes a text, a number, true or false")
    return value


def _nowhere(graph: Graph, key: str) -> str:
    names = {name for node in graph.values() for name, value in node["inputs"].items() if not is_link(value)}
    return (
        f"the graph has no place for {key!r}; inputs: {suggestion(key, names)}; "
        f"inject.{key} can name a node, and {describe_names(graph)}"
    )
