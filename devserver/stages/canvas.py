"""Stage 2 as a canvas: texts travel from node to node, along edges that may lead back."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from devserver.backends.errors import EngineError
from devserver.backends.http import stop_if
from devserver.configs.canvas import (
    COLLECTOR,
    COMPARISON,
    DISPLAY,
    EVALUATION,
    FAIL,
    FOUND,
    GENERATION,
    INPUT,
    INTERCEPTION,
    MOST_VISITS,
    NOTHING_FOUND,
    PASS,
    RESEARCH,
    WAITING,
    CanvasNode,
)
from devserver.configs.model import FallbackConfig
from devserver.errors import PipelineError
from devserver.stages.making import Wish, make
from devserver.stages.task import Task
from devserver.stages.texts import Text
from otel_tracking import ItemType
from otel_tracking.run import Execution
from otel_tracking.scopes import CallingScope, Stage, Visit

MOST_LOOKUPS = 5
"""Terms that one visit of a research looks up."""

_TERM = re.compile(r'<wiki(?: lang="([a-z]{2,3})")?>([^<>]{1,200})</wiki>')
_SCORE = re.compile(r"\d+")


class Arrival(NamedTuple):
    """A text at a node, and the visits that it comes from."""

    text: str
    ways: tuple[Visit, ...]


class SentOn(NamedTuple):
    """What a node made of a text, and which of the conditional edges are open."""

    text: str
    condition: str | None = None


@dataclass(slots=True)
class Canvas:
    """A walk over a canvas: what waits to be visited, what waits for the outputs, what was said last."""

    scope: CallingScope
    task: Task
    prompt: Text
    seed: int
    last: str
    visits: Counter[str] = field(default_factory=Counter)
    hops: int = 0
    waiting: dict[str, list[Arrival]] = field(default_factory=dict)
    generations: dict[str, Arrival] = field(default_factory=dict)
    generated: list[Visit] = field(default_factory=list)

    def text_of(self, output: str) -> str:
        """The text that output `output` is made from: what arrived at its node, else what was said last."""
        arrival = self.generations.get(output)
        return self.last if arrival is None else arrival.text


def walk(stage: Stage, prompt: Text, task: Task, seed: int) -> Canvas:
    """Stage 2 of a canvas, until nothing is on its way any more but to outputs and collectors."""
    canvas = Canvas(stage, task, prompt, seed, last=prompt.content)
    start = next(node for node in task.interception.nodes if node.type == INPUT)
    queue = deque([(start, Arrival(prompt.content, ()))])
    while queue:
        node, arrival = queue.popleft()
        queue.extend(_visit(canvas, node, arrival))
        if not queue:
            queue.extend(_joined(canvas, COMPARISON))
    return canvas


@contextmanager
def generating(stage: Stage, canvas: Canvas | None, output: str) -> Iterator[CallingScope]:
    """The scope that an output is made in: the visit of its node, or without a canvas the stage itself."""
    if canvas is None or output not in canvas.generations:
        yield stage
        return
    with stage.node(output, GENERATION, after=canvas.generations[output].ways) as visit:
        canvas.generated.append(visit)
        yield visit


def collect(run: Execution, canvas: Canvas) -> None:
    """Visit the collectors, with what arrived before the outputs and with the outputs."""
    for node, arrival in _joined(canvas, COLLECTOR):
        edges = [edge.source for edge in canvas.task.interception.edges if edge.target == node.id]
        made = [visit for visit in canvas.generated if visit.node_id in edges]
        with run.node(node.id, node.type, after=[*arrival.ways, *made]):
            pass


def _visit(canvas: Canvas, node: CanvasNode, arrival: Arrival) -> Iterator[tuple[CanvasNode, Arrival]]:
    """Visit a node; what it sends on, and where to."""
    stop_if(canvas.task.cancel)
    canvas.visits[node.id] += 1
    if canvas.visits[node.id] > MOST_VISITS:
        raise PipelineError(
            f"node {node.id} was visited {MOST_VISITS} times and would be visited again; "
            "an evaluation in the feedback, or a lower most_visits of one, would end it"
        )
    with canvas.scope.node(node.id, node.type, after=arrival.ways) as visit:
        said = _NODES[node.type](canvas, visit, node, arrival.text)
    canvas.last = said.text
    yield from _onwards(canvas, node, said, visit)


def _onwards(canvas: Canvas, node: CanvasNode, said: SentOn, visit: Visit) -> Iterator[tuple[CanvasNode, Arrival]]:
    known = {each.id: each for each in canvas.task.interception.nodes}
    for edge in canvas.task.interception.edges:
        if edge.source != node.id or edge.when not in (None, said.condition):
            continue
        target, arrival = known[edge.target], Arrival(said.text, (visit,))
        if target.type in WAITING:
            canvas.waiting.setdefault(target.id, []).append(arrival)
        elif target.type == GENERATION:
            canvas.generations[target.id] = arrival
        else:
            yield target, arrival


def _joined(canvas: Canvas, node_type: str) -> list[tuple[CanvasNode, Arrival]]:
    """The nodes that waited, each with everything that arrived there."""
    ready = []
    for node in canvas.task.interception.nodes:
        arrived = canvas.waiting.pop(node.id, []) if node.type == node_type else []
        if arrived or node.type == COLLECTOR == node_type:
            text = "\n\n".join(each.text for each in arrived)
            ready.append((node, Arrival(text, tuple(way for each in arrived for way in each.ways))))
    return ready


def _pass_on(canvas: Canvas, visit: Visit, node: CanvasNode, text: str) -> SentOn:
    return SentOn(text)


def _intercept(canvas: Canvas, visit: Visit, node: CanvasNode, text: str) -> SentOn:
    canvas.hops += 1
    made = _ask(canvas, visit, node, text)
    visit.at(stage_iteration=canvas.hops).item(
        ItemType.INTERCEPTION_ITERATION,
        content=made,
        input_text=text,
        metadata={"node_id": node.id, "visit": visit.visit, "language": canvas.prompt.language},
    )
    return SentOn(made)


def _evaluate(canvas: Canvas, visit: Visit, node: CanvasNode, text: str) -> SentOn:
    score = (
        _words_moved(canvas.prompt.content, text) if node.engine is None else _score(_ask(canvas, visit, node, text))
    )
    is_enough = score >= node.pass_score
    is_last = canvas.visits[node.id] >= node.most_visits
    visit.fact("evaluation", {"score": score, "pass_score": node.pass_score, "passed": is_enough, "is_last": is_last})
    return SentOn(text, PASS if is_enough or is_last else FAIL)


def _research(canvas: Canvas, visit: Visit, node: CanvasNode, text: str) -> SentOn:
    """Look up what the text asks for (`<wiki lang="de">Nok-Kultur</wiki>`), and add what was found to it."""
    asked = list(dict.fromkeys(_TERM.findall(text)))[:MOST_LOOKUPS]
    found = [answer for lang, term in asked if (answer := _look_up(canvas, visit, node, term, lang))]
    goes_back = bool(asked) and canvas.visits[node.id] < node.most_visits
    return SentOn("\n\n".join([_TERM.sub(r"\2", text), *found]), FOUND if goes_back else NOTHING_FOUND)


def _look_up(canvas: Canvas, visit: Visit, node: CanvasNode, term: str, lang: str) -> str | None:
    lang = lang or canvas.prompt.language
    answer, reason = None, None
    try:
        answer = _ask(canvas, visit, node, term, {"lang": lang})
    except EngineError as error:  # what nobody knows is a finding, and the text goes on
        reason = type(error).__name__
    visit.item(
        ItemType.RESEARCH_LOOKUP,
        content=answer,
        input_text=term,
        metadata={"term": term, "lang": lang, "success": answer is not None, "reason": reason},
    )
    return answer


def _ask(canvas: Canvas, visit: Visit, node: CanvasNode, text: str, more: Mapping[str, object] | None = None) -> str:
    """What a node's engine makes of a text; each visit has a seed of its own, or it would say the same again."""
    wanted = canvas.task.interception
    wish = Wish(
        who=f"node {node.id}",
        medium="text",
        text=text,
        seed=canvas.seed + visit.visit - 1,
        configured_seed=canvas.task.seeds.configured(wanted.seed),
        choices=(FallbackConfig(engine=str(node.engine), parameters={**node.parameters, **(more or {})}),),
        retries=wanted.retries,
    )
    return make(visit, wish, canvas.task).made.text


def _words_moved(prompt: str, text: str) -> int:
    """How many of ten words stand elsewhere than in the prompt.

    >>> _words_moved("eine rote Blume", "rote eine Blume")
    7
    """
    before, after = prompt.split(), text.split()
    moved = sum(1 for place, word in enumerate(after) if place >= len(before) or before[place] != word)
    return round(10 * moved / len(after)) if after else 0


def _score(answer: str) -> int:
    found = _SCORE.search(answer)
    return min(int(found[0][:3]), 10) if found else 0


_NODES: Mapping[str, Callable[[Canvas, Visit, CanvasNode, str], SentOn]] = {
    INPUT: _pass_on,
    INTERCEPTION: _intercept,
    EVALUATION: _evaluate,
    RESEARCH: _research,
    COMPARISON: _evaluate,
    DISPLAY: _pass_on,
}
