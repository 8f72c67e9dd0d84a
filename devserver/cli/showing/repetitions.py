"""Show a replay: what would be sent, and what came of each attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from devserver.cli.showing.differences import difference_name, value_text
from devserver.cli.showing.drawing import in_grid
from devserver.cli.showing.text import count, safe_line
from devserver.replay import Repeated, Replay, Step, StepOutcome
from devserver.replay.model import EngineCall, HttpRequest
from devserver.replay.report import is_version
from exporters.story.readable import seconds, size

_STYLES = {
    StepOutcome.IDENTICAL: "green",
    StepOutcome.NOT_COMPUTED: "yellow",
    StepOutcome.DIFFERENT: "yellow",
    StepOutcome.FAILED: "red",
    StepOutcome.NOT_SENT: "magenta",
    StepOutcome.NOTHING: "dim",
}
StepLine = tuple[str, str, str, Text]
"""Label, place, name, and what is said."""


def draw_plan(screen: Console, steps: Sequence[Step]) -> None:
    """What would be sent: addresses and sizes; no prompts and no secrets."""
    lines: list[StepLine] = []
    for step in steps:
        lines.append((*_head(step), _planned(step)))
        lines += [("", "", "", Text(f"note: {safe_line(note)}", style="dim")) for note in step.notes]
    _draw(screen, lines)
    ready = sum(step.todo is not None for step in steps)
    screen.print()
    screen.print(Text(f"{count(ready, 'attempt')} of {len(steps)} would be sent again"))


def draw_replay(screen: Console, done: Replay) -> None:
    """What came of each attempt, its differences below it, and the sum."""
    lines: list[StepLine] = []
    for repeated in done.steps:
        notes = (*repeated.notes, *repeated.step.notes)
        lines.append((*_head(repeated.step), _outcome(repeated)))
        lines += [("", "", "", Text(safe_line(note), style="dim")) for note in notes]
        lines += _differences(repeated)
    _draw(screen, lines)
    screen.print()
    screen.print(Text(summary(done), style="bold green" if done.is_identical else "bold yellow"))
    if done.execution_id is not None:
        screen.print(Text(f"{done.execution_id} repeats {safe_line(done.repeats)}", style="dim"))


def summary(done: Replay) -> str:
    """The replay in one sentence."""
    counts = Counter(repeated.outcome for repeated in done.steps)
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in StepOutcome if counts[outcome])
    if not done.steps:
        return "nothing to repeat: the run called no backend"
    if done.is_identical:
        return f"identical: the same came out once more ({told})"
    return told


def _draw(screen: Console, lines: list[StepLine]) -> None:
    """Columns on a terminal, one line each elsewhere."""
    widths = [max((len(line[column]) for line in lines), default=0) for column in range(3)]
    if not screen.is_terminal:
        for *texts, told in lines:
            columns = "  ".join(f"{text:<{width}}" for text, width in zip(texts, widths, strict=True))
            screen.print(Text(f"   {columns}  {safe_line(told.plain)}"))
        return
    labels = [{"width": width, "no_wrap": True, "style": "cyan"} for width in widths[:2]]
    names = {"width": min(widths[2], screen.width // 3), "no_wrap": True, "overflow": "ellipsis"}
    screen.print(in_grid(lines, *labels, names))


def _head(step: Step) -> tuple[str, str, str]:
    call = step.call
    place = f"hop {call.stage_iteration}" if call.stage_iteration is not None else ""
    if call.loop_iteration is not None:
        place = f"out {call.loop_iteration}"
    return step.label, place, safe_line(step.span.name)


def _planned(step: Step) -> Text:
    if step.obstacle is not None:
        return Text(f"not sent: {safe_line(step.obstacle)}", style="magenta")
    if isinstance(step.todo, EngineCall):
        return Text(f"{safe_line(step.todo.backend)}, on this machine", style="green")
    if isinstance(step.todo, HttpRequest):
        return _request(step.todo)
    return Text("nothing to send", style="dim")


def _request(todo: HttpRequest) -> Text:
    line = Text(f"{safe_line(todo.method)} {safe_line(todo.shown_url)}", style="green")
    told = f"{size(len(todo.body))}, {'the recorded bytes' if todo.is_exact else 'not the recorded bytes'}"
    line.append(f"  {told}" if todo.body else "", style="not green dim")
    return line


def _outcome(repeated: Repeated) -> Text:
    line = Text(str(repeated.outcome), style=_STYLES[repeated.outcome])
    if repeated.step.obstacle is not None:
        line.append(f": {safe_line(repeated.step.obstacle)}", style="default")
    for times in repeated.comparison.times if repeated.comparison else ():
        line.append(f"  {seconds(times.left) or '?'}, now {seconds(times.right) or '?'}", style="dim")
    return line


def _differences(repeated: Repeated) -> list[StepLine]:
    shown = repeated.comparison.differences if repeated.comparison else ()
    new = [
        (f"{'version: ' if is_version(each) else ''}{difference_name(each)}", each) for each in shown if not each.again
    ]
    return [("", "", name, value_text(each)) for name, each in new]
