"""What a record says of the nodes of a graph that a run visited, and by which ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from otel_tracking.record import SpanRecord

NODE_FACT = "node"
"""Name of the fact that makes a span the visit of a node."""


class Came(NamedTuple):
    """Where a visit came from: an earlier visit, by its span."""

    span_id: str
    node_id: str
    visit: int


class NodeVisit(NamedTuple):
    """One visit of a node: which node, of what type, the how-manieth time, and the visits that led to it."""

    node_id: str
    node_type: str
    visit: int
    after: tuple[Came, ...]

    @property
    def is_again(self) -> bool:
        """Whether the node was visited before in this run."""
        return self.visit > 1


def visit_of(span: SpanRecord) -> NodeVisit | None:
    """The visit that a span of a record is; None where it is something else.

    >>> from otel_tracking.record import read_timestamp
    >>> said = {"node_id": "evaluation-1", "node_type": "evaluation", "visit": 2, "after": []}
    >>> visit_of(SpanRecord(span_id="1", parent_span_id=None, name="node evaluation", kind="internal",
    ...     timestamp=read_timestamp(0), facts={"node": said}))
    NodeVisit(node_id='evaluation-1', node_type='evaluation', visit=2, after=())
    """
    said = span.facts.get(NODE_FACT) if isinstance(span.facts, dict) else None
    if not isinstance(said, dict):
        return None
    node_id, node_type, visit, after = map(said.get, ("node_id", "node_type", "visit", "after"))
    if not isinstance(node_id, str) or not isinstance(node_type, str) or type(visit) is not int:
        return None
    ways = after if isinstance(after, list | tuple) else ()
    return NodeVisit(node_id, node_type, visit, tuple(filter(None, map(_came, ways))))


def _came(said: Any) -> Came | None:
    if not isinstance(said, Mapping):
        return None
    span_id, node_id, visit = map(said.get, Came._fields)
    if isinstance(span_id, str) and isinstance(node_id, str) and type(visit) is int:
        return Came(span_id, node_id, visit)
    return None
