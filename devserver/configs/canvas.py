"""What a configuration says of a canvas: nodes, and the edges that texts travel on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

INPUT, INTERCEPTION, EVALUATION, RESEARCH = "input", "interception", "evaluation", "research"
COMPARISON, GENERATION, COLLECTOR, DISPLAY = "comparison_evaluator", "generation", "collector", "display"
NODE_TYPES = (INPUT, INTERCEPTION, EVALUATION, RESEARCH, COMPARISON, GENERATION, COLLECTOR, DISPLAY)
"""What a node can do; `devserver/stages/canvas.py` has a function for each."""

WAITING = (COMPARISON, COLLECTOR)
"""Types that are visited once all that is on its way has arrived, with all of it."""

PASS, FAIL, FOUND, NOTHING_FOUND = "pass", "fail", "found", "nothing_found"
CONDITIONS = (PASS, FAIL, FOUND, NOTHING_FOUND)
"""When an edge is taken: an evaluation says `pass` or `fail`, a research `found` or `nothing_found`."""

MOST_VISITS = 50
"""Visits of one node in a run: a feedback that never ends ends there."""

_ASK = (INTERCEPTION, RESEARCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanvasNode:
    """One node. An interception or research asks `engine`; so does an evaluation, whose answer begins with a score.

    Without an engine an evaluation measures how many of ten words stand elsewhere than in the prompt. From `pass_score`
    on it says `pass`. After `most_visits` a node that says `fail` or `found` goes on as if it said the other.
    """

    id: str
    type: str
    engine: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    pass_score: int = 5
    most_visits: int = MOST_VISITS


@dataclass(frozen=True, slots=True, kw_only=True)
class CanvasEdge:
    """A way from one node to another, taken always or only `when` the first says so."""

    source: str
    target: str
    when: str | None = None


def trouble_with(nodes: Iterable[CanvasNode], edges: Iterable[CanvasEdge], outputs: Iterable[str]) -> str | None:
    """What is wrong with a canvas, and what would work; None where it can be walked."""
    known = {node.id: node for node in nodes}
    if twice := [node_id for node_id, count in Counter(node.id for node in nodes).items() if count > 1]:
        return f"two nodes are called {twice[0]!r}; each needs a name of its own"
    if [node.type for node in known.values()].count(INPUT) != 1:
        return f'a canvas needs one node of type "{INPUT}"'
    for edge in edges:
        for end in (edge.source, edge.target):
            if end not in known:
                return f"an edge names {end!r}, which is no node; there are {', '.join(known)}"
    for node in known.values():
        if node.type in _ASK and node.engine is None:
            return f"node {node.id!r} of type {node.type!r} needs an engine"
        if node.type == GENERATION and node.id not in outputs:
            return f"node {node.id!r} of type {GENERATION!r} needs an output of that name"
    return None
