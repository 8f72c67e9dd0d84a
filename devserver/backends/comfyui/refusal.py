"""Put ComfyUI's refusal of a graph into a sentence: which node, which input, what was wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from devserver.backends.comfyui.graph import Graph, describe
from devserver.backends.comfyui.secrets import clean_text
from devserver.backends.errors import EngineError, ModelNotFound, RequestRejected

LONGEST = 600
_NODE_IN_DETAILS = re.compile(r"Node ID '#(.*)'$", re.DOTALL)
"""All that the answer to an unknown node says of where it is."""
_MODEL_FILE = re.compile(r"\.(safetensors|sft|ckpt|pt|pth|bin|gguf)$")


def refusal_of(body: bytes, graph: Graph, secrets: Collection[str] = ()) -> EngineError:
    """The error for an answer with status 400, which repeats none of the `secrets`.

    `ModelNotFound` where all that is wrong are names of model files, so that another engine may be asked; otherwise
    `RequestRejected`.
    """
    try:
        said = json.loads(body)
    except ValueError:
        said = {}
    if not isinstance(said, dict):
        said = {}
    found = list(_node_errors(said.get("node_errors"), graph))
    return _error(400, _headline(said.get("error"), graph, with_details=not found), found, secrets)


def refusal_of_outputs(node_errors: Any, graph: Graph, secrets: Collection[str] = ()) -> EngineError:
    """The error for an answer with status 200 whose `node_errors` left nothing to save, as if it had been a 400."""
    return _error(200, "the outputs that save something were refused", list(_node_errors(node_errors, graph)), secrets)


def _error(status: int, headline: str, found: Sequence[tuple[str, bool]], secrets: Collection[str]) -> EngineError:
    sentence = "; ".join([headline, *(text for text, _ in found)])
    kind = ModelNotFound if found and all(is_model for _, is_model in found) else RequestRejected
    return kind(f"ComfyUI Error: {status} {clean_text(' '.join(sentence.split()), secrets)[:LONGEST]}")


def _headline(error: Any, graph: Graph, *, with_details: bool) -> str:
    if not isinstance(error, dict):
        return str(error or "the graph was refused")
    message = str(error.get("message") or error.get("type") or "the graph was refused")
    if not with_details or not error.get("details"):
        return message
    details = str(error["details"])
    found = _NODE_IN_DETAILS.match(details)
    return f"{message} (node {describe(graph, found[1])})" if found and found[1] in graph else f"{message} ({details})"


def _node_errors(errors: Any, graph: Graph) -> Iterator[tuple[str, bool]]:
    """A sentence for each error of each node, and whether it is about a model file that is not there."""
    for node_id, about in errors.items() if isinstance(errors, Mapping) else ():
        who = describe(graph, node_id) if node_id in graph else f"{node_id} ({about.get('class_type')})"
        for error in about.get("errors") or ():
            value = str((error.get("extra_info") or {}).get("received_value"))
            is_model = error.get("type") == "value_not_in_list" and bool(_MODEL_FILE.search(value))
            yield f"node {who}: {error.get('message')}: {error.get('details')}", is_model
