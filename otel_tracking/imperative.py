"""The imperative style of the original tracker: call by call, without scopes of one's own.

A tracker keeps one execution per context (thread or task), so that concurrent users of one tracker do not meet.
Scopes open and close by themselves as the stage, hop or output changes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from otel_tracking.scope import Scope
from otel_tracking.scopes import Output, Stage
from otel_tracking.taxonomy import OUTPUT_TYPES, ItemType
from otel_tracking.values.plain import plain_number

if TYPE_CHECKING:
    from otel_tracking.errors import Troubles
    from otel_tracking.run import Execution


class _Journey:
    """An execution and the scopes that are open in it."""

    def __init__(self, run: Execution) -> None:
        self.run = run
        self.output: Output | None = None
        self.stage: Stage | None = None

    def scope(self, stage: Any, loop_iteration: Any) -> Scope:
        """The open scope of that place; scopes that lie elsewhere are closed first."""
        if stage not in (1, 2, 3, 4):
            return self.run
        if self.output and (loop_iteration != self.output.place.loop_iteration or stage < 3):
            self.close()
        if self.stage and self.stage.place.stage != stage:
            self._close_stage()
        if self.output is None and loop_iteration is not None and stage >= 3:
            self._close_stage()
            self.output = self.run.output(loop_iteration)
        if self.stage is None:
            self.stage = (self.output or self.run).stage(stage)
        return self.stage

    def close(self) -> None:
        """Close what is open below the run."""
        self._close_stage()
        if self.output:
            self.output.end()
        self.output = None

    def _close_stage(self) -> None:
        if self.stage:
            self.stage.end()
        self.stage = None


class ImperativeMethods:
    """`start_execution`, `log_…`, `finalize_execution` on the same tracker that opens scopes."""

    troubles: Troubles
    execution: Callable[..., Execution]

    def __init__(self) -> None:
        self._journey: ContextVar[_Journey | None] = ContextVar("otel_tracking_journey", default=None)

    def start_execution(self, config_name: str, **fields: Any) -> str:
        """Start an execution in this context (fields as for `execution`) and give its execution id.

        >>> from otel_tracking import ExecutionTracker
        >>> tracker = ExecutionTracker()
        >>> tracker.start_execution("dada", safety_level="kids").startswith("exec_")
        True
        >>> tracker.log_stage1_input("Eine Blume auf der Wiese")
        >>> tracker.finalize_execution()
        """
        if self._journey.get() is not None:
            self.finalize_execution(cancelled="another execution was started in its place")
        journey = _Journey(self.execution(config_name, **fields))
        self._journey.set(journey)
        return journey.run.execution_id

    def finalize_execution(self, error: BaseException | None = None, *, cancelled: str | None = None) -> None:
        """End the execution of this context; `error` if one ended it, `cancelled` if somebody did."""
        journey = self._journey.get()
        if journey is None:
            return self.troubles.report("finalize", "finalize_execution without start_execution")
        self._journey.set(None)
        journey.close()
        if cancelled:
            journey.run.cancel(cancelled)
        journey.run.end(error)

    def log_item(
        self,
        item_type: ItemType | str,
        *,
        stage: int | None = None,
        stage_iteration: int | None = None,
        loop_iteration: int | None = None,
        **details: Any,
    ) -> None:
        """Log one item at a place of the pipeline; `details` as for a scope's `item`."""
        journey = self._journey.get()
        if journey is None:
            return self.troubles.report("log_item", "an item was logged without start_execution in this context")
        stage, loop_iteration = plain_number(stage), plain_number(loop_iteration)
        scope = journey.scope(stage, loop_iteration)
        if stage_iteration is not None and isinstance(scope, Stage):
            with scope.iteration(stage_iteration) as iteration:
                iteration.item(item_type, **details)
        else:
            scope.at(stage, plain_number(stage_iteration), loop_iteration).item(item_type, **details)

    def log_stage1_input(self, content: Any, **details: Any) -> None:
        """Log what the person typed."""
        self.log_item(ItemType.USER_INPUT_TEXT, stage=1, content=content, **details)

    def log_stage1_translation(self, content: Any, *, from_lang: str, to_lang: str, **details: Any) -> None:
        """Log the translated input."""
        languages = {"from_lang": from_lang, "to_lang": to_lang}
        self.log_item(ItemType.TRANSLATION_RESULT, stage=1, content=content, **_with(details, languages))

    def log_stage1_safety_check(self, *, safe: bool, **details: Any) -> None:
        """Log the verdict on the input."""
        self.log_item(ItemType.STAGE1_SAFETY_CHECK, stage=1, **_with(details, {"safe": safe}))

    def log_stage1_blocked(self, **details: Any) -> None:
        """Log that the input was blocked: the run's outcome, not an error."""
        self.log_item(ItemType.STAGE1_BLOCKED, stage=1, **details)

    def log_stage2_iteration(self, iteration: int, content: Any, *, input_text: Any = None, **details: Any) -> None:
        """Log what hop `iteration` (1 up) made of `input_text`."""
        self.log_item(
            ItemType.INTERCEPTION_ITERATION,
            stage=2,
            stage_iteration=iteration,
            content=content,
            input_text=input_text,
            **details,
        )

    def log_stage2_final(self, content: Any, **details: Any) -> None:
        """Log the text that interception ended with."""
        self.log_item(ItemType.INTERCEPTION_FINAL, stage=2, content=content, **details)

    def log_stage3_safety_check(self, loop_iteration: int, *, safe: bool, **details: Any) -> None:
        """Log the verdict before output `loop_iteration` (1 up)."""
        details = _with(details, {"safe": safe})
        self.log_item(ItemType.STAGE3_SAFETY_CHECK, stage=3, loop_iteration=loop_iteration, **details)

    def log_stage3_blocked(self, loop_iteration: int, **details: Any) -> None:
        """Log that output `loop_iteration` was blocked before it was made."""
        self.log_item(ItemType.STAGE3_BLOCKED, stage=3, loop_iteration=loop_iteration, **details)

    def log_stage4_output(self, loop_iteration: int, item_type: ItemType | str, **details: Any) -> None:
        """Log output `loop_iteration`; `item_type` says what it is."""
        if item_type not in OUTPUT_TYPES:
            self.troubles.report("log_stage4_output", "an item type that is not an output was logged as one")
        self.log_item(item_type, stage=4, loop_iteration=loop_iteration, **details)


def _with(details: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    metadata = details.get("metadata")
    if metadata is None:
        return {**details, "metadata": more}
    return {**details, "metadata": {**(metadata if isinstance(metadata, dict) else {"metadata": metadata}), **more}}
