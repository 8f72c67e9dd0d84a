"""The names of attributes and span events, written once. `docs/semantic-conventions.md` explains each.

An attribute is `devserver.` + the record's field name. The GenAI names follow the OpenTelemetry GenAI semantic
conventions (status: development, as of semantic conventions 1.40); the OpenInference names are those that
viewers read.
"""

from __future__ import annotations

import math
import reprlib
from typing import Any

PREFIX = "devserver."

PAYLOAD = PREFIX + "payload"
PAYLOAD_SHA256 = PREFIX + "payload.sha256"
PAYLOAD_BYTES = PREFIX + "payload.bytes"
PAYLOAD_SUMMARY = PREFIX + "payload.summary"
WITHHELD = PREFIX + "withheld"
OTLP_CONTENT = PREFIX + "otlp_content"
FACT = PREFIX + "fact"

EXECUTION_ID = PREFIX + "execution_id"
CONFIG_NAME = PREFIX + "config_name"
STAGE = PREFIX + "stage"
STAGE_ITERATION = PREFIX + "stage_iteration"
LOOP_ITERATION = PREFIX + "loop_iteration"
CONFIG_USED = PREFIX + "config_used"
MODEL_USED = PREFIX + "model_used"
BACKEND_USED = PREFIX + "backend_used"
NODE_ID = PREFIX + "node_id"
NODE_TYPE = PREFIX + "node_type"
NODE_VISIT = PREFIX + "node_visit"
SPAN_COUNT = PREFIX + "span_count"
ITEM_COUNT = PREFIX + "item_count"
CANCELLED = PREFIX + "cancelled"

PROGRESS_UNITS = frozenset({"steps", "nodes", "queue"})
"""What progress can be counted in; it is shown and not recorded."""

ERROR_TYPE = "error.type"

GEN_AI_OPERATION_NAME = "gen_ai.operation.name"
GEN_AI_PROVIDER_NAME = "gen_ai.provider.name"
GEN_AI_REQUEST_MODEL = "gen_ai.request.model"
GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages"
GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages"
GEN_AI_OUTPUT_TYPE = "gen_ai.output.type"
OPENINFERENCE_SPAN_KIND = "openinference.span.kind"
GRAPH_NODE_ID = "graph.node.id"
GRAPH_NODE_NAME = "graph.node.name"
GRAPH_NODE_PARENT_ID = "graph.node.parent_id"
SESSION_ID = "session.id"

EXECUTION_SPAN = "execution"
ITERATION_SPAN = "iteration"
OUTPUT_SPAN = "output"
NODE_SPAN = "node"
LATE_SPAN = "late"

TEXT_LIMIT = 4_096
"""Characters of a text in a flat attribute; the payload holds all of it."""


class FlatAttributes(dict[str, Any]):
    """Attributes that are flat already: whoever keeps them need not look again, nor copy them."""

    __slots__ = ()


def flat(value: Any) -> str | int | float | bool | None:
    """`value` as a flat attribute that every exporter and viewer takes: valid text, 64-bit numbers, nothing nested."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= TEXT_LIMIT and value.isascii() else viewer_text(value)
    if kind is int and -(2**63) <= value < 2**63:
        return value  # type: ignore[no-any-return]
    if kind is bool or value is None or (kind is float and math.isfinite(value)):
        return value  # type: ignore[no-any-return]
    return viewer_text(safe_text(value))


_CONTAINERS = (dict, list, tuple, set, frozenset)

# Not `str`: the text of a list that shares itself sixty times over would not fit into any memory.
_shorten = reprlib.Repr()
_shorten.maxlevel, _shorten.maxstring, _shorten.maxother = 4, 200, 200
_shorten.maxdict = _shorten.maxlist = _shorten.maxtuple = _shorten.maxset = _shorten.maxfrozenset = 12


def viewer_text(text: str) -> str:
    """Valid Unicode of limited length: lone surrogates are escaped, the rest is cut."""
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + "…"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def safe_text(value: object) -> str:
    """`str(value)`, the beginning of it for containers, or the name of its class where it refuses."""
    try:
        return _shorten.repr(value) if isinstance(value, _CONTAINERS) else str.__str__(str(value))
    except Exception:
        return f"<{type(value).__name__}>"


def flat_attributes(values: dict[str, Any]) -> FlatAttributes:
    """`devserver.`-prefixed flat attributes of the values that are not None."""
    return FlatAttributes({PREFIX + name: flat(value) for name, value in values.items() if value is not None})
