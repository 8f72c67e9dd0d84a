"""Say which results a finished graph has: files it saved, pictures it sent over the socket; or why it has none. Pure.

A graph may end well and still not have made what was asked for: outputs that were refused although the server took the
graph, and pictures that went over a socket that nobody could hear.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from devserver.backends.comfyui.graph import Graph, describe, title_of
from devserver.backends.comfyui.outputs import Saved, saved_files
from devserver.backends.comfyui.progress import Progress
from devserver.backends.comfyui.refusal import refusal_of_outputs
from devserver.backends.errors import AnswerBrokeOff, AnswerNotUnderstood, OutputGone

SOCKET_CLASS = "SaveImageWebsocket"
"""The class of the nodes that send their pictures over the socket and keep none."""


def socket_nodes(graph: Graph) -> frozenset[str]:
    """The nodes whose pictures come over the socket."""
    return frozenset(node_id for node_id, node in graph.items() if node["class_type"] == SOCKET_CLASS)


def results_of(
    graph: Graph,
    outputs: Mapping[str, Any],
    progress: Progress,
    node_errors: Mapping[str, Any],
    secrets: Collection[str] = (),
) -> list[Saved]:
    """Everything that a graph saved or sent, in the order of its nodes; at least one.

    Raises what the refusal of an output means where nothing else was saved (a preview is not what was asked for),
    `AnswerBrokeOff` where pictures were sent that did not arrive, `AnswerNotUnderstood` where nothing is there.
    """
    sent = [Saved(node_id, title_of(graph[node_id]), content) for node_id, content in progress.pictures]
    found = [*sent, *saved_files(outputs, graph, progress.cached)]
    kept = [saved for saved in found if not saved.is_preview]
    if node_errors and not kept:
        raise refusal_of_outputs(node_errors, graph, secrets)
    _require_pictures(graph, progress, node_errors)
    if not found:
        raise AnswerNotUnderstood("ComfyUI ended the graph, and it saved nothing")
    order = {node_id: number for number, node_id in enumerate(graph)}
    return sorted(kept or found, key=lambda saved: order.get(saved.node_id, len(order)))


def gone(saved: Saved, graph: Graph) -> OutputGone:
    """The error for a file that the server named and does not have."""
    who = describe(graph, saved.node_id) if saved.node_id in graph else saved.node_id
    told = f"ComfyUI Error: 404 {saved.name}, which node {who} made"
    if not saved.is_cached:
        return OutputGone(f"{told}, is gone")
    # The server answers the same graph with the same name, as long as its cache has it.
    return OutputGone(f"{told} in an earlier run, is gone; another seed would make a new one")


def _require_pictures(graph: Graph, progress: Progress, node_errors: Mapping[str, Any]) -> None:
    refused = {str(node_id) for about in node_errors.values() for node_id in about.get("dependent_outputs") or ()}
    arrived = {node_id for node_id, _ in progress.pictures}
    missing = [node_id for node_id in graph if node_id in progress.sends_pictures - refused - arrived]
    if missing and progress.followed_by != "websocket":
        raise AnswerBrokeOff(
            f"ComfyUI sent the pictures of node {describe(graph, missing[0])} over its WebSocket, which could not be "
            "heard to the end; SaveImage would keep them"
        )
