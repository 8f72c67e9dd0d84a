"""What came of a run: the one place where its status is decided.

The tracker feeds an `Outcome` while a run goes on (for `pipeline_complete`), the builder feeds one from finished
spans (for the record): both follow the same rules because they are these.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from otel_tracking.attributes import safe_text
from otel_tracking.taxonomy import BLOCKED_TYPES, OUTPUT_TYPES, ItemType

_FINALS = frozenset({ItemType.INTERCEPTION_FINAL})
TELLING_TYPES = OUTPUT_TYPES | BLOCKED_TYPES | _FINALS | {ItemType.OUTPUT_FAILED}
"""The item types that say something about what came of a run."""


class Status(StrEnum):
    """How a run ended; the table is in `docs/semantic-conventions.md`."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    BLOCKED = "blocked"
    ERROR = "error"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


RUNNING = "running"
"""What stands in place of a status in a record of what there is so far: its run is not over."""


class Outcome:
    """What has come of a run so far, fed with its items and the ends of its scopes in any order."""

    def __init__(self) -> None:
        self._made: set[int | None] = set()
        self._failed: set[int | None] = set()
        self._blocked: set[int | None] = set()
        self._outputs: set[int | None] = set()
        self._completed: set[tuple[int, int | None]] = set()
        self._blocked_stages: set[tuple[int, int | None]] = set()
        self._has_final_text = False
        self._stage_failed = False

    def item(self, item_type: str, stage: int | None, loop_iteration: int | None) -> None:
        """An item was logged."""
        if item_type not in TELLING_TYPES:
            return
        loop_iteration = _key(loop_iteration)
        if item_type in BLOCKED_TYPES:
            self._block(item_type, stage, loop_iteration)
        elif item_type in _FINALS:
            self._has_final_text = True
        else:
            self._outputs.add(loop_iteration)
            (self._made if item_type in OUTPUT_TYPES else self._failed).add(loop_iteration)

    def stage_ended(self, stage: int, loop_iteration: int | None, failed: bool = False) -> None:
        """A stage's scope was closed, `failed` by an exception."""
        stage, loop_iteration = _key(stage), _key(loop_iteration)
        self._stage_failed |= failed
        if stage in (3, 4) and loop_iteration is not None:
            self._outputs.add(loop_iteration)
        if not failed:
            self._completed.add((stage, loop_iteration))

    def output_ended(self, loop_iteration: int | None, failed: bool = False) -> None:
        """An output's scope was closed, `failed` by an exception."""
        loop_iteration = _key(loop_iteration)
        self._outputs.add(loop_iteration)
        if failed:
            self._failed.add(loop_iteration)

    @property
    def outputs_generated(self) -> int:
        """How many outputs were really made and not blocked afterwards."""
        return len(self._made - self._blocked)

    @property
    def stages_completed(self) -> tuple[int, ...]:
        """The stages that ended at least once without an exception and without a block."""
        return tuple(sorted({stage for stage, _ in self._completed - self._blocked_stages if type(stage) is int}))

    @property
    def blocked_at_start(self) -> bool:
        """Whether stage 1 blocked the run."""
        return (1, None) in self._blocked_stages

    def status(self, *, ended: bool, failed: bool = False, cancelled: bool = False) -> Status:
        """The run's status; `failed` and `cancelled` say how its root ended, `ended` whether it did."""
        if not ended:
            return Status.INTERRUPTED
        if cancelled:
            return Status.CANCELLED
        if failed:
            return Status.ERROR
        if self.blocked_at_start:
            return Status.BLOCKED
        if self._outputs:
            return self._status_of_outputs()
        return Status.ERROR if self._stage_failed and not self._has_final_text else Status.COMPLETED

    def _status_of_outputs(self) -> Status:
        made = self._made - self._blocked
        # An output that was begun and neither made nor blocked has failed, whether or not anybody said so.
        failed = self._failed | (self._outputs - self._made - self._blocked)
        if made:
            return Status.PARTIAL if failed or self._blocked else Status.COMPLETED
        return Status.ERROR if failed else Status.BLOCKED

    def _block(self, item_type: str, stage: int | None, loop_iteration: int | None) -> None:
        if item_type == ItemType.STAGE1_BLOCKED:
            self._blocked_stages.add((1, None))
            return
        self._outputs.add(loop_iteration)
        self._blocked.add(loop_iteration)
        self._blocked_stages.add((_key(stage or 3), loop_iteration))


def outcome_of_items(places: Iterable[tuple[str, int | None, int | None]]) -> dict[str, Any]:
    """What came of a run that does not say so (era A), as far as its items show: their types, stages and outputs.

    What they claim stays in the items.
    """
    outcome, types = Outcome(), set()
    for item_type, stage, loop_iteration in places:
        types.add(item_type)
        outcome.item(item_type, stage, loop_iteration)
        if stage in (1, 2, 3, 4):
            outcome.stage_ended(stage, loop_iteration)
    ended = not types.isdisjoint({ItemType.PIPELINE_COMPLETE, ItemType.PIPELINE_ERROR, ItemType.STAGE1_BLOCKED})
    return {
        "status": outcome.status(ended=ended, failed=ItemType.PIPELINE_ERROR in types),
        "outputs_generated": outcome.outputs_generated,
        "stages_completed": outcome.stages_completed,
    }


_LARGEST = 2**31


def _key(number: Any) -> Any:
    """A stage or counter as something that can be in a set: records from elsewhere may hold anything."""
    if number is None or (type(number) is int and -_LARGEST < number < _LARGEST) or isinstance(number, str):
        return number
    # Text has a hash that nobody can choose; large numbers have one that anybody can.
    return number if isinstance(number, int) and abs(number) < _LARGEST else safe_text(number)
