"""Put ComfyUI's refusal of a graph into a sentence: which node, which input, what was wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from devserver.backends.comfyui.graph import Graph, describe
from devserver.backends.comfyui.secrets import clean_text
from devserver.backends.errors import EngineError, ModelNotFound, RequestRejected

LONGEST = 600
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
    sentence = "; ".join([_headline(said.get("error"), with_details=not found), *(text for text, _ in found)])
    kind = ModelNotFound if found and all(is_model for _, is_model in found) else RequestRejected
    return kind(f"ComfyUI Error: 400 {clean_text(' '.join(sentence.split()), secrets)[:LONGEST]}")


def _headline(error: Any, *, with_details: bool) -> str:
    if not isinstance(error, dict):
        return str(error or "the graph was refused")
    message = str(error.get("message") or error.get("type") or "the graph was refused")
    return f"{message} ({error['details']})" if with_details and error.get("details") else message


def _node_errors(errors: Any, graph: Graph) -> Iterator[tuple[str, bool]]:
    """A sentence for each error of each node, and whether it is about a model file that is not there."""
    for node_id, about in errors.items() if isinstance(errors, Mapping) else ():
        who = describe(graph, node_id) if node_id in graph else f"{node_id} ({about.get('class_type')})"
        for error in about.get("errors") or ():
            value = str((error.get("extra_info") or {}).get("received_value"))
            is_model = error.get("type") == "value_not_in_list" and bool(_MODEL_FILE.search(value))
            yield f"node {who}: {error.get('message')}: {error.get('details')}", is_model
