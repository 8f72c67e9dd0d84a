"""What looking for secrets costs the pipeline's thread: the same calls with and without it, in turns.

"Without" is the same code with a search that finds nothing, which is what an item cost before. Below that stand the
ways that were compared before one was chosen (`docs/decisions/redaction.md`), on the frozen bytes alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks import workloads
from benchmarks.contenders import ForgetfulSink, flush
from benchmarks.figures import Figure, interleaved
from benchmarks.workloads import CONFIGURED, GRAPH, IMAGE_PARAMETERS, PASSED, TEXT
from collectors import Recording, start_recording
from otel_tracking import ItemType
from otel_tracking.frame import freeze, thaw
from otel_tracking.scope import Scope
from otel_tracking.secrets.frozen import Redactor
from otel_tracking.secrets.redaction import DEFAULT_POLICY, Redaction
from otel_tracking.secrets.rules import rules_of
from otel_tracking.secrets.values import clean_values

CASES: dict[str, tuple[dict[str, Any], int]] = {
    "typical item, 14 parameters": (IMAGE_PARAMETERS, 200),
    "item with a 40 KB graph": ({"workflow": GRAPH}, 10),
    "item that says 'secret' in its prose": ({**IMAGE_PARAMETERS, "scene": "a secret garden, with cookies"}, 200),
    "item with a URL": ({**IMAGE_PARAMETERS, "source": "https://example.org/a/picture.png"}, 200),
    "item with a secret": ({**IMAGE_PARAMETERS, "api_key": "0123456789abcdef"}, 50),
}


class LooksAtNothing(Redactor):
    """A redactor as if there were none."""

    def __init__(self) -> None:
        super().__init__()
        self.search = ().__contains__  # no call is cheaper and says no


class Stage:
    """An open stage 4 of a run that is exchanged between rounds, so that no run grows without end."""

    def __init__(self, recording: Recording, redactor: Redactor) -> None:
        self._recording, self._tracker = recording, recording.tracker()
        self._tracker.redactor = redactor
        self._begin()

    def log(self, parameters: dict[str, Any], count: int) -> None:
        """Log `count` items."""
        for _ in range(count):
            self._stage.item(ItemType.OUTPUT_IMAGE, content=TEXT, metadata=parameters)

    def facts(self, count: int) -> None:
        """Log `count` times what a call was configured with and passed."""
        for _ in range(count):
            self._stage.fact("configured", CONFIGURED)
            self._stage.fact("passed", PASSED)

    def exchange(self) -> None:
        """End the run and begin another."""
        self._run.end()
        flush(self._recording)
        self._begin()

    def _begin(self) -> None:
        self._run = self._tracker.execution("bench")
        self._stage: Scope = self._run.output(1).stage(4)


def items(rounds: int) -> None:
    """One item or two facts inside an open stage, with and without."""
    with start_recording([ForgetfulSink()]) as recording:
        without, looking = Stage(recording, LooksAtNothing()), Stage(recording, Redactor())
        for name, (parameters, count) in CASES.items():
            show(name, count, rounds, *(partial(stage.log, parameters, count) for stage in (without, looking)))
            without.exchange(), looking.exchange()
        show("configured and passed of a call", 100, rounds, partial(without.facts, 100), partial(looking.facts, 100))


def whole_runs(rounds: int) -> None:
    """Workloads A and B, with and without."""
    with start_recording([ForgetfulSink()]) as recording:
        without, looking = recording.tracker(), recording.tracker()
        without.redactor = LooksAtNothing()
        for name, calls in (("whole run A", False), ("whole run B", True)):
            runs = [partial(workloads.ours, tracker, calls=calls) for tracker in (without, looking)]
            show(name, 1, rounds, *runs, between=partial(flush, recording))


def ways(rounds: int) -> None:
    """Ways to find out that a payload holds no secret."""
    search = rules_of(DEFAULT_POLICY).search
    literals = b"|".join(re.escape(literal.encode("utf-8")) for literal in search.literals)
    expression = re.compile(literals)

    def each_in_turn(payload: bytes) -> bool:
        return any(literal in payload for literal in literals.split(b"|"))

    looks: dict[str, Callable[[bytes], object]] = {
        "one search": search.at_once,
        "the other search as well": lambda payload: search.at_once(payload) or search.late(payload),
        "one expression": expression.search,
        "`in`, a literal at a time": each_in_turn,
        "a walk over the values": lambda payload: clean_values(thaw(payload), Redaction(), None),
    }
    for name, parameters in (("typical item", IMAGE_PARAMETERS), ("40 KB graph", {"workflow": GRAPH})):
        payload = freeze(("I", 1, 1, 1, "output_image", "image", 4, None, 1, TEXT, *[None] * 8, parameters))
        pairs = [(partial(_repeat, look, payload), _nothing) for look in looks.values()]
        print(f"{name}, {len(payload)} bytes")
        for way, cost in zip(looks, interleaved(pairs, rounds), strict=True):
            print(f"  {way:28} {cost.median / 20:9.2f} µs")


def _repeat(look: Callable[[bytes], object], payload: bytes) -> None:
    for _ in range(20):
        look(payload)


def _nothing() -> None:
    """Between two rounds."""


def show(
    title: str,
    count: int,
    rounds: int,
    without: Callable[[], object],
    looking: Callable[[], object],
    between: Callable[[], object] = _nothing,
) -> None:
    """Both costs, and the ratio."""
    first, second = (
        Figure(*(part / count for part in cost))
        for cost in interleaved([(without, between), (looking, between)], rounds)
    )
    print(f"{title}\n  without {first}\n  looking {second}   {second.median / first.median:5.2f} × without")


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    items(rounds)
    whole_runs(rounds)
    ways(max(10, rounds // 5))
