"""What a comparison of two records says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from devserver.diff.media import MediaChange
from devserver.diff.values import path_text
from exporters.story.changed_words import TextChange
from otel_tracking import ExecutionItem, SpanRecord
from otel_tracking.record import Media

CHANGED, ADDED, REMOVED = "changed", "added", "removed"
EXECUTION, ATTEMPT = "execution", "attempt"


class Where(NamedTuple):
    """Where in a run something is: its place in the pipeline, and which item type or attempt it is there.

    `part` is `execution`, `attempt` or an item type; `occurrence` counts equal parts at one place, from 1; `name` is
    what an attempt is called (`chat mistral-nemo`).
    """

    part: str = EXECUTION
    stage: int | None = None
    stage_iteration: int | None = None
    loop_iteration: int | None = None
    occurrence: int = 1
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value that is not the same on both sides.

    `path` leads to it inside its item or attempt, (`passed`, `options`, `seed`); it is empty where the whole item or
    attempt is on one side only. `added` means on the right side only. `text` and `media` say more of two texts or two
    files. `again` says that the same two values stand in an earlier difference: a text that one hop made is
    what the next was given.
    """

    where: Where
    path: tuple[str, ...]
    kind: str
    left: Any = None
    right: Any = None
    text: TextChange | None = None
    media: MediaChange | None = None
    again: bool = False

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, the path as text too; items, attempts and media as dicts."""
        return {
            "where": self.where._asdict(),
            "path": list(self.path),
            "path_text": path_text(self.path),
            "kind": self.kind,
            "left": _plain(self.left),
            "right": _plain(self.right),
            "text": self.text and self.text.to_dict(),
            "media": self.media and asdict(self.media),
            "again": self.again,
        }


class Times(NamedTuple):
    """How long something took on either side, in seconds; None where that is not known."""

    where: Where
    left: float | None
    right: float | None

    def to_dict(self) -> dict[str, Any]:
        """All fields by name."""
        return {**self._asdict(), "where": self.where._asdict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is different between two runs. `items` and `attempts` say how many were there on both sides.

    `times` are those of the whole runs first, then of each pair of attempts; they never make two runs different.
    """

    left: str
    right: str
    differences: tuple[Difference, ...] = ()
    times: tuple[Times, ...] = ()
    items: int = 0
    attempts: int = 0

    @property
    def is_same(self) -> bool:
        """Whether nothing but times and ids differs."""
        return not self.differences

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, with `same`."""
        return {
            "left": self.left,
            "right": self.right,
            "same": self.is_same,
            "items": self.items,
            "attempts": self.attempts,
            "differences": [difference.to_dict() for difference in self.differences],
            "times": [times.to_dict() for times in self.times],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, ExecutionItem | SpanRecord):
        return value.to_dict()
    if isinstance(value, Media):
        return {"sha256": value.sha256, "bytes": value.bytes, "type": value.type}
    return value
