"""What a ComfyUI graph is, and how to change one without touching the one that came in. Pure.

A graph is what ComfyUI's "Export (API)" writes: nodes by id, each with a `class_type`, `inputs` and often a title in
`_meta`. An input is a value, or a link: `["10", 0]` is the first output of node 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from devserver.backends.errors import InvalidParameter

Graph = dict[str, dict[str, Any]]


class NodeInput(NamedTuple):
    """One input of one node; without `name` the node itself."""

    node_id: str
    name: str = ""

    @property
    def pointer(self) -> str:
        """The place in a graph as a JSON pointer.

        >>> NodeInput("115:110", "cfg").pointer
        '/115:110/inputs/cfg'
        """
        steps = (self.node_id, "inputs", self.name) if self.name else (self.node_id,)
        return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


class Filled(NamedTuple):
    """A graph with values in it, and where each of them went."""

    graph: Graph
    places: dict[str, list[NodeInput]]


def check_graph(source: Any, where: str) -> Graph:
    """`source` where it is a graph for ComfyUI's API; raises `InvalidParameter` and says what it is instead."""
    if isinstance(source, dict) and isinstance(source.get("nodes"), list):
        raise InvalidParameter(f"{where} is a workflow as ComfyUI's editor saves it; use its 'Export (API)' instead")
    if not isinstance(source, dict) or not source:
        raise InvalidParameter(f"{where} is {source!r:.60}; a graph is an object with a node for each id")
    for node_id, node in source.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise InvalidParameter(f"{where}: node {node_id} has no class_type")
        if not isinstance(node.get("inputs"), dict):
            raise InvalidParameter(f"{where}: node {node_id} ({node['class_type']}) has no inputs, not even empty ones")
    return source


def is_link(value: Any) -> bool:
    """Whether an input's value is the output of another node.

    >>> is_link(["115:110", 0]), is_link("115:110")
    (True, False)
    """
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int


def title_of(node: Mapping[str, Any]) -> str | None:
    """What a person called a node."""
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return title if isinstance(title, str) else None


def links_of(graph: Graph) -> Iterator[tuple[NodeInput, str, int]]:
    """Every link: the place it is in, and the node and output it comes from."""
    for node_id, node in graph.items():
        for name, value in node["inputs"].items():
            if is_link(value):
                yield NodeInput(node_id, name), value[0], value[1]


def with_inputs(graph: Graph, changes: Mapping[NodeInput, Any]) -> Graph:
    """The graph with other values at these places; nodes that stay as they are are shared with the old one."""
    by_node: dict[str, dict[str, Any]] = {}
    for place, value in changes.items():
        by_node.setdefault(place.node_id, {})[place.name] = value
    return {
        node_id: {**node, "inputs": {**node["inputs"], **by_node[node_id]}} if node_id in by_node else node
        for node_id, node in graph.items()
    }


def nodes_called(graph: Graph, name: str) -> list[str]:
    """The ids of the nodes of that title; else of that class; else of the one of that id."""
    titled = [node_id for node_id, node in graph.items() if title_of(node) == name]
    of_class = [node_id for node_id, node in graph.items() if node["class_type"] == name]
    return titled or of_class or [name] * (name in graph)


def describe(graph: Graph, node_id: str) -> str:
    """A node as one would point at it: `3 (KSampler, 'Sampler')`."""
    title = title_of(graph[node_id])
    return f"{node_id} ({graph[node_id]['class_type']}" + (f", {title!r})" if title else ")")


def describe_names(graph: Graph) -> str:
    """All titles and classes of a graph, as the end of a sentence."""
    titles = sorted({title for node in graph.values() if (title := title_of(node))})
    classes = sorted({node["class_type"] for node in graph.values()})
    return f"titles are {', '.join(titles) or 'none'}; classes are {', '.join(classes)}"
