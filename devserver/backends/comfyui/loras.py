"""Insert LoRA loaders into a graph: model → LoRA 1 → LoRA 2 → whoever used the model.

Each loader gets a new id. Whatever took the model from its source takes it from the last loader now, and the same
for the text encoder. A LoRA that cannot be placed raises `InvalidParameter`: it is never left out silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from devserver.backends.comfyui.graph import Filled, Graph, NodeInput, describe, links_of, nodes_called, with_inputs
from devserver.backends.errors import InvalidParameter
from devserver.errors import suggestion

Source = tuple[str, int]
"""A node, and one of its outputs."""


class Lora(NamedTuple):
    """A LoRA as a configuration wants it.

    `after` and `clip_after` call the nodes that load its model and its text encoder (by title, class or id), where
    there are several.
    """

    name: str
    strength: float | int = 1.0
    strength_clip: float | int | None = None
    after: str | None = None
    clip_after: str | None = None


def read_loras(value: Any) -> tuple[Lora, ...]:
    """The LoRAs of a configuration: `[{name = "x.safetensors", strength = 0.9}]`."""
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_list or not all(isinstance(entry, Mapping) for entry in value):
        raise InvalidParameter(f"loras is {value!r:.60}; a list of tables with name and strength is expected")
    return tuple(map(_read_lora, value))


def _read_lora(entry: Mapping[str, Any]) -> Lora:
    for key in entry:
        if key not in Lora._fields:
            raise InvalidParameter(f"a LoRA has no {key!r}; {suggestion(str(key), Lora._fields)}")
    if not isinstance(entry.get("name"), str) or not entry["name"]:
        raise InvalidParameter(f"the LoRA {dict(entry)!r:.80} has no name; a file in ComfyUI's models/loras is meant")
    for key in ("strength", "strength_clip"):
        if type(entry.get(key, 1.0)) not in (int, float):
            raise InvalidParameter(f"{key} of the LoRA {entry['name']} is {entry[key]!r}; a number is expected")
    return Lora(**entry)


def insert_loras(graph: Graph, loras: Sequence[Lora]) -> Filled:
    """The graph with a loader for each LoRA, and the ids of the new nodes as the places of `loras`."""
    ends: dict[Source, Source] = {}
    loaders: Graph = {}
    for lora in loras:
        model, clip = _model_source(graph, lora), _clip_source(graph, lora)
        node_id = _new_id({**graph, **loaders})
        loaders[node_id] = _loader(lora, ends.get(model, model), clip and ends.get(clip, clip))
        ends[model] = (node_id, 0)
        if clip:
            ends[clip] = (node_id, 1)

    rewired = {
        place: list(ends[source, output]) for place, source, output in links_of(graph) if (source, output) in ends
    }
    return Filled(
        {**with_inputs(graph, rewired), **loaders}, {"loras": list(map(NodeInput, loaders))} if loaders else {}
    )


def _loader(lora: Lora, model: Source, clip: Source | None) -> dict[str, Any]:
    if clip is None and lora.strength_clip is not None:
        raise InvalidParameter(f"the LoRA {lora.name} has a strength_clip, but no node takes a text encoder (clip)")
    inputs: dict[str, Any] = {"lora_name": lora.name, "strength_model": lora.strength}
    if clip is not None:
        inputs["strength_clip"] = lora.strength if lora.strength_clip is None else lora.strength_clip
    inputs["model"] = list(model)
    if clip is not None:
        inputs["clip"] = list(clip)
    kind = "LoraLoaderModelOnly" if clip is None else "LoraLoader"
    return {"inputs": inputs, "class_type": kind, "_meta": {"title": f"LoRA {lora.name}"}}


def _model_source(graph: Graph, lora: Lora) -> Source:
    sources = _sources(graph, "model")
    if not sources:
        raise InvalidParameter(f"the LoRA {lora.name} cannot be placed: no node of the graph takes a model")
    return _the_one(graph, sources, lora, lora.after, "after")


def _clip_source(graph: Graph, lora: Lora) -> Source | None:
    sources = _sources(graph, "clip")
    return _the_one(graph, sources, lora, lora.clip_after, "clip_after") if sources else None


def _sources(graph: Graph, name: str) -> list[Source]:
    """Where the links called `name` come from in the end: from nodes that take no such thing themselves."""
    links = {place: (source, output) for place, source, output in links_of(graph) if place.name == name}
    passes_on = {place.node_id for place in links}
    return [source for source in dict.fromkeys(links.values()) if source[0] not in passes_on and source[0] in graph]


def _the_one(graph: Graph, sources: list[Source], lora: Lora, wanted: str | None, key: str) -> Source:
    """The source that `wanted` calls, or the only one there is."""
    allowed = [source for source in sources if wanted is None or source[0] in nodes_called(graph, wanted)]
    if len(allowed) == 1:
        return allowed[0]
    kind = "model" if key == "after" else "text encoder"
    found = f"{key} = {wanted!r} calls none of the nodes" if wanted else "there are several nodes"
    choice = ", ".join(describe(graph, node_id) for node_id, _ in sources)
    raise InvalidParameter(
        f"the LoRA {lora.name} cannot be placed: {found} that load a {kind}; {key} can name one of {choice}"
    )


def _new_id(graph: Graph) -> str:
    """An id that no node has: one more than the highest number."""
    return str(max((int(node_id) for node_id in graph if node_id.isdecimal()), default=0) + 1)
