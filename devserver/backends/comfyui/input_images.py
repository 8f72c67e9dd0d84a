"""Put uploaded images into a graph, and take out what waits for images that nobody gave. Pure.

The images go, in order, to the nodes that load images: those that `inject.images` names, else all of them, in the
graph's order. A loader that no image is left for goes, and what hangs on it alone goes with it:

- a numbered input (`image2`) is one of several: the input goes, its node stays;
- any other input is needed: its node goes too, and so on;
- a node that nobody takes anything from any more goes as well.

Where this would take away a node that saves something, the image is missing, and that is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from devserver.backends.comfyui.graph import Filled, Graph, NodeInput, describe, is_link, links_of, with_inputs
from devserver.backends.comfyui.inject import Targets, places_of_targets
from devserver.backends.errors import InvalidParameter

_NUMBERED = re.compile(r".*\d$")


class GraphWithImages(NamedTuple):
    """A graph with images in it, where they went, and the ids of the nodes that were taken out."""

    filled: Filled
    removed: list[str]


def fit_images(graph: Graph, names: Sequence[str], inject: Mapping[str, Targets]) -> GraphWithImages:
    """The graph with the uploaded files `names` in its image loaders, without the loaders that get none."""
    loaders = image_places(graph, inject)
    if len(names) > len(loaders):
        raise InvalidParameter(
            f"{len(names)} images were given, and the graph takes {len(loaders) or 'none'}"
            + "".join(f"; {describe(graph, place.node_id)}" for place in loaders)
        )
    given = dict(zip(loaders, names, strict=False))
    places = {"images": list(given)} if given else {}
    remaining = without(graph, [place.node_id for place in loaders[len(names) :]])
    removed = [node_id for node_id in graph if node_id not in remaining]
    return GraphWithImages(Filled(with_inputs(remaining, given), places), removed)


def image_places(graph: Graph, inject: Mapping[str, Targets]) -> list[NodeInput]:
    """The inputs that take the name of an uploaded image, in the order in which images are handed out."""
    if "images" in inject:
        return places_of_targets(graph, inject["images"], "images")
    return [
        NodeInput(node_id, "image")
        for node_id, node in graph.items()
        if node["class_type"].startswith("LoadImage") and isinstance(node["inputs"].get("image"), str)
    ]


def without(graph: Graph, node_ids: Sequence[str]) -> Graph:
    """The graph without these nodes and without what hangs on them alone."""
    for node_id in node_ids:
        graph = _without_one(graph, node_id)
    return graph


def _without_one(graph: Graph, loader: str) -> Graph:
    gone = _needing(graph, loader)
    saving = [node_id for node_id in gone if node_id != loader and _is_end(graph, node_id)]
    if saving:
        what, where = describe(graph, loader), ", ".join(describe(graph, node_id) for node_id in saving)
        raise InvalidParameter(f"an image for {what} is missing; without it there is nothing to save at {where}")
    gone |= _left_over(graph, gone)
    return {
        node_id: {**node, "inputs": {k: v for k, v in node["inputs"].items() if not (is_link(v) and v[0] in gone)}}
        for node_id, node in graph.items()
        if node_id not in gone
    }


def _needing(graph: Graph, loader: str) -> set[str]:
    """The loader, and all that cannot do without it."""
    gone = {loader}
    while more := {
        place.node_id
        for place, source, _ in links_of(graph)
        if source in gone and place.node_id not in gone and not _NUMBERED.fullmatch(place.name)
    }:
        gone |= more
    return gone


def _left_over(graph: Graph, gone: set[str]) -> set[str]:
    """Nodes that only the ones that are gone took something from."""
    left = set(gone)
    while (
        more := {source for place, source, _ in links_of(graph) if place.node_id in left and source in graph}
        - left
        - {source for place, source, _ in links_of(graph) if place.node_id not in left}
    ):
        left |= more
    return left


def _is_end(graph: Graph, node_id: str) -> bool:
    """Whether nobody takes anything from a node: it saves or shows something."""
    return all(source != node_id for _, source, _ in links_of(graph))
