"""From the parameters of a configuration to the graph that will be sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devserver.backends.comfyui.graph import Graph, NodeInput
from devserver.backends.comfyui.inject import Targets, fill
from devserver.backends.comfyui.input_images import fit_images
from devserver.backends.comfyui.loras import insert_loras, read_loras
from devserver.backends.errors import InvalidParameter

GRAPH, INJECT, LORAS = "graph", "inject", "loras"
OWN_PARAMETERS = (GRAPH, INJECT, LORAS)
"""Parameters that say what becomes of the graph; any other is a value that goes into it."""

DEFAULT_GRAPH = "sd35_large"

BODY = "/body/prompt"
"""Where a recorded request holds the graph."""

_MODEL_INPUTS = ("ckpt_name", "unet_name", "model_name", "model")


@dataclass(frozen=True, slots=True)
class Plan:
    """A graph that is ready to be sent.

    `sent` are the values that were put into it, and `injected` says of each parameter where in the request it went
    (JSON pointers into the recorded request). `instructions` are parameters that told where to put others and left in
    nothing of their own. `removed` are nodes that had to go for want of an image.
    """

    graph: Graph
    sent: Mapping[str, Any]
    injected: Mapping[str, list[str]]
    removed: Sequence[str]
    instructions: Sequence[str] = ()


def make_plan(
    graph: Graph, text: str, seed: int, parameters: Mapping[str, Any], image_names: Sequence[str] = ()
) -> Plan:
    """The plan for a text; raises `InvalidParameter` for whatever has no place in the graph."""
    inject = read_inject(parameters.get(INJECT, {}))
    values = {"prompt": text, "seed": seed}
    values |= {key: value for key, value in parameters.items() if key not in OWN_PARAMETERS}

    fitted = fit_images(graph, image_names, inject)
    filled = fill(fitted.filled.graph, values, inject)
    with_loras = insert_loras(filled.graph, read_loras(parameters.get(LORAS, ())))

    places = fitted.filled.places | filled.places | with_loras.places
    sent = {key: value for key, value in {**parameters, **values}.items() if key in places}
    return Plan(with_loras.graph, sent, _pointers(places), fitted.removed, _instructions(parameters))


def _instructions(parameters: Mapping[str, Any]) -> list[str]:
    named = [GRAPH] if isinstance(parameters.get(GRAPH), str) else []  # its name; the graph itself leaves
    return [*named, INJECT] if INJECT in parameters else named


def _pointers(places: Mapping[str, list[NodeInput]]) -> dict[str, list[str]]:
    pointers = {key: [BODY + place.pointer for place in found] for key, found in places.items()}
    everywhere = list(dict.fromkeys(pointer for found in pointers.values() for pointer in found))
    return {GRAPH: [BODY], INJECT: everywhere, **pointers}


def read_inject(value: Any) -> dict[str, Targets]:
    """The table `inject` of a configuration: for each value the node it goes to, or a list of nodes."""
    if not isinstance(value, Mapping):
        raise InvalidParameter(f"inject is {value!r:.60}; a table such as {{prompt = 'positive_prompt'}} is expected")
    for key, targets in value.items():
        wanted = [targets] if isinstance(targets, str) else targets
        if not isinstance(wanted, list) or not wanted or not all(isinstance(target, str) for target in wanted):
            raise InvalidParameter(f"inject.{key} is {targets!r:.60}; the name of a node is expected, or several")
    return dict(value)


def model_of(graph: Graph) -> str | None:
    """The model file that a graph loads first."""
    for name in _MODEL_INPUTS:
        for node in graph.values():
            value = node["inputs"].get(name)
            if isinstance(value, str):
                return value
    return None
